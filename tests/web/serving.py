"""A small application behind our guard and our error middleware, and raw connections to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from tracker.errors import StoreUnavailableError
from tracker.telemetry import Telemetry
from tracker.web import LARGEST_BODY, GuardedRunner, Patience, make_runner, middleware, request_id

SHORT = Patience(head=0.3, body=0.5, idle=0.4)
GOOD = b"GET / HTTP/1.1\r\nHost: tracker.example\r\n\r\n"


@dataclass
class Serving:
    port: int
    telemetry: Telemetry
    runner: GuardedRunner
    is_slow: bool = False  # somebody waits in /slow
    go: asyncio.Event = field(default_factory=asyncio.Event)  # what /slow waits for

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Connection"]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Connection(reader, writer)
        finally:
            writer.close()

    async def answer_to(self, sent: bytes) -> "Answer":
        async with self.connection() as connection:
            connection.send(sent)
            return await connection.answer()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, sent: bytes) -> None:
        self.writer.write(sent)

    async def answer(self) -> Answer:
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(head[0].split()[1]), headers, body)

    async def seconds_until_closed(self) -> float:
        """From now; whatever is still sent to us is thrown away."""
        started = asyncio.get_running_loop().time()
        async with asyncio.timeout(5):
            try:
                while await self.reader.read(2**16):
                    pass
            except ConnectionError:
                pass
        return asyncio.get_running_loop().time() - started


@asynccontextmanager
async def serving(patience: Patience | None = SHORT) -> AsyncIterator[Serving]:
    telemetry = Telemetry()
    numbers = count(1)
    app = web.Application(
        middlewares=[middleware(telemetry, lambda: f"request-{next(numbers)}")], client_max_size=LARGEST_BODY
    )
    runner = make_runner(app, telemetry, patience)
    served = Serving(0, telemetry, runner)

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=request_id(request))

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def query(request: web.Request) -> web.Response:
        return web.Response(text=request.query["promo_code"])

    async def slow(_: web.Request) -> web.Response:
        served.is_slow = True
        await served.go.wait()
        return web.Response(text="at last")

    async def away(_: web.Request) -> web.Response:
        raise StoreUnavailableError("Valkey did not answer")

    async def broken(_: web.Request) -> web.Response:
        raise ValueError("secret-in-a-traceback")

    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPSeeOther("/there")

    app.add_routes(
        [
            web.get("/", hello), web.post("/", echo), web.get("/slow", slow), web.get("/query", query),
            web.get("/away/{secret}", away),
            web.get("/broken/{secret}", broken), web.get("/elsewhere", elsewhere),
        ]
    )  # fmt: skip
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        served.port = runner.addresses[0][1]
        yield served
    finally:
        served.go.set()
        await runner.cleanup()
