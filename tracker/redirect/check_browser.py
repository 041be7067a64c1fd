"""The flow of a browser's answer to the checks page: judge it, tell all that was found, or send the shopper on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from tracker.core.click import Check, CheckResult, Confidence, Finding, Policy
from tracker.core.partner import CheckPolicy, Partner
from tracker.core.reasons import Reason
from tracker.core.session import OpenElsewhere, SessionAct
from tracker.fraud.browser import judge_browser
from tracker.fraud.screen import Outcome, screen_checks
from tracker.redirect.answer import SentOn, Stopped
from tracker.redirect.ask_browser import running_since, session_of, whose_digest
from tracker.redirect.case import Case, Sender, gather
from tracker.redirect.check_request import Act, CheckRequest
from tracker.redirect.click_out import ClickOut, address_of
from tracker.redirect.cookies import Cookies
from tracker.redirect.destination import is_deep_link
from tracker.redirect.recorder import Recorder, Seen
from tracker.redirect.tokens import PageClaim, Tokens
from tracker.telemetry import CHECKS, Telemetry

_STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class _Judged:
    """A browser's answer, judged. `told` is what the shopper must hear of, `refused` what costs the cashback."""

    case: Case
    page: PageClaim
    said: CheckRequest
    browser_id: str
    results: tuple[CheckResult, ...]
    told: tuple[CheckResult, ...]
    refused: tuple[Reason, ...]


class CheckBrowser:
    def __init__(
        self,
        *,
        partners: Callable[[], Mapping[str, Partner]],
        policies: Callable[[], Mapping[Check, CheckPolicy]],
        recorder: Recorder,
        tokens: Tokens,
        cookies: Cookies,
        telemetry: Telemetry,
        now: Callable[[], float],
        script: str,
    ) -> None:
        """`now` is Unix time, `script` the version of the page's script."""
        self._partners = partners
        self._policies = policies
        self._recorder = recorder
        self._tokens = tokens
        self._cookies = cookies
        self._telemetry = telemetry
        self._now = now
        self._script = script

    async def answer(self, asked: ClickOut, sender: Sender, said: CheckRequest) -> SentOn | Stopped:
        """Raises StoreUnavailableError. What no answer of our page can be is sent back to the click-out."""
        judged = self._judge(asked, sender, said)
        if judged is None:
            return SentOn(address_of(asked, switch="1" if asked.switch else ""))
        if said.act is Act.ANYWAY:
            without = await self._without_cashback(judged)
            if without is not None:
                return without
        if judged.refused or (judged.told and said.act not in (Act.OVERRULE, Act.OVER)):
            return await self._stop(judged, await self._open_elsewhere(judged))
        return await self._go(judged)

    def _judge(self, asked: ClickOut, sender: Sender, said: CheckRequest) -> _Judged | None:
        partner, now = self._partners().get(asked.partner_id), self._now()
        page = self._tokens.read_page(said.page, asked.partner_id, now)
        if partner is None or page is None or (asked.deep_link and not is_deep_link(asked.deep_link, partner.hosts)):
            return None
        # The navigation was screened when the page was asked for; this is its script.
        signals = msgspec.structs.replace(asked.signals, method="GET", fetch_mode="", fetch_dest="")
        asked = msgspec.structs.replace(asked, signals=signals, referer_host=page.r)
        case = gather(asked, sender, partner, self._tokens, self._cookies, now)
        if case.verdict.outcome is not Outcome.GO or whose_digest(case.who.shopper_id) != page.w:
            return None
        results = judge_browser(said.evidence, cookie_came_back=bool(case.who.browser_id))
        for one in results:
            self._telemetry.count(CHECKS, str(one.check), str(one.finding), str(one.confidence))
        policies = self._policies()
        told = tuple(
            one for one in results if one.finding is Finding.FOUND and self._policy(one.check) != Policy.RECORD
        )
        browser_id = case.who.browser_id or page.b
        return _Judged(case, page, said, browser_id, results, told, screen_checks(results, policies))

    async def _without_cashback(self, judged: _Judged) -> SentOn | None:
        """None: nothing speaks against cashback any more."""
        elsewhere = await self._open_elsewhere(judged)
        results = (*judged.results, _tab(judged.said, elsewhere))
        refused = screen_checks(results, self._policies())
        if not refused:
            return None
        sent = await self._recorder.send_on(
            judged.case, Seen(judged.browser_id, checks=results, refusals=refused, script=self._script)
        )
        return sent if isinstance(sent, SentOn) else judged.case.plain

    async def _go(self, judged: _Judged) -> SentOn | Stopped:
        policy, act = self._policy(Check.SECOND_TAB), judged.said.act
        elsewhere = None
        if act is Act.OVER:
            session_act = SessionAct.OVER
        elif policy is Policy.RECORD or (policy is Policy.WARN and act is Act.OVERRULE):
            session_act = SessionAct.REPLACE
            elsewhere = await self._open_elsewhere(judged)
        else:
            session_act = SessionAct.ASK
        results = (*judged.results, _tab(judged.said, elsewhere))
        seen = Seen(
            judged.browser_id,
            checks=results,
            script=self._script,
            passed=True,
            running_since=running_since(judged.case, judged.page),
        )
        session = session_of(judged.case, judged.browser_id, act=session_act, tab=judged.said.tab, page=judged.page)
        sent = await self._recorder.send_on(judged.case, seen, session)
        return sent if isinstance(sent, SentOn) else await self._stop(judged, sent)

    async def _stop(self, judged: _Judged, elsewhere: OpenElsewhere | None) -> Stopped:
        tab = _tab(judged.said, elsewhere)
        results = (*judged.results, tab)
        told = (*judged.told, tab) if self._is_told(tab) else judged.told
        refused = screen_checks(results, self._policies())
        seen = Seen(judged.browser_id, checks=results, refusals=refused, script=self._script)
        await self._recorder.note(judged.case, seen, _STOPPED)
        since = judged.case.now - elsewhere.opened_at if elsewhere else 0
        return Stopped(judged.case.partner, told, refused, open_minutes=max(0, round(since / 60)))

    async def _open_elsewhere(self, judged: _Judged) -> OpenElsewhere | None:
        session = session_of(judged.case, judged.browser_id, tab=judged.said.tab, page=judged.page)
        return await self._recorder.open_elsewhere(judged.case, session)

    def _is_told(self, result: CheckResult) -> bool:
        return result.finding is Finding.FOUND and self._policy(result.check) is not Policy.RECORD

    def _policy(self, check: Check) -> Policy:
        return self._policies().get(check, CheckPolicy()).policy


def _tab(said: CheckRequest, elsewhere: OpenElsewhere | None) -> CheckResult:
    """That the shop is open is certain. Whether in this tab is not known when it was opened by a pass: then starting
    over costs nobody anything."""
    if elsewhere is None:
        evidence = "started over" if said.act is Act.OVER else "none open"
        return CheckResult(Check.SECOND_TAB, Finding.OK, Confidence.MEDIUM, evidence)
    tab = "copied" if said.copied else "other" if elsewhere.tab and said.tab else "unknown"
    return CheckResult(Check.SECOND_TAB, Finding.FOUND, Confidence.HIGH, f"open:{elsewhere.click_id} tab:{tab}")
