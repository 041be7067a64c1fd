"""The same answer behind the router and the middlewares, and from the front door; without sockets."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from aiohttp import web
from multidict import CIMultiDictProxy

from tracker.app.limiting import Limiting
from tracker.settings import read_settings
from tracker.telemetry import Telemetry
from tracker.web import TrustedProxies, Watch, make_runner, middleware, watched
from tracker.web.front_door import FRONT_DOOR, Done, FrontDoor, Visit
from tracker.web.redirect import redirect
from tracker.web.wrong import pages_for_people

_REQUEST = (
    b"GET /go/shop-07?b=home-top HTTP/1.1\r\nHost: go.example\r\nX-Forwarded-For: 93.80.7.9\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html\r\n\r\n"
)
_KINDS = {"/go/{partner}": "click_out"}

Asking: TypeAlias = Callable[[int], Awaitable[None]]  # so many times


class _Answers:
    def may_begin(self, query: str, headers: CIMultiDictProxy[str]) -> bool:  # noqa: ARG002
        return True

    def begin(self, visit: Visit, done: Done) -> bool:
        asyncio.get_running_loop().call_soon(done, f"https://{visit.name}.example/", ())
        return True


class _Wire(asyncio.Transport):
    """Between a connection and nobody."""

    answered = False

    def write(self, data: Any) -> None:  # noqa: ARG002
        self.answered = True

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 4711) if name == "peername" else default


@asynccontextmanager
async def doors() -> AsyncIterator[tuple[Asking, Asking]]:
    """Through the router, and through the door."""
    async with AsyncExitStack() as stack:
        ways = []
        for door in (False, True):
            runner = make_runner(_application(door=door), Telemetry())
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            ways.append(_asked(runner))
        yield ways[0], ways[1]


def _application(*, door: bool) -> web.Application:
    telemetry, proxies = Telemetry(), TrustedProxies(["127.0.0.0/8"])
    watch = Watch(telemetry, proxies, _KINDS.values())
    limiting = Limiting.by(read_settings({"TRACKER_LIMIT_CLICKS": "10000000"}))

    async def handle(request: web.Request) -> web.StreamResponse:
        return redirect(f"https://{request.match_info['partner']}.example/")

    app = web.Application(
        middlewares=[
            watched(watch, _KINDS), pages_for_people("Bench"), middleware(telemetry, lambda: os.urandom(8).hex()),
            limiting.middleware(proxies.address_of, telemetry),
        ]
    )  # fmt: skip
    limiting.routes.put(app.add_routes([web.get("/go/{partner}", handle)]), limiting.clicks)
    if door:
        app[FRONT_DOOR] = FrontDoor(
            "/go", _Answers(), kind="click_out", watch=watch, proxies=proxies, limit=limiting.clicks,
            exempt=limiting.exempt, new_request_id=lambda: os.urandom(8).hex(), now=time.monotonic,
        )  # fmt: skip
    return app


def _asked(runner: web.AppRunner) -> Asking:
    assert runner.server is not None
    connection, wire = runner.server(), _Wire()
    connection.connection_made(wire)

    async def ask(times: int) -> None:
        for _ in range(times):
            wire.answered = False
            connection.data_received(_REQUEST)
            while not wire.answered:
                await asyncio.sleep(0)

    return ask
