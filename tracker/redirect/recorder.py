"""Writes a click-out down, durably, and says where the shopper goes with it."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

import msgspec

from tracker.core.click import Check, CheckResult
from tracker.core.click_id import RANDOM_BITS, SHARDS
from tracker.core.facts import ClickFact
from tracker.core.reasons import Reason
from tracker.core.session import OpenElsewhere, Session
from tracker.core.terms import best_rate
from tracker.errors import StoreUnavailableError
from tracker.fraud.user_agent import REMEMBERED, read_agent
from tracker.redirect.answer import SentOn
from tracker.redirect.case import Case
from tracker.redirect.click_id import SignedClickIds
from tracker.redirect.cookies import Cookies
from tracker.redirect.destination import address_with_id
from tracker.redirect.tokens import PassClaim
from tracker.telemetry import CLICKS, CLICKS_NOT_RECORDED, DOUBLE_CLICKS, Telemetry
from tracker.web.hashing import KeyedHash, network_of

log = logging.getLogger(__name__)

NOTHING_CHECKED = tuple(CheckResult(check) for check in Check)


class Recorded(Protocol):
    @property
    def click_id(self) -> str: ...

    @property
    def is_new(self) -> bool: ...


class Clicks(Protocol):
    async def record(
        self, fact: ClickFact, *, attributable: bool, visitor: bytes = b"", session: Session | None = None
    ) -> Recorded | OpenElsewhere:
        """On disk when it returns. Raises StoreUnavailableError; the same click may be recorded again then."""

    def begin(
        self,
        fact: ClickFact,
        visitor: bytes,
        session: Session | None,
        done: Callable[[Recorded | OpenElsewhere | Exception], None],
    ) -> None:
        """Attributable, as by `record`; `done` is told later, when it is on disk or failed."""

    async def open_elsewhere(self, shard: int, session: Session) -> OpenElsewhere | None:
        """None also while that cannot be told."""


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What is written beside the click: of its browser, and why its orders earn nothing."""

    browser_id: str
    checks: tuple[CheckResult, ...] = NOTHING_CHECKED
    refusals: tuple[Reason, ...] = ()
    script: str = ""  # version of the page that asked; empty: none did
    passed: bool = False  # the browser need not be asked again for a while
    running_since: int = 0  # Unix time since when it is known not to have been closed; of one that passed


