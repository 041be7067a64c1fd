"""`/reports/reconciliations`: every comparison with a statement; one of them with its differences, and as CSV."""

import csv
import io
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from aiohttp import web

from tracker.core.differences import COLUMNS, row_of
from tracker.core.partner import Programme
from tracker.core.reconciliation import Cause, Difference, Kind, Run
from tracker.errors import StoreUnavailableError
from tracker.reports.reconciliation.texts import TEXTS
from tracker.reports.reconciliation.views import PATH, Filter, Words
from tracker.web.language import language_of
from tracker.web.pages import Pages

SHOWN_RUNS = 50
SHOWN_LINES = 100
_FILE_LINES = 2_000

log = logging.getLogger(__name__)


class Access(Protocol):
    """Who may read."""

    def admits(self, request: web.Request) -> bool: ...

    def take_token(self, request: web.Request) -> web.Response | None: ...


class Runs(Protocol):
    """Every method raises StoreUnavailableError."""

    async def latest(self, *, limit: int, before: Run | None = None) -> list[Run]: ...

    async def one(self, run_id: str) -> Run | None: ...

    async def differences(self, run: Run, *, kind: str, cause: str, after: str, limit: int) -> list[Difference]: ...


class ReconciliationPages:
    def __init__(self, programme: Callable[[], Programme], *, name: str, access: Access, runs: Runs) -> None:
        self._programme = programme
        self._access = access
        self._runs = runs
        self._pages = Pages("tracker.reports.reconciliation", programme=name, home="/")

    def routes(self) -> list[web.RouteDef]:
        """They stand before the analysts' own, which answer whatever else is below `/reports`."""
        return [
            web.get("/reports/reconciliations", self.answer),
            web.get("/reports/reconciliations/{run}", self.answer),
        ]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if (opened := self._access.take_token(request)) is not None:
            return opened
        text = self._words(request).text
        if not self._access.admits(request):
            return self._told(request, 401, text.told_title, text.told_lead, text.told_steps)
        try:
            return await self._page(request)
        except StoreUnavailableError as error:
            log.warning("Reconciliations cannot be shown: %s", error)
            return self._told(request, 503, text.away_title, text.away_lead)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        run_id, dot, kind_of_file = request.match_info.get("run", "").partition(".")
        if not run_id:
            return await self._list(request)
        run = await self._runs.one(run_id)
        if run is None or (dot and kind_of_file != "csv"):
            raise web.HTTPNotFound
        chosen = _filter(request)
        return await self._file(request, run, chosen) if dot else await self._run(request, run, chosen)

    async def _list(self, request: web.Request) -> web.Response:
        before = await self._runs.one(request.query["before"]) if "before" in request.query else None
        runs = await self._runs.latest(limit=SHOWN_RUNS + 1, before=before)
        more = f"{PATH}?before={runs[SHOWN_RUNS - 1].run_id}" if len(runs) > SHOWN_RUNS else ""
        words = self._words(request)
        return self._response(request, "runs.html", runs=[words.run_row(run) for run in runs[:SHOWN_RUNS]], more=more)

    async def _run(self, request: web.Request, run: Run, chosen: Filter) -> web.Response:
        after = _storable(request.query.get("after", ""))
        found = await self._runs.differences(run, **chosen._asdict(), after=after, limit=SHOWN_LINES + 1)
        more = chosen.address(run, after=found[SHOWN_LINES - 1].order_id) if len(found) > SHOWN_LINES else ""
        words = self._words(request)
        return self._response(
            request,
            "run.html",
            row=words.run_row(run),
            headline=words.headline(run),
            applied=words.applied(run),
            filters=[
                (words.text.kinds, chosen._replace(kind="").address(run), not chosen.kind, words.kinds(run, chosen)),
                (
                    words.text.causes,
                    chosen._replace(cause="").address(run),
                    not chosen.cause,
                    words.causes(run, chosen),
                ),
            ],
            lines=words.lines(found[:SHOWN_LINES]),
            more=more,
            download=chosen.address(run, ".csv"),
        )

    async def _file(self, request: web.Request, run: Run, chosen: Filter) -> web.StreamResponse:
        """In pieces: a statement of a million lines may differ in many."""
        found = await self._runs.differences(run, **chosen._asdict(), after="", limit=_FILE_LINES)
        headers = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="reconciliation_{run.partner_id}_{run.at:%Y-%m-%d}.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        await response.write(_csv([COLUMNS]))
        while found:
            await response.write(_csv([row_of(one) for one in found]))
            after = found[-1].order_id
            found = await self._runs.differences(run, **chosen._asdict(), after=after, limit=_FILE_LINES)
        await response.write_eof()
        return response

    def _response(self, request: web.Request, template: str, status: int = 200, **values: object) -> web.Response:
        words = self._words(request)
        other = "en" if words.language == "ru" else "ru"
        return self._pages.response(
            request,
            template,
            language=words.language,
            status=status,
            text=words.text,
            path=PATH,
            other_language=str(request.rel_url.update_query(lang=other)),
            **values,
        )

    def _told(
        self, request: web.Request, status: int, title: str, lead: str, steps: Sequence[str] = ()
    ) -> web.Response:
        return self._response(request, "told.html", status, said={"title": title, "lead": lead, "steps": steps})

    def _words(self, request: web.Request) -> Words:
        language, programme = language_of(request), self._programme()
        names = {partner.id: partner.name for partner in programme.partners.values()}
        return Words(TEXTS[language], language, programme.timezone, names)


def _filter(request: web.Request) -> Filter:
    """What is no kind or cause filters nothing."""
    kind, cause = request.query.get("kind", ""), request.query.get("cause", "")
    return Filter(kind if kind in list(Kind) else "", cause if cause in list(Cause) else "")


def _storable(text: str) -> str:
    """Empty: PostgreSQL has no such text, so no order has such an id."""
    return "" if any(one == "\0" or 0xD800 <= ord(one) < 0xE000 for one in text) else text


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
