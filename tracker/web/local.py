"""A port that has no password answers only to names of this machine: a web page elsewhere could point a name of its own
at 127.0.0.1 and read what it likes through a visitor's browser (DNS rebinding)."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from tracker.web.errors import refusal

_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


@web.middleware
async def local_names_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    name = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    if name.lower() not in _NAMES:
        return refusal(403, "foreign_host", "Ask for this port as localhost; a proxy must set the Host header to it.")
    return await handler(request)
