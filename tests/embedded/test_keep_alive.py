"""A server that dies is started again, never in a hot loop, and not while we are stopping."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from time import monotonic

import pytest

from tests.embedded.test_valkey import client_of
from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.keep_alive import keep_alive
from tracker.embedded.valkey import EmbeddedValkey

log = logging.getLogger(__name__)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_a_killed_server_runs_again_with_its_data(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    server, stopping = EmbeddedValkey(data), asyncio.Event()
    await server.start()
    first = server.pid
    async with client_of(server) as client:
        await client.set("click", "kept")
    keeping = asyncio.create_task(keep_alive(server, stopping=stopping, log=log))
    os.kill(first, signal.SIGKILL)

    async def runs_again() -> bool:
        await asyncio.sleep(0)
        return "runs again" in caplog.text

    with caplog.at_level(logging.WARNING):
        await until(runs_again)
    async with client_of(server) as client:
        assert await client.get("click") == "kept"
    stopping.set()
    await keeping
    await server.stop()


class DiesAtOnce:
    """A server that cannot live, as on a full disk."""

    name = "Broken"

    def __init__(self, enough: int, stopping: asyncio.Event) -> None:
        self.starts: list[float] = []
        self._enough = enough
        self._stopping = stopping

    async def start(self) -> None:
        self.starts.append(monotonic())
        if len(self.starts) == self._enough:
            self._stopping.set()
        if len(self.starts) % 2:
            raise EmbeddedServerError("Broken ended while starting.")

    async def wait(self) -> None:
        return


async def test_a_server_that_cannot_live_is_tried_less_and_less_often(caplog: pytest.LogCaptureFixture) -> None:
    stopping = asyncio.Event()
    server = DiesAtOnce(4, stopping)
    async with asyncio.timeout(20):
        await keep_alive(server, stopping=stopping, log=log)
    pauses = [later - earlier for earlier, later in pairwise(server.starts)]
    assert [round(pause, 1) >= least for pause, least in zip(pauses, (0.2, 0.4, 0.8), strict=True)] == [True] * 3
    assert "Broken could not be started: Broken ended while starting." in caplog.text


class LoadsForEver(DiesAtOnce):
    async def start(self) -> None:
        self._stopping.set()
        await asyncio.Event().wait()


async def test_stopping_gives_up_a_start_that_takes_for_ever() -> None:
    stopping = asyncio.Event()
    async with asyncio.timeout(20):
        await keep_alive(LoadsForEver(1, stopping), stopping=stopping, log=log)
