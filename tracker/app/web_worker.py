"""One web worker: it serves on a socket that is handed to it, and leaves when it is asked to."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from tracker import keys
from tracker.app.in_force import InForce
from tracker.app.limiting import Limiting, connections
from tracker.app.routes import Routes
from tracker.app.stores import journaled_clicks, open_stores, open_warehouse
from tracker.board import State
from tracker.settings import Settings
from tracker.telemetry import Telemetry
from tracker.web import GuardedRunner, TrustedProxies, make_runner

_NEW_OBJECTS = 10_000  # between two looks for garbage in circles; Python's own 700 are 20 click-outs


class WebWorker:
    """One that serves: what can be asked of it from outside."""

    def __init__(self, in_force: InForce, runner: GuardedRunner, leaving: asyncio.Event) -> None:
        self.reload = in_force.reload
        self._runner = runner
        self._leaving = leaving

    def announce_leave(self) -> None:
        """Serve as before, and be not ready: a balancer sends the next requests elsewhere."""
        self._leaving.set()

    async def leave(self, patience: Callable[[], float]) -> None:
        """Accept nothing more, finish what is under way; see `GuardedRunner.leave`."""
        await self._runner.leave(patience)


@asynccontextmanager
async def open_web_worker(
    settings: Settings, listening: socket.socket, telemetry: Telemetry
) -> AsyncIterator[WebWorker]:
    """Serves on that socket inside the block; requests under way are finished behind it."""
    secrets = keys.load(settings.data)
    in_force = InForce(settings, telemetry)
    proxies = TrustedProxies(settings.trusted_proxies)
    leaving = asyncio.Event()
    async with (
        open_warehouse(settings) as warehouse,
        open_stores(settings, secrets, warehouse.old_clicks, telemetry) as stores,
        journaled_clicks(settings, stores, telemetry) as clicks,
    ):
        limiting = Limiting.by(settings)
        routes = Routes(
            settings, secrets, in_force, proxies, telemetry, limiting, stores, warehouse, clicks, leaving.is_set
        )
        runner = make_runner(routes.application(), telemetry, connections=connections(settings, telemetry))
        await runner.setup()
        try:
            await web.SockSite(runner, listening, backlog=1024).start()
            _forget_garbage_so_far()
            telemetry.place.state = State.READY
            yield WebWorker(in_force, runner, leaving)
        finally:
            telemetry.place.state = State.LEAVING
            await runner.cleanup()


def _forget_garbage_so_far() -> None:
    """What was made until now stays: to look through all of it for garbage, now or again and again, would make shoppers
    wait. And a request leaves no circles behind: it is enough to look for some after a hundred of them."""
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)
