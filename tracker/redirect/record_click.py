"""The flow of a click-out: who goes, what speaks against it, record it durably, send the shopper on (design, 5)."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from tracker.core.click import Check, CheckResult, Confidence, Finding, Policy
from tracker.core.partner import CheckPolicy, Partner
from tracker.core.reasons import Reason
from tracker.core.session import OpenElsewhere
from tracker.errors import StoreUnavailableError
from tracker.fraud.screen import Outcome, screen_checks
from tracker.redirect.answer import Answer, Asked, AskedBack, Notice, Told
from tracker.redirect.ask_browser import AskBrowser, session_of
from tracker.redirect.case import Case, Sender, gather
from tracker.redirect.click_out import ClickOut
from tracker.redirect.cookies import Cookies
from tracker.redirect.destination import is_deep_link
from tracker.redirect.recorder import Recorder, Seen
from tracker.redirect.tokens import Tokens
from tracker.telemetry import CLICK_PAGES, CLICK_REASONS, Telemetry


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
        partner = self._partners().get(asked.partner_id)
        if partner is None:
            return self._tell(Notice.NO_PARTNER)
        if asked.deep_link and not is_deep_link(asked.deep_link, partner.hosts):
            return self._tell(Notice.BAD_LINK, partner=partner)
        case = gather(asked, sender, partner, self._tokens, self._cookies, self._now())
        for reason in case.verdict.traffic:
            self._telemetry.count(CLICK_REASONS, str(reason))
        if asked.signals.method != "GET":  # HEAD: nobody goes anywhere, so there is no click to record
            return case.plain
        if case.verdict.outcome is not Outcome.GO:
            return await self._note(case)
        return await self._send(case)

    async def _note(self, case: Case) -> Answer:
        """No person's click."""
        await self._recorder.note(case, Seen(case.who.browser_id), str(case.verdict.outcome))
        return AskedBack() if case.verdict.outcome is Outcome.AGAIN else case.plain

    async def _send(self, case: Case) -> Answer:
        """A person, who is told before leaving what will cost the cashback."""
        if case.notices and not case.asked.told:
            return self._tell(*case.notices, partner=case.partner)
        try:
            return await self._go(case)
        except StoreUnavailableError:
            return self._tell(Notice.NOT_RECORDED, partner=case.partner)

    async def _go(self, case: Case) -> Answer:
        """Raises StoreUnavailableError."""
        if not case.who.shopper_id:  # nothing can be earned, so there is nothing to check
            return await self._send_on(case, Seen(case.who.browser_id or self._recorder.new_name()))
        if self._leaves_unchecked(case):
            refusals = (Reason.NOT_CHECKED,) if self._anything_refuses() else ()
            return await self._send_on(case, Seen(case.who.browser_id or self._recorder.new_name(), refusals=refusals))
        passed = case.known.passed(case.now)
        checks = _as_passed(tuple(passed.c)) if passed else ()
        if passed is None or screen_checks(checks, self._policies()):  # what was overruled then may refuse now
            return self._ask(case)
        session = session_of(case, case.who.browser_id)
        sent = await self._recorder.send_on(case, Seen(case.who.browser_id, checks=checks), session)
        return self._ask(case) if isinstance(sent, OpenElsewhere) else sent  # only the page sees which tab this is

    async def _send_on(self, case: Case, seen: Seen) -> Answer:
        sent = await self._recorder.send_on(case, seen)
        return case.plain if isinstance(sent, OpenElsewhere) else sent

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

    def _tell(self, *notices: Notice, partner: Partner | None = None) -> Told:
        for notice in notices:
            self._telemetry.count(CLICK_PAGES, str(notice))
        return Told(notices, partner)


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
