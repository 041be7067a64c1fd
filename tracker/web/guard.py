"""Slow, silent and malformed senders: aiohttp waits for them for ever and writes a traceback for each."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler

from tracker.telemetry import OPEN_CONNECTIONS, REFUSED_REQUESTS, SLOW_CONNECTIONS, Telemetry
from tracker.web.connections import Connections
from tracker.web.errors import refusal
from tracker.web.queries import Queries

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a sender has."""

    head: float = 5  # for the request line and all headers, from the connection or from their first byte
    body: float = 10
    idle: float = 15  # between two requests


class Guard:
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
                if isinstance(connection, GuardedConnection) and connection.is_late(now):
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


class GuardedConnection(RequestHandler):
    """Remembers since when it waits for the rest of a request; `payload` is the body that it waits for, if any."""

    __slots__ = ("_admitted", "_peer", "_queries", "guard", "payload", "waiting_since")

    def __init__(self, guard: Guard, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.guard = guard
        self._peer = ""
        self.waiting_since: float | None = None
        self.payload: StreamReader | None = None
        self._queries = Queries()
        self._admitted: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.waiting_since = self._loop.time()
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if isinstance(peer, tuple) else ""
        self._admitted = self.guard.connections.admit(self._peer)
        if self._admitted is None:
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self._admitted is not None:
            self.guard.connections.leave(self._admitted)

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
            return now - self.waiting_since > self.guard.patience.head
        if self.payload.is_eof():
            self.waiting_since = None
            return False
        return now - self.waiting_since > self.guard.patience.body

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if not resp.prepared:
            resp.headers.setdefault("Server", "tracker")  # aiohttp would name its version, and Python's
            if self.guard.is_leaving:
                resp.force_close()
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What aiohttp could not read. Its own version logs a dozen lines and repeats the sender's bytes."""
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        self.guard.note_malformed(exc)
        return refusal(status, "malformed", "The request cannot be read as HTTP.")
