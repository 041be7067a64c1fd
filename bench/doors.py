"""The same answer behind the router and the middlewares, and behind the front door, whole and as a bare redirect;
without sockets."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from aiohttp import web

from tracker.app.limiting import Limiting
from tracker.settings import read_settings
from tracker.telemetry import Telemetry
from tracker.web import TrustedProxies, Watch, make_runner, middleware, watched
from tracker.web.front_door import FRONT_DOOR, FrontDoor
from tracker.web.redirect import Redirect
from tracker.web.wrong import pages_for_people

_REQUEST = (
    b"GET /go/shop-07?b=home-top HTTP/1.1\r\nHost: go.example\r\nX-Forwarded-For: 93.80.7.9\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html\r\n\r\n"
)
_KINDS = {"/go/{partner}": "click_out"}

Asking: TypeAlias = Callable[[int], Awaitable[None]]  # so many times


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
async def doors() -> AsyncIterator[tuple[Asking, Asking, Asking]]:
    """Through the router, through the door with a whole response, and as the tracker does it."""
    async with AsyncExitStack() as stack:
        ways = []
        for door, redirect in ((False, Redirect), (True, _whole_response), (True, Redirect)):
            runner = make_runner(_application(redirect, door=door), Telemetry())
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            ways.append(_asked(runner))
        yield ways[0], ways[1], ways[2]


def _whole_response(location: str) -> web.Response:
    return web.Response(status=302, headers={"Location": location, "Cache-Control": "no-store"})


def _application(redirect: Callable[[str], web.StreamResponse], *, door: bool) -> web.Application:
    telemetry, proxies = Telemetry(), TrustedProxies(["127.0.0.0/8"])
    watch = Watch(telemetry, proxies, _KINDS.values())
    limiting = Limiting.by(read_settings({"TRACKER_LIMIT_CLICKS": "10000000"}))

    async def answer(_: web.Request, partner: str) -> web.StreamResponse:
        return redirect(f"https://{partner}.example/")

    async def handle(request: web.Request) -> web.StreamResponse:
        return await answer(request, request.match_info["partner"])

    app = web.Application(
        middlewares=[
            watched(watch, _KINDS), pages_for_people("Bench"), middleware(telemetry, lambda: os.urandom(8).hex()),
            limiting.middleware(proxies.address_of, telemetry),
        ]
    )  # fmt: skip
    limiting.routes.put(app.add_routes([web.get("/go/{partner}", handle)]), limiting.clicks)
    if door:
        app[FRONT_DOOR] = FrontDoor(
            "/go", answer, kind="click_out", watch=watch, limit=limiting.clicks, exempt=limiting.exempt,
            address=proxies.read_address, new_request_id=lambda: os.urandom(8).hex(), now=time.monotonic,
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
