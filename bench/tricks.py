"""What each trick of the click-out saves: the plain way beside ours, in this process, one after the other."""

import hashlib
import hmac
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import cycle
from pathlib import Path
from statistics import median
from time import process_time

from aiohttp._cookie_helpers import parse_cookie_header
from itsdangerous import URLSafeSerializer

from bench.compared import PASSED, compared
from bench.cores import two_cores
from bench.doors import doors
from bench.shoppers import AGENTS
from bench.table import Table
from bench.trips import trips
from bench.wrk import Wrk
from tracker.core.click import Check
from tracker.core.mac import mac_by
from tracker.core.signing_keys import since_ever
from tracker.redirect.click_id import SignedClickIds
from tracker.redirect.cookies import sent_cookies
from tracker.redirect.record_click import _as_passed
from tracker.redirect.tokens import Tokens
from tracker.store.hot_click import place_of
from tracker.web.hashing import network_of
from tracker.web.networks import Networks, packed, written

ROUNDS = 9
CLICK_OUTS = 2_000  # a round

Doing = Callable[[int], Awaitable[None]]  # so many click-outs' worth of it

_NOW, _KEY = 1_800_000_000, "k" * 32
_MAC = mac_by(b"k" * 32)
_TOKENS = Tokens(since_ever(_KEY), since_ever(_KEY))
_TOKEN = _TOKENS.make_browser_cookie("0" * 20, _NOW)
_SERIALIZER = URLSafeSerializer(
    _KEY, salt="cookie.browser.v1", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
)
_CLICK_ID = SignedClickIds(since_ever(_KEY), lambda: _NOW).make("shop-07", 7, _NOW, 7)
_SEEN = tuple((str(check), "ok", "high") for check in Check if check is not Check.SECOND_TAB)
_COOKIES = "; ".join(f"__Host-{name}={_TOKEN}" for name in ("shopper", "browser", "pass"))
_ADDRESSES = cycle([f"93.{n}.7.{n}" if n % 3 else f"2a02:6b8:{n:x}::1" for n in range(150)])
_PROXIES, _PLAIN_PROXIES = Networks(["127.0.0.0/8"]), [ip_network("127.0.0.0/8")]


@dataclass(frozen=True, slots=True)
class Trick:
    name: str
    plain: Doing
    ours: Doing


async def tricks() -> AsyncIterator[Table]:
    cost = await _cost_of_a_click_out()
    rows = []
    async with trips() as (by_pipeline, by_hiredis), doors() as (by_router, by_door):
        for trick in (
            Trick("a front door past router, middlewares and aiohttp's request", by_router, by_door),
            Trick("Valkey's round trip by hiredis alone", by_pipeline, by_hiredis),
            *_SMALL,
        ):
            plain, ours = await _measured(trick)
            saved = plain - ours
            rows.append((trick.name, f"{plain:.1f}", f"{ours:.1f}", f"{saved:.1f}", f"{saved / cost:.0%}"))
    yield Table(
        "Plain and ours",
        ("trick", "plain, µs", "ours, µs", "saved a click-out, µs", "of what one takes"),
        rows,
        [_HOW.format(rounds=ROUNDS, click_outs=CLICK_OUTS, cost=cost)],
    )


async def _measured(trick: Trick) -> tuple[float, float]:
    plain: list[float] = []
    ours: list[float] = []
    for _ in range(ROUNDS):
        for doing, took in ((trick.plain, plain), (trick.ours, ours)):
            before = process_time()
            await doing(CLICK_OUTS)
            took.append(1e6 * (process_time() - before) / CLICK_OUTS)
    return median(plain), median(ours)


async def _cost_of_a_click_out() -> float:
    """As the part `clicks` measures it, at 64 connections."""
    with tempfile.TemporaryDirectory() as folder:
        async with compared(Path(folder), workers=1) as field:
            field.put_apart()
            field.shoppers.sign()
            wrk, one = Wrk(field.shoppers, two_cores()[1]), field.only(PASSED).measured[0]
            answered = 0
            while answered < AGENTS:
                answered += (await one.run(wrk, one.target, 64, 2)).answered
            return median([(await one.run(wrk, one.target, 64, 3)).cost for _ in range(3)])


def _often(doing: Callable[[], object], times: int = 1) -> Doing:
    async def do(click_outs: int) -> None:
        for _ in range(click_outs * times):
            doing()

    return do


def _address_plainly() -> None:
    """Whether the peer is a proxy of ours, whom it forwards, and of which network that is."""
    peer, address = ip_address("127.0.0.1"), ip_address(next(_ADDRESSES))
    assert any(peer in network for network in _PLAIN_PROXIES)
    str(address)
    str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def _address_by_bytes() -> None:
    peer, address = packed("127.0.0.1"), packed(next(_ADDRESSES))
    assert peer is not None
    assert address is not None
    assert peer in _PROXIES
    network_of(written(address))


_SMALL = (
    Trick("a MAC's key is taken in once (7 a click-out)",
          _often(lambda: hmac.digest(b"k" * 32, _TOKEN.encode(), "sha256"), 7),
          _often(lambda: _MAC(_TOKEN.encode()), 7)),
    Trick("tokens without itsdangerous' serializer (3, MAC included)",
          _often(lambda: _SERIALIZER.loads(_TOKEN), 3),
          _often(lambda: _TOKENS.read_browser_cookie(_TOKEN, _NOW), 3)),
    Trick("the `Cookie` header without `SimpleCookie`",
          _often(lambda: {name: one.value for name, one in parse_cookie_header(_COOKIES)}),
          _often(lambda: sent_cookies(_COOKIES))),
    Trick("addresses by their bytes, without `ipaddress`", _often(_address_plainly), _often(_address_by_bytes)),
    Trick("what a pass says is remembered: there are few ways to pass",
          _often(lambda: _as_passed.__wrapped__(_SEEN)), _often(lambda: _as_passed(_SEEN))),
    Trick("where a click lies is worked out once (3 times asked)",
          _often(lambda: place_of.__wrapped__(_CLICK_ID), 3), _often(lambda: place_of(_CLICK_ID), 3)),
)  # fmt: skip
_HOW = """\
Medians of {rounds} rounds of {click_outs:,} click-outs' worth of each, processor time, the plain way and ours in turn;
hot, so that in a worker both take longer. A click-out of a passed browser took {cost:.0f} µs of a worker's processor
just before."""
