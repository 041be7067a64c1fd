"""A connection whose requests may be answered at the front door, one at a time, in the order in which they come."""

import asyncio
from contextlib import suppress
from typing import Any, TypeAlias

from aiohttp import StreamReader
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD

from tracker.web.front_door import FrontDoor
from tracker.web.guard import GuardedConnection

_Message: TypeAlias = tuple[Any, StreamReader]  # as aiohttp queues them


class ConnectionAtDoor(GuardedConnection):
    """aiohttp reads the requests and answers what is not taken at the door, in its loop (`RequestHandler.start`). While
    that loop sleeps, or has not begun, and nothing waits for it, the door is asked before it is woken."""

    __slots__ = ("_door", "_held", "_left", "_taken")

    def __init__(self, door: FrontDoor, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._door = door
        self._taken: _Message | None = None  # the request that is being answered at the door
        self._held = b""  # what came meanwhile
        self._left: asyncio.Future[None] | None = None  # set when it is answered, if somebody waits for that

    def data_received(self, data: bytes) -> None:
        if self._taken is not None:
            self._held += data
            self._pause_transport_reading()
            return
        begun, sleeper = self._request_count, self._waiter
        if self._messages or (begun and sleeper is None):  # somebody is being answered by the loop
            super().data_received(data)
            return
        self._waiter = None
        try:
            super().data_received(data)
        finally:
            self._waiter = sleeper
        if self._close or self._force_close:
            if sleeper is not None:
                sleeper.cancel()
        elif self._request_count != begun + 1 or not self._goes_by_the_door():
            self._wake()

    def _goes_by_the_door(self) -> bool:
        message, payload = self._messages[0]
        if not isinstance(message, RawRequestMessage) or payload is not EMPTY_PAYLOAD or self._paused:
            return False
        self._taken = self._messages.popleft()
        if not self._door.take(message, self._peer, self._answer):
            self._messages.append(self._taken)
            self._taken = None
            return False
        return True

    def _answer(self, head: bytes | None) -> None:
        """None: it is for aiohttp's loop after all."""
        taken, self._taken = self._taken, None
        if self._left is not None and not self._left.done():
            self._left.set_result(None)
        if self.transport is None or self._parser is None or taken is None:
            return  # who asked has gone
        if head is None:
            self._messages.append(taken)
            self._wake()
        else:
            self._parser.message_consumed()
            self._send(head, self.transport)
        if self._held:
            held, self._held = self._held, b""
            self._resume_transport_reading()
            self.data_received(held)

    def _send(self, head: bytes, transport: asyncio.Transport) -> None:
        if self.guard.is_leaving:
            transport.write(head + b"Connection: close\r\n\r\n")
            self.force_close()
            self._held = b""
        else:
            transport.write(head + b"\r\n")
            self._keep_open()

    def _keep_open(self) -> None:
        """As aiohttp's loop does after each answer."""
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)

    def _process_keepalive(self) -> None:
        if self._taken is not None:  # which aiohttp takes for idle
            self._keepalive_handle = None
            self._keep_open()
        else:
            super()._process_keepalive()

    def _wake(self) -> None:
        if self._messages and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109 - aiohttp names it
        if self._taken is not None:
            self._left = self._loop.create_future()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._left
        await super().shutdown(timeout)
