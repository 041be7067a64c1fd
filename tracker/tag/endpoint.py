"""`/tag.js` out, `/tag` in: the script of partners' pages, and what it reports."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

from aiohttp import web

from tracker.core.facts import TagFact
from tracker.core.partner import Partner
from tracker.fraud.signals import read_signals
from tracker.fraud.user_agent import read_agent
from tracker.ports import ClickIds
from tracker.tag.report import LONGEST_BODY, Report, Sent, read_report, tag_fact
from tracker.tag.scripts import Script, script
from tracker.telemetry import TAG_CLICKS_NOT_OURS, TAG_REPORTS, Telemetry
from tracker.web import refusal
from tracker.web.hashing import KeyedHash

_CACHED_SECONDS = 3600


class TakeReport(Protocol):
    """The flow behind: it keeps the report, and decides its order anew."""

    async def take(self, fact: TagFact) -> None:
        """On disk when it returns; the same report again changes nothing. Raises StoreUnavailableError."""


class TagEndpoint:
    def __init__(
        self,
        *,
        partners: Callable[[], Mapping[str, Partner]],
        click_ids: ClickIds,
        reports: TakeReport,
        hashes: KeyedHash,
        telemetry: Telemetry,
        now: Callable[[], datetime],
        address: Callable[[web.Request], str],
        request_id: Callable[[web.Request], str],
    ) -> None:
        self._partners = partners
        self._click_ids = click_ids
        self._reports = reports
        self._hashes = hashes
        self._telemetry = telemetry
        self._now = now
        self._address = address
        self._request_id = request_id

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/tag.js", _serves("tag.js")),
            web.get("/tag/self-test.js", _serves("self-test.js")),
            web.post("/tag", self.take),
        ]

    async def take(self, request: web.Request) -> web.Response:
        """204 for what a tag can send: it never reads the answer, whatever that says is for whoever tries it by hand.
        No cookie is read or set: a shop's page is none of ours."""
        body = await _body(request)
        if body is None:
            return refusal(413, "too_large", f"The body is larger than {LONGEST_BODY} bytes.")
        report = read_report(body)
        if report is None:
            return refusal(400, "malformed", "The body is no report of the tag.")
        if report.partner not in self._partners():
            return refusal(404, "unknown_partner", "There is no such partner.")
        user_agent = read_signals(request.method, request.headers).user_agent
        agent = read_agent(user_agent)
        if agent.is_bot:
            return _taken()
        now = self._now()
        sent = Sent(
            at_us=round(now.timestamp() * 1_000_000),
            agent=agent,
            user_agent_hash=self._hashes.of(user_agent),
            address_hash=self._hashes.of_month(self._address(request), now),
            request_id=self._request_id(request),
        )
        click_id, cookie_click_id = (self._ours(text, report) for text in (report.click, report.cookie))
        await self._reports.take(tag_fact(report, click_id=click_id, cookie_click_id=cookie_click_id, sent=sent))
        self._telemetry.count(TAG_REPORTS, str(report.kind), str(report.tab))
        return _taken()

    def _ours(self, text: str, report: Report) -> str:
        if not text:
            return ""
        click_id = self._click_ids.read(text, report.partner)
        if click_id is None:
            self._telemetry.count(TAG_CLICKS_NOT_OURS)
        return click_id or ""


def _taken() -> web.Response:
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


async def _body(request: web.Request) -> bytes | None:
    """None: too large. Nothing is read that announces itself as such."""
    if (request.content_length or 0) > LONGEST_BODY:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LONGEST_BODY:
            return None
    return bytes(body)


def _serves(name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        return _script_response(request, script(name))

    return serve


def _script_response(request: web.Request, served: Script) -> web.Response:
    headers = {
        "Access-Control-Allow-Origin": "*",  # a shop may pin it with `integrity`, and the self-test reads it
        "Cache-Control": f"public, max-age={_CACHED_SECONDS}",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": served.etag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if served.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = served.compressed
    else:
        body = served.body
    return web.Response(body=body, content_type="text/javascript", charset="utf-8", headers=headers)
