"""The page that asks the browser: what it is sent with, and the session that its answer is about."""

from collections.abc import Callable, Iterable
from hashlib import blake2b

from tracker.core.session import Session, SessionAct
from tracker.fraud.browser import may_time_private_mode
from tracker.redirect.answer import Asked
from tracker.redirect.case import Case
from tracker.redirect.cookies import Cookies
from tracker.redirect.tokens import PageClaim, Tokens

# A browser takes longer to be closed and started. Clocks of two workers differ, too.
UNDER_WAY_SECONDS = 2
_LONGEST_HOST = 100  # a token must not be longer than what is read back


class AskBrowser:
    def __init__(
        self, tokens: Tokens, cookies: Cookies, *, new_name: Callable[[], str], timed_chromium: Iterable[range]
    ) -> None:
        """`timed_chromium` are the versions whose private mode may be guessed by timing."""
        self._tokens = tokens
        self._cookies = cookies
        self._new_name = new_name
        self._timed_chromium = tuple(timed_chromium)

    def ask(self, case: Case) -> Asked:
        """The browser cookie that is set here, or was before, is the probe: its answer must bring it back."""
        browser_id = case.who.browser_id or self._new_name()
        claim = PageClaim(
            b=browser_id,
            p=case.partner.id,
            n=self._new_name(),
            t=int(case.now),
            f=case.known.pass_ is None,
            r=case.asked.referer_host[:_LONGEST_HOST],
            w=whose_digest(case.who.shopper_id),
        )
        cookies = (self._cookies.set_browser(browser_id, case.now),) if case.known.renew_browser else ()
        return Asked(
            partner=case.partner,
            page_token=self._tokens.make_page(claim),
            nonce=claim.n,
            time_private_mode=may_time_private_mode(case.asked.signals.user_agent, self._timed_chromium),
            cookies=cookies,
        )


def session_of(
    case: Case, browser_id: str, *, act: SessionAct = SessionAct.ASK, tab: str = "", page: PageClaim | None = None
) -> Session:
    """Of this shopper, at this partner, in this browser (docs/rules.md, S-01)."""
    return Session(
        key=f"{case.who.shopper_id}/{case.partner.id}/{browser_id}",
        seconds=case.partner.terms.session_seconds,
        act=act,
        tab=tab,
        restarted_at=running_since(case, page) - UNDER_WAY_SECONDS,
    )


def running_since(case: Case, page: PageClaim | None = None) -> int:
    """Since when this browser is known not to have been closed, Unix time: a pass ends with it. A page that was asked
    for without one may have been sent while the answer that brought the first pass was under way, in another tab."""
    known = case.known.pass_.s if case.known.pass_ is not None else int(case.now)
    return min(known, page.t) if page is not None and page.f else known


def whose_digest(shopper_id: str) -> str:
    return blake2b(shopper_id.encode(), digest_size=6).hexdigest()
