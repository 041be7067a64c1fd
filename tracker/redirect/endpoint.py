"""`GET|HEAD /go/{partner}`: a request in, a redirect or a page out."""

from collections.abc import Callable

from aiohttp import web

from tracker.redirect.answer import STATUSES, AskedBack, Notice, SentOn, Told
from tracker.redirect.click_out import ClickOut, read_click_out
from tracker.redirect.pages import Pages
from tracker.redirect.record_click import RecordClick, Sender
from tracker.redirect.texts import text_for
from tracker.web import refusal


class ClickOutEndpoint:
    def __init__(
        self,
        record_click: RecordClick,
        pages: Pages,
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
        return self._page(request, asked, answer)

    def _page(self, request: web.Request, asked: ClickOut, told: Told) -> web.Response:
        text = text_for(request.headers.get("Accept-Language", ""), request.query.get("lang", ""))
        status = max((STATUSES.get(notice, 200) for notice in told.notices), default=200)
        headers = self._pages.headers | {"Content-Language": text.language}
        if Notice.NOT_RECORDED in told.notices:
            headers["Retry-After"] = "60"
        html = self._pages.render(told, asked, text)
        return web.Response(status=status, text=html, content_type="text/html", headers=headers)


def _redirect(answer: SentOn) -> web.Response:
    """A plain response: `HTTPFound` rewrites the address, and signed partner links with it."""
    response = web.Response(status=302, headers={"Location": answer.location, "Cache-Control": "no-store"})
    for cookie in answer.cookies:
        response.headers.add("Set-Cookie", cookie)
    return response
