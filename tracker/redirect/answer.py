"""How a click-out is answered: values, which the endpoint turns into HTTP once."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from tracker.core.click import CheckResult
from tracker.core.partner import Partner
from tracker.core.reasons import Reason


class Notice(StrEnum):
    """What a shopper is told before leaving, or instead of it. `pages.py` has the words."""

    NO_SHOPPER = "no_shopper"  # nobody is signed in: nothing can be earned
    LINK_EXPIRED = "link_expired"  # nor is by this link: older than 24 hours, or not ours
    OTHER_SHOPPER = "other_shopper"  # the link is of another shopper than the one who is signed in
    PHONE_ORDERS = "phone_orders"  # a phone, and a partner whose mobile orders earn nothing
    NOT_RECORDED = "not_recorded"  # our stores are away
    BAD_LINK = "bad_link"  # leads elsewhere than to the partner
    NO_PARTNER = "no_partner"


STATUSES = {Notice.NOT_RECORDED: 503, Notice.BAD_LINK: 400, Notice.NO_PARTNER: 404}


class SentOn(msgspec.Struct, frozen=True, gc=False):
    location: str
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AskedBack:
    """The browser fetches ahead: it shall ask again when the shopper really goes."""


@dataclass(frozen=True, slots=True)
class Told:
    """A page. Every notice that applies is on it."""

    notices: tuple[Notice, ...]
    partner: Partner | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The checks page: it asks the browser and brings its evidence back with this token."""

    partner: Partner
    page_token: str
    nonce: str  # what the baits echo
    time_private_mode: bool  # whether this browser's private mode may be guessed by timing
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stopped:
    """What the checks found, all of it: the page says so, with the fix of each."""

    partner: Partner
    found: tuple[CheckResult, ...]  # every check that found something the shopper is told
    refused: tuple[Reason, ...]  # for which an order would earn nothing; empty: the shopper may overrule the rest
    open_minutes: int = 0  # since when the shop is open in another tab, if `second_tab` is among the found


Answer = SentOn | AskedBack | Told | Asked
