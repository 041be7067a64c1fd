"""ClickHouse's HTTP protocol for analysts: their usual client asks, the engine answers in any of its formats."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec
from aiohttp import web

from tracker.core.click import Click
from tracker.errors import StoreUnavailableError, WarehouseQueryError
from tracker.ports import ShopperClick
from tracker.reports.guard import Queries, guarded
from tracker.reports.statement import DATABASE
from tracker.web import request_id
from tracker.web.forms import read_form

DEFAULT_FORMAT = "TabSeparated"
PARAMETER = "param_"

_CANNOT_PARSE_INPUT = 27
_NETWORK_ERROR = 210
_UNKNOWN_DATABASE = 81
_SUPPORT_IS_DISABLED = 344
_QUERY_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
# What ClickHouse answers with other than 500, and no client treats as a failure of the server.
_STATUSES = {
    27: 400, 43: 400, 44: 400, 46: 404, 47: 404, 53: 400, 60: 404, 62: 400, 73: 404, 81: 404, 115: 404, 158: 400,
    159: 408, 160: 408, 164: 403, 210: 503, 215: 400, 241: 500, 344: 501, 386: 400, 396: 400, 456: 400, 457: 400,
    497: 403,
}  # fmt: skip
_CONTENT_TYPES = {
    "CSV": "text/csv; charset=UTF-8",
    "JSON": "application/json; charset=UTF-8",
    "NDJSON": "application/x-ndjson; charset=UTF-8",
    "Pretty": "text/plain; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "Vertical": "text/plain; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
}


class Clicks(Protocol):
    async def find(self, click_id: str, clicked_at_seconds: int) -> Click | None: ...


class ShopperClicks(Protocol):
    async def clicks(self, shopper_id: str, since: datetime, until: datetime, *, limit: int) -> list[ShopperClick]: ...


class _Asked(NamedTuple):
    text: str
    said: Mapping[str, str]  # beside the text: format, database, param_NAME


class AnalystHttp:
    def __init__(self, queries: Queries, clicks: Clicks, shopper_clicks: ShopperClicks) -> None:
        self._queries = queries
        self._clicks = clicks
        self._shopper_clicks = shopper_clicks

    def routes(self) -> list[web.RouteDef]:
        """For analysts: reads only, `analytics` only."""
        return [
            web.get("/ping", self._ping),
            web.get("/", self._query),
            web.post("/", self._query),
        ]

    def internal_routes(self) -> list[web.RouteDef]:
        """For our own processes, over the unix socket alone: a click as it was recorded, with its shopper."""
        return [
            *self.routes(),
            web.get(r"/click/{click_id}/{second:\d+}", self._find_click),
            web.get("/clicks-of/{shopper}", self._clicks_of),
        ]

    async def _ping(self, request: web.Request) -> web.Response:  # noqa: ARG002 - every handler has this shape
        return web.Response(text="Ok.\n")

    async def _query(self, request: web.Request) -> web.Response:
        try:
            asked = await _read(request)
            if not asked.text.strip():
                return web.Response(text="Ok.\n")
            return await self._answer(request, asked)
        except WarehouseQueryError as error:
            return _failure(str(error), error.code)
        except StoreUnavailableError as error:
            return _failure(f"Code: {_NETWORK_ERROR}. DB::Exception: {error} (NETWORK_ERROR)", _NETWORK_ERROR)

    async def _answer(self, request: web.Request, asked: _Asked) -> web.Response:
        _refuse_what_is_not_spoken(asked.said)
        parameters = {
            name.removeprefix(PARAMETER): value for name, value in asked.said.items() if name.startswith(PARAMETER)
        }
        statement = await guarded(self._queries, asked.text, parameters)
        wished = request.headers.get("X-ClickHouse-Format") or asked.said.get("default_format")
        format_ = statement.format_ or wished or DEFAULT_FORMAT
        body = await self._queries.query_as_analyst(statement.sql, format_=format_, parameters=parameters)
        headers = {
            "Content-Type": _content_type(format_),
            "X-ClickHouse-Format": format_,
            "X-ClickHouse-Timezone": "UTC",
            "X-ClickHouse-Query-Id": _query_id(request, asked.said),
            "Cache-Control": "no-store",
        }
        response = web.Response(body=body, headers=headers)
        if asked.said.get("enable_http_compression") == "1" and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.enable_compression(web.ContentCoding.gzip)
        return response

    async def _find_click(self, request: web.Request) -> web.Response:
        click = await self._clicks.find(request.match_info["click_id"], int(request.match_info["second"]))
        return web.Response(body=msgspec.json.encode(click), content_type="application/json")

    async def _clicks_of(self, request: web.Request) -> web.Response:
        since, until = (datetime.fromisoformat(request.query[name]) for name in ("since", "until"))
        clicks = await self._shopper_clicks.clicks(
            request.match_info["shopper"], since, until, limit=int(request.query["limit"])
        )
        return web.Response(body=msgspec.json.encode(clicks), content_type="application/json")


async def _read(request: web.Request) -> _Asked:
    """The text is what the address says, continued by the body; a form says all of it by name, as `curl -F`."""
    said: dict[str, str] = dict(request.query)
    said.setdefault("database", request.headers.get("X-ClickHouse-Database", ""))
    if request.content_type != "multipart/form-data":
        body = (await request.read()).decode(errors="replace")
        return _Asked("\n".join(filter(None, (said.get("query", ""), body))), said)
    try:
        form = dict(await read_form(request))
    except ValueError as error:
        text = f"Code: {_CANNOT_PARSE_INPUT}. DB::Exception: The form cannot be read. (CANNOT_PARSE_INPUT)"
        raise WarehouseQueryError(text, _CANNOT_PARSE_INPUT) from error
    for name, value in form.items():
        if not isinstance(value, str):
            text = f"Code: {_SUPPORT_IS_DISABLED}. DB::Exception: No tables can be sent along. (SUPPORT_IS_DISABLED)"
            raise WarehouseQueryError(text, _SUPPORT_IS_DISABLED)
        said[name] = value
    return _Asked(said.get("query", ""), said)


def _query_id(request: web.Request, said: Mapping[str, str]) -> str:
    """The sender's own, else the request's number in our log."""
    given = said.get("query_id", "")
    return given if _QUERY_ID.fullmatch(given) else request_id(request)


def _refuse_what_is_not_spoken(query: Mapping[str, str]) -> None:
    if query.get("database", DATABASE) not in (DATABASE, "default", ""):
        text = f"Code: {_UNKNOWN_DATABASE}. DB::Exception: Analysts have the database {DATABASE}. (UNKNOWN_DATABASE)"
        raise WarehouseQueryError(text, _UNKNOWN_DATABASE)
    if query.get("compress", "0") != "0" or query.get("decompress", "0") != "0":
        text = f"Code: {_SUPPORT_IS_DISABLED}. DB::Exception: Set compress=0. (SUPPORT_IS_DISABLED)"
        raise WarehouseQueryError(text, _SUPPORT_IS_DISABLED)


def _content_type(format_: str) -> str:
    if format_ == "JSONEachRow":
        return _CONTENT_TYPES["NDJSON"]
    known = (type_ for prefix, type_ in _CONTENT_TYPES.items() if format_.startswith(prefix))
    return next(known, "application/octet-stream")


def _failure(text: str, code: int) -> web.Response:
    headers = {"X-ClickHouse-Exception-Code": str(code), "Cache-Control": "no-store"}
    return web.Response(status=_STATUSES.get(code, 500), text=f"{text}\n", headers=headers)
