"""A process that is replaced: what is under way is finished, and whoever keeps a connection is told that it ends."""

import asyncio
import socket

import pytest

from tests.web.serving import GOOD, serving
from tracker.web import Patience

LONG = Patience(head=30, body=30, idle=30)
SLOW = GOOD.replace(b"/ ", b"/slow ")


async def test_a_kept_connection_gets_one_more_answer_and_is_told_that_it_is_the_last() -> None:
    async with serving(LONG) as served, served.connection() as kept:
        kept.send(GOOD)
        assert "connection" not in (await kept.answer()).headers
        leaving = asyncio.create_task(served.runner.leave(lambda: 30))
        await asyncio.sleep(0)
        kept.send(GOOD)
        last = await kept.answer()
        assert (last.status, last.headers["connection"]) == (200, "close")
        assert await kept.seconds_until_closed() < 2
        async with asyncio.timeout(5):  # long before its patience ends
            await leaving


async def test_a_request_under_way_is_answered_however_short_the_patience() -> None:
    async with serving(LONG) as served, served.connection() as busy:
        busy.send(SLOW)
        async with asyncio.timeout(5):
            while not served.is_slow:
                await asyncio.sleep(0.01)
        await served.runner.leave(lambda: 0)
        cleaning = asyncio.create_task(served.runner.cleanup())
        await asyncio.sleep(0)
        served.go.set()
        assert (await busy.answer()).body == b"at last"
        await cleaning


async def test_a_silent_connection_is_waited_for_and_no_longer_than_patience_says_now() -> None:
    patience = 60.0
    async with serving(LONG) as served, served.connection():
        while not (served.runner.server and served.runner.server.connections):
            await asyncio.sleep(0.01)
        leaving = asyncio.create_task(served.runner.leave(lambda: patience))
        done, _ = await asyncio.wait([leaving], timeout=0.2)
        assert not done
        patience = 0.0  # SIGTERM came after all
        async with asyncio.timeout(5):
            await leaving


async def test_nobody_new_is_accepted() -> None:
    async with serving(LONG) as served:
        await served.runner.leave(lambda: 0)
        with pytest.raises(OSError, match=r"refused|Errno 111"):
            socket.create_connection(("127.0.0.1", served.port), timeout=2).close()
