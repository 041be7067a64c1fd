"""`/reports`: the overview, a page for each question, and its rows as CSV and Parquet."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from aiohttp import web

from tracker.core.partner import Programme
from tracker.errors import StoreUnavailableError, WarehouseQueryError, WarehouseTooOldError
from tracker.reports.access import Access
from tracker.reports.analysts.asked import Asked, read_asked, today
from tracker.reports.analysts.disclosure import disclose
from tracker.reports.analysts.questions import QUESTIONS, Question, Shape, sql
from tracker.reports.analysts.table import Ask, read_table
from tracker.reports.analysts.texts import TEXTS, ToldText
from tracker.reports.analysts.views import Words
from tracker.web.language import language_of
from tracker.web.pages import Pages

MOST_DRAWN_DAYS = 92


class _Download(NamedTuple):
    name: str  # as people say it
    format_: str  # ClickHouse's name
    content_type: str


# By how a file's name ends.
_DOWNLOADS = {
    "csv": _Download("CSV", "CSVWithNames", "text/csv; charset=utf-8"),
    "parquet": _Download("Parquet", "Parquet", "application/vnd.apache.parquet"),
}

_TOLD_WITH = {401: {"WWW-Authenticate": 'Link realm="reports"'}, 503: {"Retry-After": "60"}}
_UNKNOWN_FORMAT = 73  # of a ClickHouse server of the operator's own: our protocol to it carries no file formats

log = logging.getLogger(__name__)


class AnalystPages:
    def __init__(
        self,
        programme: Callable[[], Programme],
        *,
        name: str,
        access: Access,
        ask: Ask,
        now: Callable[[], datetime],
    ) -> None:
        self._programme = programme
        self._access = access
        self._ask = ask
        self._now = now
        self._pages = Pages("tracker.reports.analysts", programme=name, home="/")

    def routes(self) -> list[web.RouteDef]:
        """Whatever is asked below `/reports` without leave gets the same answer, so that nothing is given away."""
        return [
            web.get("/reports", self.answer),
            web.get("/reports/{page:.*}", self.answer),
        ]

    async def answer(self, request: web.Request) -> web.Response:
        if (opened := self._access.take_token(request)) is not None:
            return opened
        if not self._access.admits(request):
            return self._told(request, 401)
        try:
            return await self._page(request)
        except (StoreUnavailableError, WarehouseQueryError) as error:
            log.warning("A report cannot be answered: %s", error)
            if isinstance(error, WarehouseTooOldError):
                return self._told(request, 501, self._words(request).text.no_views)
            is_no_format = isinstance(error, WarehouseQueryError) and error.code == _UNKNOWN_FORMAT
            return self._told(request, 501 if is_no_format else 503)

    async def _page(self, request: web.Request) -> web.Response:
        page = request.match_info.get("page", "")
        if not page:
            return await self._overview(request)
        name, dot, download = page.partition(".")
        question = QUESTIONS.get(name)
        if question is None or (dot and download not in _DOWNLOADS):
            raise web.HTTPNotFound
        asked = self._asked(request)
        if download:
            return await self._download(question, asked, download)
        return await self._report(request, question, asked)

    async def _overview(self, request: web.Request) -> web.Response:
        words, asked = self._words(request), self._asked(request)
        headline, daily, told = await asyncio.gather(
            read_table(self._ask, sql("figures/headline.sql"), asked),
            read_table(self._ask, sql("figures/daily.sql"), asked),
            disclose(self._ask, asked, today(self._now())),
        )
        is_drawn = asked.days <= MOST_DRAWN_DAYS
        return self._response(
            request,
            "overview.html",
            asked,
            headline=words.headline(headline),
            chart=words.chart(("day",), "valid_clicks", daily, Shape.COLUMNS) if is_drawn else None,
            table=words.table(daily),
            disclosure=words.disclosure(told),
        )

    async def _report(self, request: web.Request, question: Question, asked: Asked) -> web.Response:
        words = self._words(request)
        table, told = await asyncio.gather(
            read_table(self._ask, question.sql, asked), disclose(self._ask, asked, today(self._now()))
        )
        return self._response(
            request,
            "report.html",
            asked,
            name=question.name,
            said=words.text.questions[question.name],
            charts=words.charts(question, table),
            shape=question.shape,
            table=words.table(table),
            downloads=[
                (download.name, asked.address(f"/reports/{question.name}.{kind}"))
                for kind, download in _DOWNLOADS.items()
            ],
            sql=question.sql,
            disclosure=words.disclosure(told),
        )

    async def _download(self, question: Question, asked: Asked, kind: str) -> web.Response:
        download = _DOWNLOADS[kind]
        body = await self._ask(question.sql, download.format_, asked.parameters)
        name = "_".join(filter(None, (question.name, str(asked.since), str(asked.until), asked.partner)))
        headers = {
            "Content-Type": download.content_type,
            "Content-Disposition": f'attachment; filename="{name}.{kind}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(body=body, headers=headers)

    def _response(self, request: web.Request, template: str, asked: Asked, **values: object) -> web.Response:
        words = self._words(request)
        return self._pages.response(
            request,
            template,
            language=words.language,
            status=200,
            text=words.text,
            asked=asked,
            partners=sorted(
                words.partners.items() | {(asked.partner, words.partners.get(asked.partner, asked.partner))}
            ),
            links=[(name, said, asked.address(f"/reports/{name}")) for name, said in words.text.questions.items()],
            overview=asked.address("/reports"),
            path=request.path,
            other_language=asked.address(request.path, lang=words.other_language),
            **values,
        )

    def _told(self, request: web.Request, status: int, said: ToldText | None = None) -> web.Response:
        words = self._words(request)
        response = self._pages.response(
            request,
            "told.html",
            language=words.language,
            status=status,
            said=said or words.text.told[status],
            other_language=f"{request.path}?lang={words.other_language}",
        )
        response.headers.update(_TOLD_WITH.get(status, {}))
        return response

    def _asked(self, request: web.Request) -> Asked:
        return read_asked(request.query, self._now())

    def _words(self, request: web.Request) -> Words:
        language = language_of(request)
        names = {partner.id: partner.name for partner in self._programme().partners.values()}
        return Words(TEXTS[language], language, names)
