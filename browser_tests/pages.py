"""A little web server of the tests' own: pages on any name below localhost, and a memory of what was asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from browser_tests.browser import until


@dataclass(frozen=True)
class Asked:
    method: str
    host: str  # without the port
    path: str
    query: str
    body: str
    headers: dict[str, str]


@dataclass
class Pages:
    """`answers` maps (host, path) to a body of HTML, or to a maker of one's own answer."""

    port: int = 0
    answers: dict[tuple[str, str], str | Callable[[web.Request], web.StreamResponse]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def url(self, host: str, path: str = "/") -> str:
        return f"http://{host}.localhost:{self.port}{path}"

    def show(self, host: str, path: str, answer: str | Callable[[web.Request], web.StreamResponse]) -> str:
        """Its address from now on."""
        self.answers[host, path] = answer
        return self.url(host, path)

    def hits(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    async def until_asked(self, path: str) -> Asked:
        async def hits() -> list[Asked]:
            return self.hits(path)

        return (await until(hits))[0]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0].removesuffix(".localhost")
        self.asked.append(
            Asked(request.method, host, request.path, request.query_string, await request.text(), dict(request.headers))
        )
        answer = self.answers.get((host, request.path))
        if callable(answer):
            return answer(request)
        if answer is not None:
            return web.Response(text=answer, content_type="text/html")
        if request.path.endswith(".js"):
            return web.Response(text="window.ran = (window.ran || 0) + 1", content_type="text/javascript")
        return web.json_response({"echo": request.query_string})


@asynccontextmanager
async def serve_pages() -> AsyncIterator[Pages]:
    pages = Pages()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", pages.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    [(_, pages.port)] = runner.addresses
    try:
        yield pages
    finally:
        async with asyncio.timeout(10):
            await runner.cleanup()
