"""A route behind all middlewares, with or without a front door before them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from multidict import CIMultiDictProxy

from tests.web.serving import Answer, Connection
from tracker.errors import StoreUnavailableError
from tracker.exposition import Metric
from tracker.telemetry import (
    LIMITED,
    OUR_ERRORS,
    REFUSED_REQUESTS,
    REQUEST_ID,
    REQUEST_SECONDS,
    Telemetry,
)
from tracker.web import GuardedRunner, Patience, TrustedProxies, Watch, make_runner, middleware, watched
from tracker.web.front_door import FRONT_DOOR, Done, FrontDoor, Visit
from tracker.web.limits import Exempt, Kind, Limits
from tracker.web.redirect import redirect
from tracker.web.wrong import pages_for_people

KINDS = {"/go/{partner}": "click_out"}
COUNTED: tuple[tuple[Metric, *tuple[str, ...]], ...] = (
    *((REQUEST_SECONDS, "click_out", answer) for answer in ("3xx", "4xx", "5xx")),
    (REQUEST_SECONDS, "page", "4xx"), (OUR_ERRORS, "failed"), (OUR_ERRORS, "store_unavailable"),
    (REFUSED_REQUESTS, "encoded_body"), (LIMITED, "clicks"),
)  # fmt: skip
ORDINARY = ("Host: go.example", "X-Forwarded-For: 203.0.113.9")
COOKIES = ("a=1", "b=2")
ID = "ours-of-16-digits"


@dataclass
class Served:
    """What is asked for says what becomes of it: `lab`, `page`, `slow`, `away`, `broken`, `not-after-all`,
    `two-lines`."""

    telemetry: Telemetry = field(default_factory=Telemetry)
    port: int = 0
    handled: list[str] = field(default_factory=list)  # the request ids that the log would have
    long_way: int = 0  # requests that the router has seen
    begun: int = 0  # answers under way at the door
    go: asyncio.Event = field(default_factory=asyncio.Event)  # what `slow` waits for
    _telling: set["asyncio.Future[None]"] = field(default_factory=set)

    async def answer(self, line: str, *headers: str) -> Answer:
        async with self.connection() as connection:
            connection.send(written(line, *headers))
            return await connection.answer()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Connection(reader, writer)
        finally:
            writer.close()

    def counted(self) -> list[float]:
        return [self.telemetry.value(*series) for series in COUNTED]

    async def until_begun(self, number: int) -> None:
        async with asyncio.timeout(5):
            while self.begun < number:
                await asyncio.sleep(0.005)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The long way."""
        partner = request.match_info["partner"]
        self.handled.append(REQUEST_ID.get())
        if partner == "away":
            raise StoreUnavailableError("Valkey did not answer")
        if partner == "broken":
            raise ValueError("secret-in-a-traceback")
        if partner == "page":
            return web.Response(text="words", headers={"X-Robots-Tag": "noindex"})
        if partner == "slow":
            await self.go.wait()
        answer = redirect(_where(partner, request.rel_url.raw_query_string))
        for cookie in COOKIES:
            answer.headers.add("Set-Cookie", cookie)
        return answer

    def may_begin(self, query: str, headers: CIMultiDictProxy[str]) -> bool:  # noqa: ARG002
        return query != "hopeless"

    def begin(self, visit: Visit, done: Done) -> bool:
        """The short way."""
        if visit.name == "page":
            return False
        if visit.name == "broken":
            raise ValueError("told by the long way")
        task = asyncio.ensure_future(self._tell(visit, done))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return True

    async def _tell(self, visit: Visit, done: Done) -> None:
        self.begun += 1
        if visit.name == "slow":
            await self.go.wait()
        if visit.name in ("away", "not-after-all"):
            done(None, ())
        elif visit.name == "two-lines":
            done("https://two-lines.example/\r\nSet-Cookie: evil=1", COOKIES)
        else:
            self.handled.append(visit.request_id)
            done(_where(visit.name, visit.query), COOKIES)


def written(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, *ORDINARY, *headers, "", ""]).encode()


def _where(partner: str, query: str) -> str:
    return f"https://{partner}.example/?{query}&a=%2F..%2F'"


@asynccontextmanager
async def serving(*, door: bool, a_minute: int = 0, patience: Patience | None = None) -> AsyncIterator[Served]:
    async with serving_by(door=door, a_minute=a_minute, patience=patience) as (served, _):
        yield served


@asynccontextmanager
async def serving_by(
    *, door: bool, a_minute: int = 0, patience: Patience | None = None
) -> AsyncIterator[tuple[Served, GuardedRunner]]:
    """With what serves, to be asked to leave."""
    served = Served()
    proxies, exempt, clicks = TrustedProxies(["127.0.0.1"]), Exempt(()), Kind.of("clicks", a_minute)
    watch, limits = Watch(served.telemetry, proxies, KINDS.values()), Limits(Kind.of("pages", 0))

    @web.middleware
    async def counting(request: web.Request, handler: object) -> web.StreamResponse:
        served.long_way += 1
        assert callable(handler)
        answered: web.StreamResponse = await handler(request)
        return answered

    app = web.Application(
        middlewares=[
            counting, watched(watch, KINDS), pages_for_people("Demo"), middleware(served.telemetry, lambda: ID),
            limits.middleware(exempt, proxies.address_of, served.telemetry, lambda: 100.0),
        ]
    )  # fmt: skip
    limits.put(app.add_routes([web.get("/go/{partner}", served.handle)]), clicks)
    if door:
        app[FRONT_DOOR] = FrontDoor(
            "/go", served, kind="click_out", watch=watch, proxies=proxies, limit=clicks, exempt=exempt,
            new_request_id=lambda: ID, now=lambda: 100.0,
        )  # fmt: skip
    runner = make_runner(app, served.telemetry, patience)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.port = runner.addresses[0][1]
    try:
        yield served, runner
    finally:
        await runner.cleanup()
