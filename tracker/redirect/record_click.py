"""The flow of a click-out: who goes, what speaks against it, record it durably, send the shopper on (design, 5)."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from tracker.core.click import Check, Confidence, Device, Finding
from tracker.core.click_id import RANDOM_BITS, SHARDS
from tracker.core.facts import ClickFact
from tracker.core.partner import Origin, Partner
from tracker.core.terms import best_rate
from tracker.errors import StoreUnavailableError
from tracker.fraud.screen import Outcome, Verdict, screen
from tracker.fraud.user_agent import read_agent
from tracker.redirect.answer import Answer, AskedBack, Notice, SentOn, Told
from tracker.redirect.click_id import SignedClickIds
from tracker.redirect.click_out import ClickOut
from tracker.redirect.cookies import Cookies, Known
from tracker.redirect.destination import address_with_id, is_deep_link, plain_address
from tracker.redirect.tokens import Tokens
from tracker.telemetry import CLICK_PAGES, CLICK_REASONS, CLICKS, CLICKS_NOT_RECORDED, DOUBLE_CLICKS, Telemetry
from tracker.web.hashing import KeyedHash, network_of

# While Valkey starts again, or hangs, a shopper waits this long, then goes on without cashback.
_PATIENCE_SECONDS = 3
_PAUSE_SECONDS = 0.1

_PHONES = frozenset({Device.PHONE, Device.TABLET})
# No page asks the browser yet: what its checks would say is not known, and `unknown` never refuses.
_NOTHING_CHECKED = [(str(check), str(Finding.UNKNOWN), str(Confidence.LOW)) for check in Check]


class Recorded(Protocol):
    @property
    def click_id(self) -> str: ...

    @property
    def is_new(self) -> bool: ...


class Clicks(Protocol):
    async def record(self, fact: ClickFact, *, attributable: bool, visitor: bytes = b"") -> Recorded:
        """On disk when it returns. Raises StoreUnavailableError; the same click may be recorded again then."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a request came from, as the web edge knows it."""

    cookies: Mapping[str, str]
    address: str
    request_id: str


@dataclass(frozen=True, slots=True)
class _Who:
    shopper_id: str  # empty: nobody is signed in
    browser_id: str  # empty: it has no cookie of ours
    by_link: bool  # the signed link says so, whatever the cookie says
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """One click-out with all that was gathered about it."""

    asked: ClickOut
    sender: Sender
    partner: Partner
    known: Known
    who: _Who
    verdict: Verdict
    now: float

    @property
    def plain(self) -> SentOn:
        return SentOn(plain_address(self.partner, self.asked.deep_link or None))


