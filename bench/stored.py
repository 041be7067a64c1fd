"""What the tracker has stored: whatever was answered with an id must be there, once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Self

import psutil
from redis.asyncio import Redis

from bench.cores import worked
from bench.tracked import part_of
from bench.wrk import Ran, Target, Wrk
from tests.running import RunningTracker
from tracker.store.clicks import STREAMS

_SETTLED_SECONDS = 0.5  # what was under way when the drain or the generator stopped
_REPLAY_SECONDS = 120
_SHIP_SECONDS = 600
_MANY = 64  # connections


class Stored:
    """The drain rests while it is measured, so that every click is still in its stream and can be counted."""

    def __init__(self, tracker: RunningTracker, valkey: Redis) -> None:
        self._tracker = tracker
        self._streams = valkey
        self._valkey = part_of(tracker, "valkey")
        self._drain = part_of(tracker, "drain")
        self._total = 0
        self._valkey_worked = 0.0

    @classmethod
    @asynccontextmanager
    async def of(cls, tracker: RunningTracker) -> AsyncIterator[Self]:
        valkey = Redis.from_url(tracker.valkey_url)
        try:
            yield cls(tracker, valkey)
        finally:
            await valkey.aclose()

    async def run(self, wrk: Wrk, target: Target, connections: int, seconds: int) -> Ran:
        with self.drain_rests():
            await asyncio.sleep(_SETTLED_SECONDS)
            before, worked_before = await self.count(), worked([self._valkey])
            ran = await wrk.run(target, connections, seconds)
            await asyncio.sleep(_SETTLED_SECONDS)
            self._valkey_worked += worked([self._valkey]) - worked_before
            await self.check(target, connections, ran.answered, before)
        return ran

    async def run_without_valkey(self, wrk: Wrk, target: Target, connections: int, seconds: int) -> Ran:
        """Valkey hangs meanwhile: clicks go to the journal, and are counted when they have come out of it."""
        with self.drain_rests():
            await asyncio.sleep(_SETTLED_SECONDS)
            before = await self.count()
            with _suspended(self._valkey):
                until_away = await wrk.run(target, _MANY, 4)  # the first of each slot waits for Valkey
                ran = await wrk.run(target, connections, seconds)
            await self._until_replayed()
            await self.check(target, connections + _MANY, until_away.answered + ran.answered, before)
        return ran

    def drain_rests(self) -> AbstractContextManager[None]:
        return _suspended(self._drain)

    async def count(self) -> int:
        """Clicks in the streams."""
        return sum([int(await self._streams.xlen(stream)) for stream in STREAMS])

    async def check(self, target: Target, connections: int, answered: int, before: int) -> None:
        """Raises SystemExit when clicks are missing, or too many: requests that were under way at the end were stored,
        and nobody waited for their answers."""
        expected, spare = (answered, connections) if target.answer == "with_id" else (0, 0)
        stored = await self.count() - before
        if not expected <= stored <= expected + spare:
            raise SystemExit(f"{target.name}: {expected} were answered with an id, {stored} clicks were stored.")
        self._total += stored

    def valkey_cost(self) -> float:
        """Microseconds of its processor a click."""
        return 1e6 * self._valkey_worked / self._total

    async def check_shipped(self) -> None:
        """Raises SystemExit when analysts do not see exactly what was stored."""
        async with asyncio.timeout(_SHIP_SECONDS):
            while await self.count():
                await asyncio.sleep(0.2)
        [row] = await asyncio.to_thread(self._tracker.query, "SELECT count() AS clicks FROM analytics.clicks")
        if int(row["clicks"]) != self._total:
            raise SystemExit(f"{self._total} clicks were stored, ClickHouse has {row['clicks']}.")

    async def _until_replayed(self) -> None:
        async with asyncio.timeout(_REPLAY_SECONDS):
            while any(file.stat().st_size for file in (self._tracker.data / "journal").iterdir()):
                await asyncio.sleep(0.1)
        await asyncio.sleep(_SETTLED_SECONDS)


@contextmanager
def _suspended(process: psutil.Process) -> Iterator[None]:
    process.suspend()
    try:
        yield
    finally:
        process.resume()
