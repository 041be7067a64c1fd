"""Slow, silent and malformed senders: aiohttp waits for them for ever and writes a traceback for each."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler

from tracker.telemetry import OPEN_CONNECTIONS, REFUSED_REQUESTS, SLOW_CONNECTIONS, Telemetry
from tracker.web.connections import Connections
from tracker.web.errors import refusal
from tracker.web.front_door import FRONT_DOOR, FrontDoor
from tracker.web.queries import Queries

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a sender has."""

    head: float = 5  # for the request line and all headers, from the connection or from their first byte
    body: float = 10
    idle: float = 15  # between two requests


def make_runner(
    app: web.Application,
    telemetry: Telemetry,
    patience: Patience | None = None,
    connections: Connections | None = None,
) -> "GuardedRunner":
    """Serve the app with a guard on every connection, and no more of them than `connections` admits."""
    return GuardedRunner(app, _Guard(telemetry, patience or Patience(), connections or Connections(telemetry)))


class GuardedRunner(web.AppRunner):
    def __init__(self, app: web.Application, guard: "_Guard") -> None:
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

    def __init__(self, guard: "_Guard", plain: web.Server, door: FrontDoor | None) -> None:
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

    def __call__(self) -> RequestHandler:
        return _GuardedConnection(self._guard, self._door, self, loop=asyncio.get_running_loop(), **self._arguments)


class _GuardedConnection(RequestHandler):
    """Remembers since when it waits for the rest of a request; `payload` is the body that it waits for, if any."""

    __slots__ = (
        "_admitted",
        "_at_door",
        "_door",
        "_guard",
        "_held",
        "_left",
        "_peer",
        "_queries",
        "payload",
        "waiting_since",
    )

    def __init__(self, guard: "_Guard", door: FrontDoor | None, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._guard = guard
        self._door = door
        self._at_door = False  # a request is answered there
        self._held = b""  # what came meanwhile
        self._left: asyncio.Future[None] | None = None  # set when it is answered, if somebody waits for that
        self.waiting_since: float | None = None
        self.payload: StreamReader | None = None
        self._queries = Queries()
        self._admitted: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.waiting_since = self._loop.time()
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if isinstance(peer, tuple) else ""
        self._admitted = self._guard.connections.admit(self._peer)
        if self._admitted is None:
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self._admitted is not None:
            self._guard.connections.leave(self._admitted)

    def data_received(self, data: bytes) -> None:
        if self._admitted is None:
            return
        if self._at_door:
            self._held += data
            self._pause_transport_reading()
            return
        begun = self._request_count
        # While aiohttp's loop sleeps, and nothing waits for it, the front door is asked before it is woken.
        sleeper = self._waiter if self._door and not self._messages else None
        if sleeper is not None:
            self._waiter = None
        super().data_received(self._queries.encode(data))
        if sleeper is not None:
            self._waiter = sleeper
            if self._request_count == begun + 1 and self._goes_by_the_door():
                return
            self._wake()
        if self._request_count != begun and self.payload is not None and not self.payload.is_eof():
            self._break_off(self.payload)
        elif self._request_count != begun:  # a request line and all its headers are here
            self.payload = self._messages[-1][1]
            self.waiting_since = None if self.payload.is_eof() else self._loop.time()
            if not self.payload.is_eof():
                self._queries.lose()
        elif self.waiting_since is None and not self._request_in_progress:
            self.payload = None
            self.waiting_since = self._loop.time()

    def _goes_by_the_door(self) -> bool:
        message, payload = self._messages[0]
        if not isinstance(message, RawRequestMessage) or payload is not EMPTY_PAYLOAD or self._paused or self._close:
            return False
        self._at_door = True
        if self._door is None or not self._door.take(message, self._peer, self._answer):
            self._at_door = False
            return False
        self.payload = self.waiting_since = None
        return True

    def _answer(self, head: bytes | None) -> None:
        """From the front door. None: it is for aiohttp's loop after all."""
        self._at_door = False
        if self._left is not None:
            self._left.set_result(None)
        if self.transport is None or self._parser is None:
            return  # who asked has gone
        if head is None:
            self._wake()
        else:
            self._messages.popleft()
            self._parser.message_consumed()
            self._send(head, self.transport)
        if self._held:
            held, self._held = self._held, b""
            self._resume_transport_reading()
            self.data_received(held)

    def _send(self, head: bytes, transport: asyncio.Transport) -> None:
        if self._guard.is_leaving:
            transport.write(head + b"Connection: close\r\n\r\n")
            transport.close()
            return
        transport.write(head + b"\r\n")
        self._keep_open()

    def _keep_open(self) -> None:
        """As aiohttp's loop does after each answer."""
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)

    def _process_keepalive(self) -> None:
        if self._at_door:  # which aiohttp takes for idle
            self._keepalive_handle = None
            self._keep_open()
        else:
            super()._process_keepalive()

    def _wake(self) -> None:
        if self._messages and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109 - aiohttp names it
        if self._at_door:
            self._left = self._loop.create_future()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._left
        await super().shutdown(timeout)

    def _break_off(self, payload: StreamReader) -> None:
        """The rest of a body cannot be read. aiohttp puts the error behind its request, which waits for that rest."""
        self._messages.pop()
        if self._current_request is not None or self._messages:
            payload.set_exception(web.RequestPayloadError("the body breaks off"))
        payload.feed_eof()
        self.waiting_since = None
        self.close()  # after the answer

    def is_late(self, now: float) -> bool:
        if self.waiting_since is None:
            return False
        if self.payload is None:
            return now - self.waiting_since > self._guard.patience.head
        if self.payload.is_eof():
            self.waiting_since = None
            return False
        return now - self.waiting_since > self._guard.patience.body

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if self._guard.is_leaving and not resp.prepared:
            resp.force_close()
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What aiohttp could not read. Its own version logs a dozen lines and repeats the sender's bytes."""
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        self._guard.note_malformed(exc)
        return refusal(status, "malformed", "The request cannot be read as HTTP.")


class _Guard:
    def __init__(self, telemetry: Telemetry, patience: Patience, connections: Connections) -> None:
        self.patience = patience
        self.is_leaving = False
        self.connections = connections
        self._telemetry = telemetry
        self._unlogged = 0
        self._open = 0
        telemetry.count(SLOW_CONNECTIONS, by=0)

    async def sweep(self, server: web.Server) -> None:
        """One look at all connections now and then costs less than a timer on each."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.patience.head / 5)
            now = loop.time()
            self._telemetry.count(OPEN_CONNECTIONS, by=len(server.connections) - self._open)
            self._open = len(server.connections)
            for connection in list(server.connections):
                if isinstance(connection, _GuardedConnection) and connection.is_late(now):
                    self._telemetry.count(SLOW_CONNECTIONS)
                    connection.force_close()
            self._log_malformed()

    def note_malformed(self, error: BaseException | None) -> None:
        self._telemetry.count(REFUSED_REQUESTS, "malformed")
        if not self._unlogged:
            log.warning("a request that is no HTTP: %s", type(error).__name__)
        self._unlogged += 1

    def _log_malformed(self) -> None:
        """A flood of them is one line a second."""
        if self._unlogged > 1:
            log.warning("%d more requests that are no HTTP", self._unlogged - 1)
        self._unlogged = 0
