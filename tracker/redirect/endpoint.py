"""`GET|HEAD /go/{partner}`: a request in, a redirect or a page out."""

from collections.abc import Callable

from aiohttp import web

from tracker.redirect.answer import AskedBack, SentOn
from tracker.redirect.click_out import read_click_out
from tracker.redirect.pages import ToldPages
from tracker.redirect.record_click import RecordClick, Sender
from tracker.web import refusal


class ClickOutEndpoint:
    def __init__(
        self,
        record_click: RecordClick,
        pages: ToldPages,
        *,
        address: Callable[[web.Request], str],
        request_id: Callable[[web.Request], str],
    ) -> None:
        self._record_click = record_click
        self._pages = pages
        self._address = address
        self._request_id = request_id

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/go/{partner}", self.handle)]  # and so HEAD

    async def handle(self, request: web.Request) -> web.Response:
        asked = read_click_out(request)
        if asked is None:
            return refusal(400, "ambiguous", "A parameter of this address stands twice.")
        sender = Sender(request.cookies, self._address(request), self._request_id(request))
        answer = await self._record_click.answer(asked, sender)
        if isinstance(answer, SentOn):
            return _redirect(answer)
        if isinstance(answer, AskedBack):
            return web.Response(status=503, headers={"Cache-Control": "no-store", "Retry-After": "1"})
        return self._pages.response(request, answer, asked)


def _redirect(answer: SentOn) -> web.Response:
    """A plain response: `HTTPFound` rewrites the address, and signed partner links with it."""
    response = web.Response(status=302, headers={"Location": answer.location, "Cache-Control": "no-store"})
    for cookie in answer.cookies:
        response.headers.add("Set-Cookie", cookie)
    return response
