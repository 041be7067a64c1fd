"""Everybody who is asked for the same click-outs, started and ready."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import psutil

from bench.bare import bare_aiohttp, nginx
from bench.cores import pin, two_cores
from bench.shoppers import Shoppers
from bench.stored import Stored
from bench.tracked import put_apart, running, workers_of
from bench.wrk import Ran, Target, Wrk
from tests.running import RunningTracker, free_port

NGINX = "nginx `return 302`"
BARE = "bare aiohttp + uvloop, 302"
PASSED = "click-out, passed browser"
STRANGER = "click-out, no shopper"
ASKED = "checks page"
AWAY = "click-out, Valkey away"

Results: TypeAlias = dict[tuple[str, int], list[Ran]]  # by name and connections
_Run: TypeAlias = Callable[[Wrk, Target, int, int], Awaitable[Ran]]


@dataclass(frozen=True, slots=True)
class Measured:
    target: Target
    run: _Run  # also compares what it was answered with what was stored


@dataclass(frozen=True, slots=True)
class Compared:
    tracker: RunningTracker
    shoppers: Shoppers
    stored: Stored
    measured: Sequence[Measured]

    def only(self, *names: str) -> "Compared":
        return replace(self, measured=[one for one in self.measured if one.target.name in names])

    def target(self, name: str) -> Target:
        return next(one.target for one in self.measured if one.target.name == name)

    def put_apart(self) -> None:
        """Who answers on one core, everything else on the other."""
        put_apart(self.tracker)
        pin([process for one in self.measured for process in one.target.processes], two_cores()[0])


@asynccontextmanager
async def compared(folder: Path, workers: int) -> AsyncIterator[Compared]:
    async with running(workers) as tracker, Stored.of(tracker) as stored:
        shoppers, ports = Shoppers(tracker, folder), (free_port(), free_port())
        with nginx(ports[0], folder) as front, bare_aiohttp(ports[1], workers) as bare:
            await asyncio.gather(*map(_listens, ports))
            yield Compared(tracker, shoppers, stored, _measured(tracker, stored, ports, front, bare))


def _measured(
    tracker: RunningTracker,
    stored: Stored,
    ports: tuple[int, int],
    front: Sequence[psutil.Process],
    bare: Sequence[psutil.Process],
) -> list[Measured]:
    ours = workers_of(tracker)
    return [
        Measured(Target(NGINX, f"http://127.0.0.1:{ports[0]}", front, "passed", "moved"), Wrk.run),
        Measured(Target(BARE, f"http://127.0.0.1:{ports[1]}", bare, "passed", "moved"), Wrk.run),
        Measured(Target(PASSED, tracker.url, ours, "passed", "with_id"), stored.run),
        Measured(Target(STRANGER, tracker.url, ours, "stranger", "with_id", "&go=1"), stored.run),
        Measured(Target(ASKED, tracker.url, ours, "unchecked", "pages"), stored.run),
        Measured(Target(AWAY, tracker.url, ours, "passed", "with_id"), stored.run_without_valkey),
    ]


async def _listens(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)
