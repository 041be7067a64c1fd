"""Signed tokens: the shopper's link, and the cookies. Each purpose has its own salt, so that none passes for another.

A token is `base64url(JSON) + "." + base64url(MAC)` without padding, what itsdangerous' URLSafeSerializer makes:
MAC = HMAC-SHA256(HMAC-SHA256(key, salt), base64url(JSON)). A programme signs its links itself (salt `link.v1`):

    key    "programme-key"
    JSON   {"s":"shopper-42","p":"lamoda","t":1767225600}     shopper, partner or "*", Unix time of signing
    token  eyJzIjoic2hvcHBlci00MiIsInAiOiJsYW1vZGEiLCJ0IjoxNzY3MjI1NjAwfQ.dTIPF1UEs8WlRpkUgSDYWKjmcJVNmh1LMsipYdugoGU
"""

import hashlib
import math
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from hmac import compare_digest
from typing import Annotated, Generic, TypeVar

import msgspec
from itsdangerous import Signer

from tracker.core.mac import mac_by
from tracker.core.signing_keys import (
    BROWSER_COOKIE_SECONDS,
    LINK_SECONDS,
    SigningKeys,
    in_order,
    signing_place,
    since_ever,
    verifies_until,
)
from tracker.errors import TrackerError

SHOPPER_COOKIE_SECONDS = 86_400  # as a link: on a shared computer the next shopper must not wait for weeks
OPENED_SECONDS = 12 * 3600
PASS_SECONDS = 900  # that a browser need not be asked again
PAGE_SECONDS = 86_400  # a shopper may read long, and find a setting
# A pass is also the mark of a browser that was not closed since: browsers forget it then, and nobody keeps one longer.
_PASS_COOKIE_SECONDS = 30 * 86_400
ANY_PARTNER = "*"

_CLOCK_SKEW_SECONDS = 300  # of the programme's clock, or between our own machines
_LONGEST_TOKEN = 512
_TO_URL, _FROM_URL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")
_SHOPPER_ID = re.compile(r"(?!\+\d)[!-~]{1,64}")  # +7916… is a phone number
_UnixTime = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class LinkClaim(msgspec.Struct, frozen=True):
    """Who follows a link, and to whom."""

    s: str  # shopper
    p: str  # partner, or "*" for every one
    t: _UnixTime  # when it was signed


class ShopperClaim(msgspec.Struct, frozen=True):
    s: str
    t: _UnixTime


class BrowserClaim(msgspec.Struct, frozen=True):
    b: str  # browser
    t: _UnixTime


class PassClaim(msgspec.Struct, frozen=True):
    """A browser that passed the checks, and what they saw."""

    b: str  # browser
    t: _UnixTime
    s: _UnixTime  # since when this browser is known to run without having been closed
    c: list[tuple[str, str, str]]  # check, finding, confidence


class PageClaim(msgspec.Struct, frozen=True):
    """A checks page that we sent."""

    b: str  # the browser that it was sent to
    p: str  # partner
    n: str  # nonce, which the baits echo
    t: _UnixTime
    f: bool  # fresh: the browser had no pass, so it was closed since any session
    r: str  # host of the page that led here
    w: str  # who was signed in, as a digest


class OpenedClaim(msgspec.Struct, frozen=True):
    t: _UnixTime


Claim = TypeVar("Claim", LinkClaim, ShopperClaim, BrowserClaim, PassClaim, PageClaim, OpenedClaim)


def make_link(link_keys: SigningKeys, shopper_id: str, partner_id: str, now: float) -> str:
    """The `s` of a click-out link. Raises TrackerError for a shopper id that we could not keep as it is."""
    if not is_shopper_id(shopper_id):
        raise TrackerError(
            f"{shopper_id!r} is no shopper id: use 1 to 64 printable ASCII characters without spaces, and never a "
            "phone number."
        )
    return _links(link_keys).make(LinkClaim(shopper_id, partner_id, int(now)))


