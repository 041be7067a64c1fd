"""Addresses by their bytes are what `ipaddress` says they are."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.web.networks import Networks, packed, written

NETWORKS = ["10.1.2.3/8", "192.168.1.7", "2001:db8:ff::/47", "::1", "0.0.0.0/5"]


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_an_address_is_read_and_written_as_ipaddress_does(address: IPv4Address | IPv6Address) -> None:
    raw = packed(str(address))

    assert raw is not None
    plain = getattr(address, "ipv4_mapped", None) or address
    assert raw == plain.packed
    assert ip_address(written(raw)) == plain
    assert (raw in Networks(NETWORKS)) == any(plain in ip_network(text, strict=False) for text in NETWORKS)


@given(st.text())
def test_what_is_no_address_is_none(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        assert packed(text) is None


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.04", "1.2.3.256", "::1%lo", "[::1]", "1.2.3.4:80", "1.2.3.4/8", " ::1", "\0"]
)
def test_nothing_may_stand_around_it(text: str) -> None:
    assert packed(text) is None


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/33"):
        Networks(["10.0.0.0/8", "10.0.0.0/33"])
