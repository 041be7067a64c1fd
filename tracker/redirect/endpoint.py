"""`GET|HEAD /go/{partner}`: a request in, a redirect or a page out. `POST /go/{partner}/check`: what that page saw."""

from collections.abc import Callable

from aiohttp import web

from tracker.errors import StoreUnavailableError
from tracker.redirect.answer import Asked, AskedBack, SentOn, Stopped
from tracker.redirect.case import Sender
from tracker.redirect.check_browser import CheckBrowser
from tracker.redirect.check_request import read_check
from tracker.redirect.checks.page import ChecksPages
from tracker.redirect.click_out import read_click_out
from tracker.redirect.pages import ToldPages
from tracker.redirect.record_click import RecordClick
from tracker.web import refusal
from tracker.web.language import language_of


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

    async def handle(self, request: web.Request) -> web.Response:
        asked = read_click_out(request)
        if asked is None:
            return refusal(400, "ambiguous", "A parameter of this address stands twice.")
        answer = await self._record_click.answer(asked, self._sender(request))
        if isinstance(answer, SentOn):
            # A plain response: `HTTPFound` rewrites the address, and signed partner links with it.
            redirect = web.Response(status=302, headers={"Location": answer.location, "Cache-Control": "no-store"})
            return _with_cookies(redirect, answer.cookies)
        if isinstance(answer, AskedBack):
            return web.Response(status=503, headers={"Cache-Control": "no-store", "Retry-After": "1"})
        if isinstance(answer, Asked):
            return _with_cookies(self._checks_pages.page(request, answer, asked), answer.cookies)
        return self._pages.response(request, answer, asked)

    async def check(self, request: web.Request) -> web.Response:
        """Only our own page can ask: another site's script could not even read its token."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return refusal(403, "foreign_origin", "Only the checks page itself may send this.")
        asked = read_click_out(request)
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
        return Sender(request.cookies, self._address(request), self._request_id(request))


def _with_cookies(response: web.Response, cookies: tuple[str, ...]) -> web.Response:
    for cookie in cookies:
        response.headers.add("Set-Cookie", cookie)
    return response
