"""The flow of a click-out: who goes, what speaks against it, record it durably, send the shopper on (design, 5)."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

import msgspec

from tracker.core.click import Check, CheckResult, Confidence, Finding, Policy
from tracker.core.partner import CheckPolicy, Partner
from tracker.core.reasons import Reason
from tracker.core.session import OpenElsewhere, Session
from tracker.errors import StoreUnavailableError
from tracker.fraud.screen import Outcome, screen_checks
from tracker.redirect.answer import Answer, Asked, AskedBack, Notice, SentOn, Told
from tracker.redirect.ask_browser import AskBrowser, session_of
from tracker.redirect.case import Case, Sender, gather
from tracker.redirect.click_out import ClickOut
from tracker.redirect.cookies import Cookies
from tracker.redirect.destination import is_deep_link
from tracker.redirect.recorder import Recorder, Seen
from tracker.redirect.tokens import Tokens
from tracker.telemetry import CLICK_PAGES, CLICK_REASONS, Telemetry


class Leaving(msgspec.Struct, frozen=True, gc=False):
    """A person who is sent on as soon as the click is written down."""

    case: Case
    seen: Seen
    session: Session | None = None  # that it opens, unless it is open in another tab


class Asking(msgspec.Struct, frozen=True, gc=False):
    """A person whose browser is asked first."""

    case: Case


class TurnedAway(msgspec.Struct, frozen=True, gc=False):
    """No person's click, or nobody goes anywhere."""

    case: Case


Decision: TypeAlias = Leaving | Asking | TurnedAway | Told


class RecordClick:
    def __init__(
        self,
        *,
        partners: Callable[[], Mapping[str, Partner]],
        policies: Callable[[], Mapping[Check, CheckPolicy]],
        recorder: Recorder,
        ask_browser: AskBrowser,
        tokens: Tokens,
        cookies: Cookies,
        telemetry: Telemetry,
        now: Callable[[], float],
    ) -> None:
        """`now` is Unix time."""
        self._partners = partners
        self._policies = policies
        self._recorder = recorder
        self._ask_browser = ask_browser
        self._tokens = tokens
        self._cookies = cookies
        self._telemetry = telemetry
        self._now = now

    async def answer(self, asked: ClickOut, sender: Sender) -> Answer:
        decided = self.decide(asked, sender)
        if isinstance(decided, Leaving):
            return await self._send_on(decided)
        if isinstance(decided, Asking):
            return self._ask(decided.case)
        return await self._turn_away(decided.case) if isinstance(decided, TurnedAway) else self._tell(decided)

    def begin(self, asked: ClickOut, sender: Sender, done: Callable[[SentOn | None], None]) -> bool:
        """The short way of who leaves: `done` is told later where to. False, or None told: `answer` it, from the
        beginning; nobody was sent on."""
        decided = self.decide(asked, sender)
        if not isinstance(decided, Leaving):
            return False
        self._recorder.begin(decided.case, decided.seen, decided.session, done)
        return True

    def decide(self, asked: ClickOut, sender: Sender) -> Decision:
        """Nothing is counted or written down yet."""
        partner = self._partners().get(asked.partner_id)
        if partner is None:
            return Told((Notice.NO_PARTNER,))
        if asked.deep_link and not is_deep_link(asked.deep_link, partner.hosts):
            return Told((Notice.BAD_LINK,), partner)
        case = gather(asked, sender, partner, self._tokens, self._cookies, self._now())
        if case.verdict.outcome is not Outcome.GO:
            return TurnedAway(case)
        notices = case.notices
        if notices and not asked.told:  # what will cost the cashback is told before leaving
            return Told(notices, partner)
        return self._checked(case)

    def _checked(self, case: Case) -> Decision:
        if not case.who.shopper_id:  # nothing can be earned, so there is nothing to check
            return Leaving(case, Seen(case.who.browser_id or self._recorder.new_name()))
        if self._leaves_unchecked(case):
            refusals = (Reason.NOT_CHECKED,) if self._anything_refuses() else ()
            return Leaving(case, Seen(case.who.browser_id or self._recorder.new_name(), refusals=refusals))
        passed = case.known.passed(case.now)
        checks = _as_passed(tuple(passed.c)) if passed else ()
        if passed is None or screen_checks(checks, self._policies()):  # what was overruled then may refuse now
            return Asking(case)
        return Leaving(case, Seen(case.who.browser_id, checks), session_of(case, case.who.browser_id))

    async def _send_on(self, leaving: Leaving) -> Answer:
        case = leaving.case
        try:
            sent = await self._recorder.send_on(case, leaving.seen, leaving.session)
        except StoreUnavailableError:
            return self._tell(Told((Notice.NOT_RECORDED,), case.partner))
        if not isinstance(sent, OpenElsewhere):
            return sent
        return self._ask(case)  # only the page sees which tab this is

    async def _turn_away(self, case: Case) -> Answer:
        for reason in case.verdict.traffic:
            self._telemetry.count(CLICK_REASONS, str(reason))
        if case.asked.signals.method != "GET":  # HEAD: nobody goes anywhere, so there is no click to record
            return case.plain
        await self._recorder.note(case, Seen(case.who.browser_id), str(case.verdict.outcome))
        return AskedBack() if case.verdict.outcome is Outcome.AGAIN else case.plain

    def _leaves_unchecked(self, case: Case) -> bool:
        """By the link of a checks page of this browser. Anybody can send such a link around: it must not cost others
        their cashback."""
        asked = case.asked
        page = self._tokens.read_page(asked.page_token, case.partner.id, case.now) if asked.without else None
        if page is None or asked.from_us is False:
            return False
        return asked.from_us is True or case.who.browser_id in ("", page.b)

    def _anything_refuses(self) -> bool:
        policies = self._policies()
        return any(policies.get(check, CheckPolicy()).policy is Policy.REFUSE for check in Check)

    def _ask(self, case: Case) -> Asked:
        self._telemetry.count(CLICK_PAGES, "checks")
        return self._ask_browser.ask(case)

    def _tell(self, told: Told) -> Told:
        for notice in told.notices:
            self._telemetry.count(CLICK_PAGES, str(notice))
        return told


@lru_cache(maxsize=1024)  # there are few ways to pass
def _as_passed(seen: tuple[tuple[str, str, str], ...]) -> tuple[CheckResult, ...]:
    """What the browser was found to be at most 15 minutes ago; that no session is open was asked just now."""
    known = {check: (finding, confidence) for check, finding, confidence in seen}
    results = [
        CheckResult(check, Finding(known[check][0]), Confidence(known[check][1]), "pass")
        if check in known
        else CheckResult(check)
        for check in Check
        if check is not Check.SECOND_TAB
    ]
    return (*results, CheckResult(Check.SECOND_TAB, Finding.OK, Confidence.MEDIUM, "none open"))
