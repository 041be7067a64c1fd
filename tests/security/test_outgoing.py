"""The one request that we make to the world, the notification: limited in time and size, and it goes where it is told
to by partners.yaml alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web
from aiohttp.test_utils import TestServer

from tracker.core.partner import Notify
from tracker.core.standard_webhooks import secret_of
from tracker.notify.post import Post, open_client

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SECRET = secret_of(b"s" * 32)


@asynccontextmanager
async def receiver() -> AsyncIterator[str]:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while True:
                await answer.write(b"x" * 65_536)
        except ConnectionError:
            return answer

    app = web.Application()
    app.add_routes([web.post("/endless", endless)])
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    async with receiver() as address, open_client() as client, asyncio.timeout(30):
        answer = await Post(client, Notify(f"{address}endless", (SECRET,)))("m-1", b"{}", NOW)
    assert answer.status == 200
    assert len(answer.text) <= 1_000
