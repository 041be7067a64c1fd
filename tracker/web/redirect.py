"""A 302 that leads exactly where it says: `HTTPFound` rewrites the address, and signed partner links with it."""

from collections.abc import Mapping, Sequence
from email.utils import formatdate
from time import time

from aiohttp import web


def redirect(location: str) -> web.Response:
    return web.Response(status=302, headers={"Location": location, "Cache-Control": "no-store"})


def head_of(location: str, cookies: Sequence[str], more: Mapping[str, str]) -> bytes:
    """The head of such an answer as it is sent, but for the empty line at its end. Raises ValueError for what would
    begin a line of its own."""
    said = "".join((location, *cookies, *more.values()))
    if "\r" in said or "\n" in said or "\0" in said:
        raise ValueError("a header would be more than one line")
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nCache-Control: no-store\r\nContent-Length: 0\r\n"
    for cookie in cookies:
        head += f"Set-Cookie: {cookie}\r\n"
    for name, value in more.items():
        head += f"{name}: {value}\r\n"
    return f"{head}Date: {_date.now()}\r\n".encode()


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
