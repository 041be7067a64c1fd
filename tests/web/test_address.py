"""Whose request it is: the first hop from the right that is no proxy of ours, and nothing that a sender can invent."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from tracker.errors import ConfigurationError
from tracker.web import TrustedProxies

PROXIES = TrustedProxies(["10.0.0.0/8", "192.168.1.7", "::1", "2001:db8:ff::/48"])
SHOPPER = "203.0.113.9"
PROXY, INNER_PROXY = "10.0.0.1", "192.168.1.7"


def test_without_proxies_the_peer_is_the_sender_whatever_it_says() -> None:
    nobody = TrustedProxies()
    assert nobody.client_address(SHOPPER, ["198.51.100.1"]) == SHOPPER
    assert not nobody.trusts("127.0.0.1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "sender"),
    [
        # The peer is no proxy of ours: what it forwards is its own invention.
        (SHOPPER, ["198.51.100.1"], SHOPPER),
        (SHOPPER, ["127.0.0.1"], SHOPPER),
        ("192.168.1.8", ["198.51.100.1"], "192.168.1.8"),
        # It is: each proxy appends the address that it saw.
        (PROXY, [SHOPPER], SHOPPER),
        (PROXY, [f"{SHOPPER}, {INNER_PROXY}"], SHOPPER),
        (PROXY, [f"198.51.100.1, {SHOPPER}"], SHOPPER),
        (PROXY, [f"10.0.0.9, 198.51.100.1,{SHOPPER} , {INNER_PROXY}"], SHOPPER),
        # Two headers are one list.
        (PROXY, ["198.51.100.1", SHOPPER], SHOPPER),
        (PROXY, [SHOPPER, INNER_PROXY], SHOPPER),
        (PROXY, [f"198.51.100.1, {SHOPPER}", f"{INNER_PROXY}, 10.0.0.2"], SHOPPER),
        # Nothing was forwarded, or only hops of ours: a request of the proxy itself.
        (PROXY, [], PROXY),
        (PROXY, [INNER_PROXY], INNER_PROXY),
        (PROXY, ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        # What is no address ends the search: anybody may have written what stands left of it.
        (PROXY, [""], PROXY),
        (PROXY, ["unknown"], PROXY),
        (PROXY, [f"{SHOPPER}, unknown"], PROXY),
        (PROXY, [f"{SHOPPER},"], PROXY),
        (PROXY, [f"198.51.100.1, unknown, {SHOPPER}"], SHOPPER),
        (PROXY, [f"198.51.100.1, , {INNER_PROXY}"], INNER_PROXY),
        (PROXY, ["<script>alert(1)</script>"], PROXY),
        (PROXY, ["203.0.113.256"], PROXY),
        (PROXY, ["203.0.113.09"], PROXY),
        (PROXY, ["203.0.113"], PROXY),
        (PROXY, ["3405803785"], PROXY),
        (PROXY, ["２０３.0.113.9"], PROXY),
        (PROXY, ["for=203.0.113.9"], PROXY),
        (PROXY, ["203.0.113.9/32"], PROXY),
        # Forms in which an address is written.
        (PROXY, [f"{SHOPPER}:4711"], SHOPPER),
        (PROXY, [f"  {SHOPPER}\t"], SHOPPER),
        (PROXY, ["2001:db8::1"], "2001:db8::1"),
        (PROXY, ["[2001:db8::1]"], "2001:db8::1"),
        (PROXY, ["[2001:db8::1]:443"], "2001:db8::1"),
        (PROXY, ["2001:0DB8:0:0::0001"], "2001:db8::1"),
        (PROXY, ["fe80::1%eth0"], "fe80::1"),
        (PROXY, ["[fe80::1%25eth0]:443"], "fe80::1"),
        (PROXY, [f"::ffff:{SHOPPER}"], SHOPPER),
        (PROXY, [f"[::ffff:{SHOPPER}]:443"], SHOPPER),
        (PROXY, [f"{SHOPPER}, ::ffff:{INNER_PROXY}"], SHOPPER),
        (PROXY, [f"{SHOPPER}, 2001:db8:ff::7"], SHOPPER),
        # The peer's own address, as sockets write it.
        ("::1", [SHOPPER], SHOPPER),
        (f"::ffff:{PROXY}", [SHOPPER], SHOPPER),
        (f"::ffff:{SHOPPER}", ["198.51.100.1"], SHOPPER),
        ("fe80::1%eth0", [SHOPPER], "fe80::1"),
        ("2001:db8:0::1", [], "2001:db8::1"),
        ("", [SHOPPER], ""),
    ],
)
def test_the_sender_is_the_first_hop_from_the_right_that_is_not_ours(
    peer: str, forwarded: list[str], sender: str
) -> None:
    assert PROXIES.client_address(peer, forwarded) == sender


def test_a_long_chain_is_not_followed_to_its_end() -> None:
    assert PROXIES.client_address(PROXY, [", ".join([SHOPPER] + ["10.0.0.2"] * 1_000)]) == "10.0.0.2"
    assert PROXIES.client_address(PROXY, [", ".join([SHOPPER] + ["10.0.0.2"] * 19)]) == SHOPPER


@given(st.lists(st.text() | st.ip_addresses().map(str), max_size=3))
def test_whatever_a_stranger_forwards_the_sender_is_the_stranger(forwarded: list[str]) -> None:
    assert PROXIES.client_address(SHOPPER, forwarded) == SHOPPER
    assert PROXIES.client_address(PROXY, [*forwarded, SHOPPER]) == SHOPPER


def test_it_is_read_from_all_headers_of_a_request() -> None:
    headers = CIMultiDict([("X-Forwarded-For", "198.51.100.1"), ("x-forwarded-for", f"{SHOPPER}, {INNER_PROXY}")])
    assert PROXIES.address_of(from_peer(PROXY, headers)) == SHOPPER
    assert TrustedProxies().address_of(from_peer(PROXY, headers)) == PROXY
    assert TrustedProxies().address_of(from_peer(f"::ffff:{SHOPPER}", headers)) == SHOPPER


def from_peer(peer: str, headers: CIMultiDict[str]) -> web.Request:
    request = make_mocked_request("GET", "/", headers)
    return request.clone(remote=peer)


@pytest.mark.parametrize(("peer", "trusted"), [(PROXY, True), (f"::ffff:{PROXY}", True), (SHOPPER, False), ("", False)])
def test_a_peer_is_ours_or_not(peer: str, *, trusted: bool) -> None:
    assert PROXIES.trusts(peer) is trusted


def test_every_network_that_is_none_is_named_with_its_fix() -> None:
    with pytest.raises(ConfigurationError) as raised:
        TrustedProxies(["10.0.0.0/8", "10.0.0.0/33", "proxy.example", ""])
    assert raised.value.problems == [
        f"TRACKER_TRUSTED_PROXIES: {text!r} is no network; write 10.0.0.0/8 or ::1"
        for text in ("10.0.0.0/33", "proxy.example", "")
    ]


def test_a_network_may_be_written_by_any_of_its_addresses() -> None:
    assert TrustedProxies(["10.1.2.3/8"]).trusts("10.200.0.1")
