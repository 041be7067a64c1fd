"""One click-out with all that was gathered about it, before anything is decided."""

from collections.abc import Mapping

import msgspec

from tracker.core.click import Device
from tracker.core.partner import Origin, Partner
from tracker.fraud.screen import Verdict, screen
from tracker.fraud.user_agent import read_agent
from tracker.redirect.answer import Notice, SentOn
from tracker.redirect.click_out import ClickOut
from tracker.redirect.cookies import Cookies, Known
from tracker.redirect.destination import plain_address
from tracker.redirect.tokens import Tokens

_PHONES = (Device.PHONE, Device.TABLET)


class Sender(msgspec.Struct, frozen=True, gc=False):
    """Where a request came from, as the web edge knows it."""

    cookies: Mapping[str, str]
    address: str
    request_id: str


class Who(msgspec.Struct, frozen=True, gc=False):
    shopper_id: str  # empty: nobody is signed in
    browser_id: str  # empty: it has no cookie of ours
    by_link: bool  # the signed link says so, whatever the cookie says
    notices: tuple[Notice, ...]


class Case(msgspec.Struct, frozen=True, gc=False):
    asked: ClickOut
    sender: Sender
    partner: Partner
    known: Known
    who: Who
    verdict: Verdict
    now: float

    @property
    def plain(self) -> SentOn:
        return SentOn(plain_address(self.partner, self.asked.deep_link or None))

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Everything but the browser that will cost the cashback and is known now (docs/rules.md, O-03, S-06)."""
        on_phone = read_agent(self.asked.signals.user_agent).device in _PHONES
        if on_phone and Origin.MOBILE_WEB not in self.partner.terms.origins:
            return (*self.who.notices, Notice.PHONE_ORDERS)
        return self.who.notices


def gather(asked: ClickOut, sender: Sender, partner: Partner, tokens: Tokens, cookies: Cookies, now: float) -> Case:
    """`now` is Unix time."""
    known = cookies.read(sender.cookies, now)
    who = _who(asked, known, tokens, now)
    verdict = screen(asked.signals, shopper_known=bool(who.shopper_id))
    return Case(asked, sender, partner, known, who, verdict, now)


def _who(asked: ClickOut, known: Known, tokens: Tokens, now: float) -> Who:
    """A link never replaces a shopper who is signed in, unless that shopper says so on our page: whoever sends it
    around would collect their cashback."""
    linked = tokens.read_link(asked.link_token, asked.partner_id, now) if asked.link_token else None
    signed_in = "" if asked.switch and linked else known.shopper_id
    shopper_id = signed_in or linked or ""
    notices: tuple[Notice, ...] = ()
    if not shopper_id:
        notices = (Notice.LINK_EXPIRED if asked.link_token else Notice.NO_SHOPPER,)
    elif linked is not None and linked != shopper_id:
        notices = (Notice.OTHER_SHOPPER,)
    return Who(shopper_id, known.browser_id, linked is not None and linked == shopper_id, notices)