class Recorder:
    def __init__(
        self,
        *,
        clicks: Clicks,
        click_ids: SignedClickIds,
        cookies: Cookies,
        hashes: KeyedHash,
        telemetry: Telemetry,
        random: Callable[[int], bytes],
    ) -> None:
        """`random` gives that many bytes."""
        self._clicks = clicks
        self._click_ids = click_ids
        self._cookies = cookies
        self._hashes = hashes
        self._hash_of_agent = lru_cache(maxsize=REMEMBERED)(hashes.of)
        self._telemetry = telemetry
        self._random = random

    def new_name(self) -> str:
        """Of a browser that has none yet, or of anything else that nobody shall guess: 20 hexadecimal digits."""
        return self._random(10).hex()

    async def note(self, case: Case, seen: Seen, outcome: str) -> None:
        """Nobody is sent on with an id: recorded and marked, never payable. If it cannot be, nobody's money is lost."""
        try:
            await self._clicks.record(self._fact(case, seen, outcome), attributable=False)
        except StoreUnavailableError:
            self._telemetry.count(CLICKS_NOT_RECORDED)
        self._telemetry.count(CLICKS, outcome)

    async def open_elsewhere(self, case: Case, session: Session) -> OpenElsewhere | None:
        """Raises StoreUnavailableError."""
        return await self._clicks.open_elsewhere(self._shard(case, self._address_hash(case, _moment(case))), session)

    async def send_on(self, case: Case, seen: Seen, session: Session | None = None) -> SentOn | OpenElsewhere:
        """Recorded on disk, then sent on; or what is open in another tab. Raises StoreUnavailableError."""
        fact = self._fact(case, seen, case.verdict.outcome.value)
        visitor = _visitor(case, fact, refused=bool(seen.refusals))
        try:
            recorded = await self._clicks.record(fact, attributable=True, visitor=visitor, session=session)
        except StoreUnavailableError:
            self._telemetry.count(CLICKS_NOT_RECORDED)
            raise
        return recorded if isinstance(recorded, OpenElsewhere) else self._sent_on(case, seen, recorded)

    def begin(self, case: Case, seen: Seen, session: Session | None, done: Callable[[SentOn | None], None]) -> None:
        """As `send_on`, for who waits for nothing: `done` is told later. None: something else is to be answered, or the
        same again: a double click is one click."""
        fact = self._fact(case, seen, case.verdict.outcome.value)
        visitor = _visitor(case, fact, refused=bool(seen.refusals))

        def recorded(what: Recorded | OpenElsewhere | Exception) -> None:
            sent = None
            if not isinstance(what, (OpenElsewhere, Exception)):
                try:
                    sent = self._sent_on(case, seen, what)
                except Exception:  # who asked must not wait for ever
                    log.exception("a click was recorded, and could not be answered by the short way")
            done(sent)

        self._clicks.begin(fact, visitor, session, recorded)

    def _sent_on(self, case: Case, seen: Seen, recorded: Recorded) -> SentOn:
        if recorded.is_new:
            self._telemetry.count(CLICKS, str(case.verdict.outcome))
        else:
            self._telemetry.count(DOUBLE_CLICKS)
        location = address_with_id(case.partner, recorded.click_id, case.asked.deep_link or None)
        return SentOn(location, tuple(self._set_cookies(case, seen)))

    def _set_cookies(self, case: Case, seen: Seen) -> Iterator[str]:
        if case.known.renew_browser:
            yield self._cookies.set_browser(seen.browser_id, case.now)
        if case.who.by_link:
            yield self._cookies.set_shopper(case.who.shopper_id, case.now)
        if seen.passed:
            checks = [
                (str(one.check), str(one.finding), str(one.confidence))
                for one in seen.checks
                if one.check is not Check.SECOND_TAB
            ]
            yield self._cookies.set_pass(PassClaim(seen.browser_id, int(case.now), seen.running_since, checks))

    def _address_hash(self, case: Case, moment: datetime) -> int:
        return self._hashes.of_month(case.sender.address, moment)

    def _shard(self, case: Case, address_hash: int) -> int:
        """A double click, and a session, is seen only where the first one lies."""
        return self._hashes.of(_whose(case, address_hash)) % SHARDS

    def _fact(self, case: Case, seen: Seen, outcome: str) -> ClickFact:
        asked, sender, partner, who = case.asked, case.sender, case.partner, case.who
        second, fraction = divmod(round(case.now * 1_000_000), 1_000_000)
        moment = _moment(case)
        agent = read_agent(asked.signals.user_agent)
        address_hash = self._address_hash(case, moment)
        shard = self._shard(case, address_hash)
        random = int.from_bytes(self._random(5), "big") >> (40 - RANDOM_BITS)
        return ClickFact(
            click_id=self._click_ids.make(partner.id, shard, second, random),
            partner_id=partner.id,
            clicked_at_us=second * 1_000_000 + fraction,
            outcome=outcome,
            shopper_id=who.shopper_id,
            browser_id=seen.browser_id,
            surface=asked.surface,
            device=agent.device,
            banner=asked.banner,
            deep_link=asked.deep_link,
            terms_version=partner.terms.version,
            rate=best_rate(partner.terms, moment),
            traffic=list(case.verdict.traffic),
            refusals=[*case.verdict.refusals, *seen.refusals],
            checks=[*seen.checks],
            browser_family=agent.browser_family,
            browser_version=agent.browser_version,
            os_family=agent.os_family,
            user_agent_hash=self._hash_of_agent(asked.signals.user_agent),
            address_hash=address_hash,
            address_net=network_of(sender.address),
            referer_host=asked.referer_host,
            request_id=sender.request_id,
            supersedes=[],
            script=seen.script,
        )


def _moment(case: Case) -> datetime:
    """Of the click, to the second."""
    return datetime.fromtimestamp(int(case.now), UTC)


def _whose(case: Case, address_hash: int) -> str:
    """The same for two clicks of one browser, also while it has no cookie yet."""
    return case.who.shopper_id or case.who.browser_id or f"{address_hash:x}"


def _visitor(case: Case, fact: ClickFact, *, refused: bool) -> bytes:
    """Two browsers of one shopper are two as soon as they have a cookie. A click that earns nothing, because the
    shopper chose so, is never the double of one that does."""
    browser = case.who.browser_id or f"{fact.user_agent_hash:x}"
    return f"{_whose(case, fact.address_hash)}/{browser}/{'-' if refused else ''}".encode()
