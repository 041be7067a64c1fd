"""The checks page, and the piece of it that says what was found."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import web

from tracker.core.click import Check, CheckResult, Confidence
from tracker.core.partner import Programme
from tracker.core.reasons import Reason
from tracker.redirect.answer import Asked, Stopped
from tracker.redirect.checks.baits import PAGE_SCRIPT, PRIVATE_MODE, Baits
from tracker.redirect.checks.fixes import FIXES, Browser, browser_of
from tracker.redirect.checks.texts import TEXTS, ChecksText, ago
from tracker.redirect.click_out import ClickOut, address_of
from tracker.redirect.destination import is_deep_link, plain_address
from tracker.web.language import LANGUAGES, language_of
from tracker.web.pages import Pages

_REASONS = {
    Check.AD_BLOCKER: Reason.AD_BLOCKER,
    Check.COOKIES: Reason.COOKIES_BLOCKED,
    Check.PRIVATE_MODE: Reason.PRIVATE_MODE,
    Check.SECOND_TAB: Reason.SECOND_TAB,
}


@dataclass(frozen=True, slots=True)
class _Finding:
    heading: str
    why: str
    steps: tuple[str, ...]
    refuses: bool


class ChecksPages:
    def __init__(self, programme: Programme, baits: Baits) -> None:
        style = (files("tracker.redirect.checks") / "checks.css").read_text("utf-8")
        self._pages = Pages("tracker.redirect.checks", style=style, script=True, programme=programme.name, home="/")
        self._baits = baits

    def page(self, request: web.Request, asked: Asked, click_out: ClickOut) -> web.Response:
        """Without its script it explains itself; with it, it asks the browser and posts to `/go/{partner}/check` with
        the same query. The cookies of `asked` are the caller's to set."""
        language = language_of(request)
        partner, baits = asked.partner, self._baits
        kept = {"lang": language} if request.query.get("lang", "") in LANGUAGES else {}
        if click_out.switch:  # only if it was honoured now: the page's own requests would always be
            kept["switch"] = "1"
        path, _, query = address_of(click_out, **kept).partition("?")
        safe = is_deep_link(click_out.deep_link, partner.hosts)
        response = self._pages.response(
            request,
            "checks.html",
            language=language,
            text=TEXTS[language],
            partner=partner.name,
            check=f"{path}/check{'?' if query else ''}{query}",
            without=address_of(click_out, **kept, page=asked.page_token, without="1"),
            plain=plain_address(partner, click_out.deep_link if safe else None),
            token=asked.page_token,
            nonce=asked.nonce,
            baits=baits,
            script=baits.address(PAGE_SCRIPT),
            timing=baits.address(PRIVATE_MODE) if asked.time_private_mode else "",
            other_language=address_of(click_out, **(kept | {"lang": "en" if language == "ru" else "ru"})),
        )
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    def findings(self, stopped: Stopped, *, language: str, user_agent: str) -> str:
        """The piece of HTML that the page's script shows: every finding with its fix, and what can be done now."""
        text = TEXTS[language]
        only_tab = [one.check for one in stopped.found] == [Check.SECOND_TAB]
        findings = [_finding(one, stopped, language, browser_of(user_agent)) for one in stopped.found]
        return self._pages.render(
            "findings.html",
            text=text,
            heading=findings[0].heading if only_tab else text.refused if stopped.refused else text.warned,
            findings=findings,
            only_tab=only_tab,
            acts=list(_acts(stopped, text)),
        )


def _finding(one: CheckResult, stopped: Stopped, language: str, browser: Browser) -> _Finding:
    text = TEXTS[language]
    words = text.findings[one.check]
    # That the shop is open is certain, where it is open may be not: then its evidence says so.
    sure = one.confidence is Confidence.HIGH and "tab:unknown" not in one.evidence
    said = words.sure if sure else words.unsure
    names = {"partner": stopped.partner.name, "ago": ago(stopped.open_minutes, text)}
    steps = FIXES[language][one.check][browser] if one.check in FIXES[language] else ()
    return _Finding(
        said.heading.format_map(names),
        said.body.format_map(names),
        tuple(step.format_map(names) for step in steps),
        _REASONS[one.check] in stopped.refused,
    )


def _acts(stopped: Stopped, text: ChecksText) -> Iterator[tuple[str, str]]:
    """Buttons with their words; the first one is what we advise. Starting over is no help while something else costs
    the cashback, and going on without cashback none while only warnings speak against it."""
    found = {one.check for one in stopped.found}
    if Check.SECOND_TAB in found and not set(stopped.refused) - {Reason.SECOND_TAB}:
        yield "over", text.over
    if found - {Check.SECOND_TAB}:
        yield "check", text.retry
    yield ("anyway", text.without) if stopped.refused else ("overrule", text.overrule)
