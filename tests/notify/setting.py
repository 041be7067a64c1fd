"""Notices on the real PostgreSQL, made as the ledger makes them, and a programme that receives them."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDictProxy
from standardwebhooks import Webhook

from tests.core.revision import revision
from tracker.core.notice import Notice
from tracker.core.partner import Notify
from tracker.core.standard_webhooks import secret_of
from tracker.notify.post import Post, open_client
from tracker.notify.sender import Sender, Surroundings
from tracker.store.notices import open_notices
from tracker.telemetry import Telemetry

SECRET, OLD_SECRET = secret_of(b"n" * 32), secret_of(b"o" * 32)
_REVISION = "INSERT INTO conversion_revisions VALUES ('lab', $1, $2, $3, NULL, 'approved', false, 1, 1, '{}', '{}', $4)"
_ENTRY = "INSERT INTO ledger_entries VALUES ($1, 'lab', $2, $3, $4, $5, $6)"


@dataclass
class Books:
    """What the ledger writes when a purchase is credited or taken back."""

    dsn: str
    revisions: dict[str, int] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def credit(self, order: str, rubles: int, shopper: str = "shopper-1", **said: Any) -> None:
        """`rubles` may be negative: taken back. `said`: what else the revision's fact holds."""
        number = self.revisions[order] = self.revisions.get(order, 0) + 1
        fact = revision(order_id=order, revision=number, shopper_id=shopper, **said)
        connection = await asyncpg.connect(self.dsn)
        try:
            async with connection.transaction():
                await connection.execute(_REVISION, order, number, self.at, msgspec.msgpack.encode(fact))
                for account, kopecks in ((f"available:{shopper}", 100 * rubles), ("receivable:lab", -100 * rubles)):
                    await connection.execute(_ENTRY, uuid.uuid4(), order, number, account, kopecks, self.at)
        finally:
            await connection.close()

    async def rows(self, sql: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()


@dataclass(frozen=True)
class Received:
    headers: CIMultiDictProxy[str]
    body: bytes
    secret: str

    @property
    def notice_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, Any]:
        """As a receiver reads it: only when the signature holds."""
        read: dict[str, Any] = Webhook(self.secret).verify(self.body, dict(self.headers))
        return read

    @property
    def what(self) -> tuple[str, str, int]:
        data = self.said["data"]
        return data["order_id"], self.said["type"], data["cashback"]


Answering = Callable[[dict[str, Any]], web.Response | None]


@dataclass
class Programme:
    """Takes all, unless `answering` says otherwise for what was told; `held` makes every answer wait."""

    url: str = ""
    secret: str = SECRET
    received: list[Received] = field(default_factory=list)
    taken: list[tuple[str, str, int]] = field(default_factory=list)
    answering: Answering = lambda _: None
    held: asyncio.Event | None = None

    async def handle(self, request: web.Request) -> web.Response:
        one = Received(request.headers, await request.read(), self.secret)
        self.received.append(one)
        if self.held is not None:
            await self.held.wait()
        refusal = self.answering(json.loads(one.body))
        if refusal is not None:
            return refusal
        self.taken.append(one.what)
        return web.Response(status=204)

    async def until_taken(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.taken) < count:
                await asyncio.sleep(0.01)

    async def until_received(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.received) < count:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def open_programme() -> AsyncIterator[Programme]:
    programme = Programme()
    app = web.Application()
    app.add_routes([web.post("/hooks", programme.handle)])
    async with TestServer(app) as server:
        programme.url = str(server.make_url("/hooks"))
        yield programme


@dataclass
class Clock:
    """The real time, and what a test lets pass beside it."""

    passed: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def wait(self, **duration: float) -> None:
        self.passed += timedelta(**duration)


@asynccontextmanager
async def sending(
    dsn: str, programme: Programme, clock: Clock, telemetry: Telemetry, *secrets: str
) -> AsyncIterator[None]:
    """A sender runs inside the block, and is stopped behind it."""
    stopping = asyncio.Event()
    async with open_client() as client:
        post = Post(client, Notify(programme.url, secrets or (SECRET,)))
        around = Surroundings(clock.now, lambda: 0.0, {"lab": "LAB"})
        running = asyncio.create_task(Sender(partial(open_notices, dsn), post, around, telemetry).run(stopping))
        try:
            yield
        finally:
            stopping.set()
            await running


def ids(notices: list[Notice]) -> list[str]:
    return [one.notice_id for one in notices]