class RecordClick:
    def __init__(
        self,
        *,
        partners: Callable[[], Mapping[str, Partner]],
        clicks: Clicks,
        click_ids: SignedClickIds,
        tokens: Tokens,
        cookies: Cookies,
        hashes: KeyedHash,
        telemetry: Telemetry,
        now: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        """`now` is Unix time, `random` gives that many bytes."""
        self._partners = partners
        self._clicks = clicks
        self._click_ids = click_ids
        self._tokens = tokens
        self._cookies = cookies
        self._hashes = hashes
        self._telemetry = telemetry
        self._now = now
        self._random = random

    async def answer(self, asked: ClickOut, sender: Sender) -> Answer:
        partner = self._partners().get(asked.partner_id)
        if partner is None:
            return self._tell(Notice.NO_PARTNER)
        if asked.deep_link and not is_deep_link(asked.deep_link, partner.hosts):
            return self._tell(Notice.BAD_LINK, partner=partner)
        now = self._now()
        known = self._cookies.read(sender.cookies, now)
        who = self._who(asked, known, now)
        verdict = screen(asked.signals, shopper_known=bool(who.shopper_id))
        for reason in verdict.traffic:
            self._telemetry.count(CLICK_REASONS, str(reason))
        case = _Case(asked, sender, partner, known, who, verdict, now)
        if asked.signals.method != "GET":  # HEAD: nobody goes anywhere, so there is no click to record
            return case.plain
        if verdict.outcome is not Outcome.GO:
            return await self._note(case)
        notices = _notices(case)
        if notices and not asked.told:
            return self._tell(*notices, partner=partner)
        return await self._go(case)

    def _who(self, asked: ClickOut, known: Known, now: float) -> _Who:
        """A link never replaces a shopper who is signed in, unless that shopper says so on our page: whoever sends it
        around would collect their cashback."""
        linked = self._tokens.read_link(asked.link_token, asked.partner_id, now) if asked.link_token else None
        signed_in = "" if asked.switch and linked else known.shopper_id
        shopper_id = signed_in or linked or ""
        notices: tuple[Notice, ...] = ()
        if not shopper_id:
            notices = (Notice.LINK_EXPIRED if asked.link_token else Notice.NO_SHOPPER,)
        elif linked is not None and linked != shopper_id:
            notices = (Notice.OTHER_SHOPPER,)
        return _Who(shopper_id, known.browser_id, linked is not None and linked == shopper_id, notices)

    async def _note(self, case: _Case) -> Answer:
        """No person's click: recorded and marked, never payable. If it cannot be recorded, nobody's money is lost."""
        try:
            await self._clicks.record(self._fact(case, case.who.browser_id), attributable=False)
        except StoreUnavailableError:
            self._telemetry.count(CLICKS_NOT_RECORDED)
        self._telemetry.count(CLICKS, str(case.verdict.outcome))
        return AskedBack() if case.verdict.outcome is Outcome.AGAIN else case.plain

    async def _go(self, case: _Case) -> Answer:
        browser_id = case.who.browser_id or self._random(10).hex()
        fact = self._fact(case, browser_id)
        try:
            recorded = await self._record(fact, _visitor(fact, case.who))
        except StoreUnavailableError:
            self._telemetry.count(CLICKS_NOT_RECORDED)
            return self._tell(Notice.NOT_RECORDED, partner=case.partner)
        if recorded.is_new:
            self._telemetry.count(CLICKS, str(case.verdict.outcome))
        else:
            self._telemetry.count(DOUBLE_CLICKS)
        location = address_with_id(case.partner, recorded.click_id, case.asked.deep_link or None)
        return SentOn(location, tuple(self._set_cookies(case, browser_id)))

    def _set_cookies(self, case: _Case, browser_id: str) -> Iterator[str]:
        if case.known.renew_browser:
            yield self._cookies.set_browser(browser_id, case.now)
        if case.who.by_link:
            yield self._cookies.set_shopper(case.who.shopper_id, case.now)

    async def _record(self, fact: ClickFact, visitor: bytes) -> Recorded:
        """Again with the same id when the store did not answer: it may have recorded it, and then says so."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while True:
                    try:
                        return await self._clicks.record(fact, attributable=True, visitor=visitor)
                    except StoreUnavailableError:
                        await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            raise StoreUnavailableError(f"no click was recorded within {_PATIENCE_SECONDS} seconds") from None

    def _fact(self, case: _Case, browser_id: str) -> ClickFact:
        asked, sender, partner, who = case.asked, case.sender, case.partner, case.who
        second, fraction = divmod(round(case.now * 1_000_000), 1_000_000)
        moment = datetime.fromtimestamp(second, UTC)
        agent = read_agent(asked.signals.user_agent)
        address_hash = self._hashes.of_month(sender.address, moment)
        shard = self._hashes.of(_whose(who, address_hash)) % SHARDS
        random = int.from_bytes(self._random(5), "big") >> (40 - RANDOM_BITS)
        return ClickFact(
            click_id=self._click_ids.make(partner.id, shard, second, random),
            partner_id=partner.id,
            clicked_at_us=second * 1_000_000 + fraction,
            outcome=str(case.verdict.outcome),
            shopper_id=who.shopper_id,
            browser_id=browser_id,
            surface=str(asked.surface),
            device=str(agent.device),
            banner=asked.banner,
            deep_link=asked.deep_link,
            terms_version=partner.terms.version,
            rate=best_rate(partner.terms, moment),
            traffic=[str(reason) for reason in case.verdict.traffic],
            refusals=[str(reason) for reason in case.verdict.refusals],
            checks=_NOTHING_CHECKED,
            browser_family=agent.browser_family,
            browser_version=agent.browser_version,
            os_family=agent.os_family,
            user_agent_hash=self._hashes.of(asked.signals.user_agent),
            address_hash=address_hash,
            address_net=network_of(sender.address),
            referer_host=asked.referer_host,
            request_id=sender.request_id,
        )

    def _tell(self, *notices: Notice, partner: Partner | None = None) -> Told:
        for notice in notices:
            self._telemetry.count(CLICK_PAGES, str(notice))
        return Told(notices, partner)


def _notices(case: _Case) -> tuple[Notice, ...]:
    """Everything that will cost the cashback and is known now (docs/rules.md, O-03, S-06)."""
    on_phone = read_agent(case.asked.signals.user_agent).device in _PHONES
    phone_orders_earn = Origin.MOBILE_WEB in case.partner.terms.origins
    return case.who.notices + ((Notice.PHONE_ORDERS,) if on_phone and not phone_orders_earn else ())


def _whose(who: _Who, address_hash: int) -> str:
    """The same for two clicks of one browser, also while it has no cookie yet. It chooses the shard too: a double click
    is seen only where the first one lies."""
    return who.shopper_id or who.browser_id or f"{address_hash:x}"


def _visitor(fact: ClickFact, who: _Who) -> bytes:
    return f"{_whose(who, fact.address_hash)}/{fact.user_agent_hash:x}/".encode()
