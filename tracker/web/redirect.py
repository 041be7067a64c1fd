"""A 302 that leads exactly where it says: `HTTPFound` rewrites the address, and signed partner links with it."""

from email.utils import formatdate
from time import time

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter


class Redirect(web.StreamResponse):
    """It has no body, so its head is all there is to prepare: what a whole response needs is left out."""

    def __init__(self, location: str) -> None:
        super().__init__(status=302, headers={"Location": location, "Cache-Control": "no-store", "Content-Length": "0"})

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if self._payload_writer is not None:
            return self._payload_writer
        writer = self._payload_writer = request.writer
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        self._headers["Date"] = _date.now()
        if not self._keep_alive:
            self._headers["Connection"] = "close"
        await writer.write_headers(f"HTTP/{request.version[0]}.{request.version[1]} 302 Found", self._headers)
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        if not self._eof_sent and self._payload_writer is not None:
            self._eof_sent = True
            await self._payload_writer.write_eof(data)


class _Date:
    """As HTTP writes it: once a second is often enough."""

    def __init__(self) -> None:
        self._second = 0
        self._written = ""

    def now(self) -> str:
        second = int(time())
        if second != self._second:
            self._second, self._written = second, formatdate(second, usegmt=True)
        return self._written


_date = _Date()
