"""Between the browsers and the tracker: it remembers what the pages sent, and breaks what a test wants broken."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from browser_tests.browser import PATIENCE, until

_OF_ONE_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Exchange:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    at: float  # time.monotonic() of its arrival
    status: int
    answer: bytes


@dataclass(frozen=True)
class Fault:
    """What becomes of a request: it waits, then is answered with that status; without one it goes through. `gone`: the
    connection is closed without a word."""

    delay: float = 0.0
    status: int | None = None
    gone: bool = False


@dataclass
class Proxy:
    """Its `host` is a name below localhost, so that pages there are a secure context."""

    host: str
    target: str
    port: int = 0
    faults: dict[str, Fault] = field(default_factory=dict)  # by the beginning of a path
    exchanges: list[Exchange] = field(default_factory=list, repr=False)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @contextmanager
    def broken(self, path: str, fault: Fault) -> Iterator[None]:
        self.faults[path] = fault
        try:
            yield
        finally:
            del self.faults[path]

    def seen(self, method: str, path: str, since: float = 0.0) -> list[Exchange]:
        """Those whose path ends so, since a time of time.monotonic()."""
        return [one for one in self.exchanges if one.method == method and one.path.endswith(path) and one.at >= since]

    async def until_seen(self, method: str, path: str, since: float = 0.0, seconds: float = PATIENCE) -> Exchange:
        async def found() -> list[Exchange]:
            return self.seen(method, path, since)

        return (await until(found, seconds))[0]

    async def handle(self, request: web.Request, client: aiohttp.ClientSession) -> web.StreamResponse:
        arrived = time.monotonic()
        body = await request.read()
        fault = next((fault for path, fault in self.faults.items() if request.path.startswith(path)), Fault())
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.gone and request.transport is not None:
            request.transport.abort()
        if fault.gone or fault.status is not None:
            answer = web.Response(status=fault.status or 502, text="broken by the test")
        else:
            answer = await self._forwarded(request, body, client)
        self.exchanges.append(
            Exchange(
                request.method,
                request.path,
                request.query_string,
                dict(request.headers),
                body,
                arrived,
                answer.status,
                answer.body if isinstance(answer.body, bytes) else b"",
            )
        )
        return answer

    async def _forwarded(self, request: web.Request, body: bytes, client: aiohttp.ClientSession) -> web.Response:
        try:
            async with client.request(
                request.method,
                f"{self.target}{request.raw_path}",
                headers=[(name, value) for name, value in request.headers.items() if name.lower() not in _OF_ONE_HOP],
                data=body or None,
                allow_redirects=False,
            ) as answer:
                response = web.Response(status=answer.status, body=await answer.read())
                response.headers.clear()
                for name, value in answer.headers.items():
                    if name.lower() not in _OF_ONE_HOP:
                        response.headers.add(name, value)
                return response
        except aiohttp.ClientError:
            return web.Response(status=502)


@asynccontextmanager
async def proxy_to(target: str, host: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(host, target)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(
        timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    ) as client:

        async def handle(request: web.Request) -> web.StreamResponse:
            return await proxy.handle(request, client)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        [(_, proxy.port)] = runner.addresses
        try:
            yield proxy
        finally:
            await runner.cleanup()
