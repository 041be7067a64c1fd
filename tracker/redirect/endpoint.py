"""`GET|HEAD /go/{partner}`: a request in, a redirect or a page out. `POST /go/{partner}/check`: what that page saw."""

from collections.abc import Callable
from typing import TypeVar

from aiohttp import web
from multidict import CIMultiDictProxy

from tracker.errors import StoreUnavailableError
from tracker.redirect.answer import Asked, AskedBack, SentOn, Stopped
from tracker.redirect.case import Sender
from tracker.redirect.check_browser import CheckBrowser
from tracker.redirect.check_request import read_check
from tracker.redirect.checks.page import ChecksPages
from tracker.redirect.click_out import click_out_of, read_click_out
from tracker.redirect.pages import ToldPages
from tracker.redirect.record_click import RecordClick
from tracker.web import refusal
from tracker.web.cookies import sent_cookies
from tracker.web.front_door import Done, Visit
from tracker.web.language import language_of
from tracker.web.redirect import redirect

_Response = TypeVar("_Response", bound=web.StreamResponse)


class ClickOutEndpoint:
    def __init__(
        self,
        record_click: RecordClick,
        check_browser: CheckBrowser,
        pages: ToldPages,
        checks_pages: ChecksPages,
        *,
        address: Callable[[web.Request], str],
        request_id: Callable[[web.Request], str],
    ) -> None:
        self._record_click = record_click
        self._check_browser = check_browser
        self._pages = pages
        self._checks_pages = checks_pages
        self._address = address
        self._request_id = request_id

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/go/{partner}", self.handle),  # and so HEAD
            web.post("/go/{partner}/check", self.check),
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        asked = read_click_out(request, request.match_info["partner"])
        if asked is None:
            return refusal(400, "ambiguous", "A parameter of this address stands twice.")
        answer = await self._record_click.answer(asked, self._sender(request))
        if isinstance(answer, SentOn):
            return _with_cookies(redirect(answer.location), answer.cookies)
        if isinstance(answer, AskedBack):
            return web.Response(status=503, headers={"Cache-Control": "no-store", "Retry-After": "1"})
        if isinstance(answer, Asked):
            return _with_cookies(self._checks_pages.page(request, answer, asked), answer.cookies)
        return self._pages.response(request, answer, asked)

    def may_begin(self, query: str, headers: "CIMultiDictProxy[str]") -> bool:
        """Whoever has no pass, and was told nothing yet, is shown a page."""
        return "pass=" in headers.get("Cookie", "") or "go=1" in query

    def begin(self, visit: Visit, done: Done) -> bool:
        """Satisfies `tracker.web.front_door.Answers`; what it does not answer is for `handle`."""
        asked = click_out_of("GET", visit.query, visit.headers, visit.name)
        if asked is None:
            return False
        return self._record_click.begin(
            asked,
            Sender(sent_cookies(visit.headers.get("Cookie", "")), visit.address, visit.request_id),
            lambda sent: done(sent.location, sent.cookies) if sent else done(None, ()),
        )

    async def check(self, request: web.Request) -> web.Response:
        """Only our own page can ask: another site's script could not even read its token."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return refusal(403, "foreign_origin", "Only the checks page itself may send this.")
        asked = read_click_out(request, request.match_info["partner"])
        said = read_check(await request.read()) if request.content_type == "application/json" else None
        if asked is None or said is None:
            return refusal(400, "malformed", "This is not what the checks page sends.")
        try:
            answer = await self._check_browser.answer(asked, self._sender(request), said)
        except StoreUnavailableError:
            return refusal(503, "not_recorded", "The click cannot be recorded now.", {"Retry-After": "60"})
        if isinstance(answer, Stopped):
            user_agent = request.headers.get("User-Agent", "")
            html = self._checks_pages.findings(answer, language=language_of(request), user_agent=user_agent)
            return web.json_response({"html": html}, headers={"Cache-Control": "no-store"})
        response = web.json_response({"go": answer.location}, headers={"Cache-Control": "no-store"})
        return _with_cookies(response, answer.cookies)

    def _sender(self, request: web.Request) -> Sender:
        return Sender(
            sent_cookies(request.headers.get("Cookie", "")), self._address(request), self._request_id(request)
        )


def _with_cookies(response: _Response, cookies: tuple[str, ...]) -> _Response:
    for cookie in cookies:
        response.headers.add("Set-Cookie", cookie)
    return response
