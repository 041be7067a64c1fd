"""Slow, silent and malformed senders: aiohttp waits for them for ever and writes a traceback for each."""

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler

from tracker.telemetry import OPEN_CONNECTIONS, REFUSED_REQUESTS, SLOW_CONNECTIONS, Telemetry
from tracker.web.connections import Connections
from tracker.web.errors import refusal
from tracker.web.front_door import FRONT_DOOR, FrontDoor

log = logging.getLogger(__name__)

_HEAD_END = b"\r\n\r\n"
_LOOK_SECONDS = 0.02
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


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
        if door is not None:
            handler = door.before(handler)
        super().__init__(handler, request_factory=plain.request_factory)
        self._guard = guard
        self._arguments: dict[str, Any] = {
            "keepalive_timeout": guard.patience.idle,
            "lingering_time": guard.patience.head,
            "access_log": None,
            "auto_decompress": False,
        }

    def __call__(self) -> RequestHandler:
        return _GuardedConnection(self._guard, self, loop=asyncio.get_running_loop(), **self._arguments)


class _GuardedConnection(RequestHandler):
    """Remembers since when it waits for the rest of a request; `payload` is the body that it waits for, if any."""

    __slots__ = ("_admitted", "_guard", "_queries", "payload", "waiting_since")

    def __init__(self, guard: "_Guard", *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._guard = guard
        self.waiting_since: float | None = None
        self.payload: StreamReader | None = None
        self._queries = _Queries()
        self._admitted: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.waiting_since = self._loop.time()
        peer = transport.get_extra_info("peername")
        self._admitted = self._guard.connections.admit(peer[0] if isinstance(peer, tuple) else "")
        if self._admitted is None:
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self._admitted is not None:
            self._guard.connections.leave(self._admitted)

    def data_received(self, data: bytes) -> None:
        if self._admitted is None:
            return
        begun = self._request_count
        super().data_received(self._queries.encode(data))
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


class _Queries:
    """Percent-encodes what is not ASCII in a query: aiohttp refuses it unread, and real senders of postbacks write
    `promo_code=СКИДКА`. Only in a request line that we know to be one: the first of a connection, and each that comes
    after heads that end with their packet. Once a body, or a second request in a packet, came, bytes pass as they are.
    """

    __slots__ = ("_head", "_in_query", "_line_ended", "_lost")

    def __init__(self) -> None:
        self._lost = False
        self._begin()

    def _begin(self) -> None:
        self._in_query = self._line_ended = False
        self._head = b""  # the last bytes of the head so far

    def lose(self) -> None:
        """A body follows, and nobody tells us where it ends."""
        self._lost = True

    def encode(self, data: bytes) -> bytes:
        if self._lost:
            return data
        head = self._head + data
        end = head.find(_HEAD_END)
        encoded = data if self._line_ended else self._encode_line(data)
        if end < 0:
            self._head = head[-3:]
        elif end + len(_HEAD_END) == len(head):
            self._begin()
        else:
            self._lost = True
        return encoded

    def _encode_line(self, data: bytes) -> bytes:
        line, newline, rest = data.partition(b"\n")
        self._line_ended = bool(newline)
        path, mark, query = (b"", b"", line) if self._in_query else line.partition(b"?")
        self._in_query = self._in_query or bool(mark)
        if query.isascii():
            return data
        return path + mark + _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], query) + newline + rest


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
