"""Serves an application: every connection is guarded, and some of its requests are answered at its front door."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from tracker.telemetry import Telemetry
from tracker.web.connections import Connections
from tracker.web.doorway import ConnectionAtDoor
from tracker.web.front_door import FRONT_DOOR, FrontDoor
from tracker.web.guard import Guard, GuardedConnection, Patience

_LOOK_SECONDS = 0.02


def make_runner(
    app: web.Application,
    telemetry: Telemetry,
    patience: Patience | None = None,
    connections: Connections | None = None,
) -> "GuardedRunner":
    """Serve the app with a guard on every connection, and no more of them than `connections` admits."""
    return GuardedRunner(app, Guard(telemetry, patience or Patience(), connections or Connections(telemetry)))


class GuardedRunner(web.AppRunner):
    def __init__(self, app: web.Application, guard: Guard) -> None:
        super().__init__(app, access_log=None)
        self._guard = guard
        self._sweeper: asyncio.Task[None] | None = None

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        server = _GuardedServer(self._guard, plain, self.app.get(FRONT_DOOR))
        self._sweeper = asyncio.create_task(self._guard.sweep(server))
        return server

    async def leave(self, patience: Callable[[], float]) -> None:
        """Accept nothing more; what comes on connections that are open is the last there, and told so. Returns when
        all are closed, or so many seconds after now: who kept one open and silent for as long may send into the void.
        """
        self._guard.is_leaving = True
        for site in list(self.sites):
            await site.stop()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while self.server is not None and self.server.connections and loop.time() < begun + patience():  # noqa: ASYNC110 - ends once a process
            await asyncio.sleep(_LOOK_SECONDS)

    async def cleanup(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeper
        await super().cleanup()


class _GuardedServer(web.Server):
    """Makes our connections where aiohttp would make its own."""

    def __init__(self, guard: Guard, plain: web.Server, door: FrontDoor | None) -> None:
        handler: Any = plain.request_handler  # its requests are those that the application makes
        super().__init__(handler, request_factory=plain.request_factory)
        self._guard = guard
        self._door = door
        self._arguments: dict[str, Any] = {
            "keepalive_timeout": guard.patience.idle,
            "lingering_time": guard.patience.head,
            "access_log": None,
            "auto_decompress": False,
        }

    def __call__(self) -> GuardedConnection:
        loop = asyncio.get_running_loop()
        if self._door is None:
            return GuardedConnection(self._guard, self, loop=loop, **self._arguments)
        return ConnectionAtDoor(self._door, self._guard, self, loop=loop, **self._arguments)