class Tokens:
    """The tokens that a click-out reads and sets."""

    def __init__(
        self,
        link_keys: SigningKeys,
        cookie_keys: SigningKeys,
        *,
        is_erased: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Whoever `is_erased` is nobody whom we know, whatever was signed before."""
        self._is_erased = is_erased
        self._link = _links(link_keys)
        self._shopper = _Purpose(cookie_keys, "cookie.shopper.v1", ShopperClaim, SHOPPER_COOKIE_SECONDS)
        self._browser = _Purpose(cookie_keys, "cookie.browser.v1", BrowserClaim, BROWSER_COOKIE_SECONDS)
        self._pass = _Purpose(cookie_keys, "cookie.pass.v1", PassClaim, _PASS_COOKIE_SECONDS)
        self._page = _Purpose(cookie_keys, "page.v1", PageClaim, PAGE_SECONDS)

    def read_link(self, token: str, partner_id: str, now: float) -> str | None:
        """The shopper whom a valid link to this partner names."""
        claim = self._link.read(token, now)
        if claim is None or claim.p not in (partner_id, ANY_PARTNER):
            return None
        return claim.s if is_shopper_id(claim.s) and not self._is_erased(claim.s) else None

    def make_shopper_cookie(self, shopper_id: str, now: float) -> str:
        return self._shopper.make(ShopperClaim(shopper_id, int(now)))

    def read_shopper_cookie(self, token: str, now: float) -> ShopperClaim | None:
        claim = self._shopper.read(token, now)
        return None if claim is None or self._is_erased(claim.s) else claim

    def make_browser_cookie(self, browser_id: str, now: float) -> str:
        return self._browser.make(BrowserClaim(browser_id, int(now)))

    def read_browser_cookie(self, token: str, now: float) -> BrowserClaim | None:
        return self._browser.read(token, now)

    def make_pass_cookie(self, claim: PassClaim) -> str:
        return self._pass.make(claim)

    def read_pass_cookie(self, token: str, now: float) -> PassClaim | None:
        return self._pass.read(token, now)

    def make_page(self, claim: PageClaim) -> str:
        return self._page.make(claim)

    def read_page(self, token: str, partner_id: str, now: float) -> PageClaim | None:
        claim = self._page.read(token, now)
        return claim if claim is not None and claim.p == partner_id else None


class OpenedTokens:
    """What a browser keeps once it has opened a page with its token, which is the key: a new one ends old cookies, and
    one page's cookie opens no other."""

    seconds = OPENED_SECONDS

    def __init__(self, token: str) -> None:
        self._purpose = _Purpose(since_ever(token), "cookie.analyst.v1", OpenedClaim, self.seconds)

    def make(self, now: float) -> str:
        return self._purpose.make(OpenedClaim(int(now)))

    def is_valid(self, token: str, now: float) -> bool:
        return self._purpose.read(token, now) is not None


def is_shopper_id(text: str) -> bool:
    """Opaque to us; what every store, log and address carries unchanged."""
    return _SHOPPER_ID.fullmatch(text) is not None


class _Purpose(Generic[Claim]):
    """Signs and reads the tokens of one purpose. There is one text for one claim: nothing else verifies."""

    def __init__(self, keys: SigningKeys, salt: str, claim: type[Claim], lifetime: int) -> None:
        ordered = in_order(keys)
        self._ordered = ordered
        self._keys = [
            _Key(key.secret, salt, verifies_until(ordered, place, lifetime)) for place, key in enumerate(ordered)
        ]
        self._newest_first = self._keys[::-1]
        self._decoder: msgspec.json.Decoder[Claim] = msgspec.json.Decoder(claim)
        self._lifetime = lifetime

    def make(self, claim: Claim) -> str:
        value = b2a_base64(msgspec.json.encode(claim), newline=False).translate(_TO_URL, b"=")
        key = self._keys[signing_place(self._ordered, claim.t)]
        return (value + b"." + key.mac(value)).decode()

    def read(self, token: str, now: float) -> Claim | None:
        if not token or len(token) > _LONGEST_TOKEN or not token.isascii():
            return None
        value, _, mac = token.encode().rpartition(b".")
        # Texts are compared, not decoded bytes: base64 lets several texts stand for the same bytes.
        if not self._is_signed(value, mac, now):
            return None
        try:
            padded = value.translate(_FROM_URL) + b"=="  # padding to spare does no harm
            claim = self._decoder.decode(a2b_base64(padded))
        except (ValueError, msgspec.MsgspecError):
            return None
        return claim if -_CLOCK_SKEW_SECONDS <= now - claim.t <= self._lifetime else None

    def _is_signed(self, value: bytes, mac: bytes, now: float) -> bool:
        """A key that signed the last living token still verifies, whoever's clock it was by."""
        for key in self._newest_first:  # noqa: SIM110 - a generator for each of three tokens would cost as much as its MAC
            if now <= key.verifies_until and compare_digest(mac, key.mac(value)):
                return True
        return False


class _Key:
    def __init__(self, secret: str, salt: str, verifies_until: int | None) -> None:
        signer = Signer(secret, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)
        self._mac = mac_by(signer.derive_key())
        self.verifies_until = math.inf if verifies_until is None else verifies_until + _CLOCK_SKEW_SECONDS

    def mac(self, value: bytes) -> bytes:
        return b2a_base64(self._mac(value), newline=False).translate(_TO_URL, b"=")


def _links(keys: SigningKeys) -> _Purpose[LinkClaim]:
    return _Purpose(keys, "link.v1", LinkClaim, LINK_SECONDS)
