"""What each trick of the click-out saves: the plain way beside ours, in this process, one after the other."""

import hashlib
import hmac
import tempfile
from base64 import b32encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from itertools import count
from pathlib import Path
from statistics import median
from time import process_time
from typing import NamedTuple

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
from tracker.core.click_id import ALPHABET
from tracker.core.mac import mac_by
from tracker.core.signing_keys import since_ever
from tracker.fraud.screen import _traffic_of
from tracker.fraud.signals import Signals
from tracker.redirect.click_id import SignedClickIds, _base32
from tracker.redirect.click_out import _host
from tracker.redirect.cookies import Known
from tracker.redirect.destination import _quoted
from tracker.redirect.record_click import _as_passed
from tracker.redirect.tokens import Tokens
from tracker.store.hot_click import place_of
from tracker.web.cookies import sent_cookies
from tracker.web.hashing import KeyedHash, network_of
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
_NUMBERS = count()
_PROXIES, _PLAIN_PROXIES = Networks(["127.0.0.0/8"]), [ip_network("127.0.0.0/8")]


_HASHES = KeyedHash("5a" * 32)
_HASH_OF_AGENT = lru_cache(maxsize=1024)(_HASHES.of)
_AGENT, _HOME, _REFERER = "Mozilla/5.0 " + "x" * 100, "https://shop.example/", "https://programme.example"
_SIGNALS = Signals("GET", _AGENT, "navigate", "document", "")
_TO_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())


class _Known(NamedTuple):
    shopper_id: str
    browser_id: str
    renew_browser: bool
    pass_: str


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
    peer, address = ip_address("127.0.0.1"), ip_address(_new_address())
    assert any(peer in network for network in _PLAIN_PROXIES)
    str(address)
    str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def _new_address() -> str:
    """Two of three come by IPv4."""
    n = next(_NUMBERS)
    return f"93.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" if n % 3 else f"2a02:6b8:{n & 65535:x}::1"


def _address_by_bytes() -> None:
    peer, address = packed("127.0.0.1"), packed(_new_address())
    assert peer is not None
    assert address is not None
    assert peer in _PROXIES
    network_of(written(address))


def _few_texts_plainly() -> None:
    _HASHES.of(_AGENT)
    _traffic_of.__wrapped__(_SIGNALS)
    _host.__wrapped__(_REFERER)
    _quoted.__wrapped__(_HOME)


def _few_texts_remembered() -> None:
    _HASH_OF_AGENT(_AGENT)
    _traffic_of(_SIGNALS)
    _host(_REFERER)
    _quoted(_HOME)


_SMALL = (
    Trick("a MAC's key is taken in once, by both its hashes (5 a click-out)",
          _often(lambda: hmac.digest(b"k" * 32, _TOKEN.encode(), "sha256"), 5),
          _often(lambda: _MAC(_TOKEN.encode()), 5)),
    Trick("tokens without itsdangerous' serializer (2, MAC included)",
          _often(lambda: _SERIALIZER.loads(_TOKEN), 2),
          _often(lambda: _TOKENS.read_browser_cookie(_TOKEN, _NOW), 2)),
    Trick("a fresh pass names the browser, whose own cookie is not read",
          _often(lambda: _TOKENS.read_browser_cookie(_TOKEN, _NOW)), _often(lambda: None)),
    Trick("base 32 by a table of pairs (2)",
          _often(lambda: b32encode((_NOW << 48).to_bytes(10, "big")).translate(_TO_CROCKFORD).decode(), 2),
          _often(lambda: _base32(_NOW << 48), 2)),
    Trick("values that msgspec makes, not named tuples (11)",
          _often(lambda: _Known("shopper-42", "b" * 20, False, "pass"), 11),
          _often(lambda: Known("shopper-42", "b" * 20, False, None), 11)),
    Trick("remembered of few texts: an agent's hash, what is found in headers, the page before, the shop's link",
          _often(_few_texts_plainly), _often(_few_texts_remembered)),
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
