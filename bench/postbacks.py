"""Postbacks stored and decided by a whole tracker on its embedded PostgreSQL, every answer checked."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NamedTuple

import asyncpg

from bench.closed_loop import Answered, wrk
from bench.cores import two_cores
from bench.live_clicks import put_live_clicks
from bench.partners import partner_ids, secret_name, write_partners
from bench.postback_plan import APART, Message, Plan, again, mixed, restated
from bench.processor_time import PARTS, processor_seconds
from bench.recorded_clicks import RecordedClick, record_clicks
from bench.requests import Client, FellBehindError, at_rate, one_after_the_other, percentile, written
from bench.table import Table
from bench.tracked import put_apart
from tests.running import RunningTracker, data_folder, secrets_of

PARTNERS = 8
CLICKS = 10_000
SECONDS = 6
FASTEST = 4_000  # messages a second that a plan is long enough for
CONNECTIONS = (1, 8, 64, 256)
LATENCY_SECONDS = 15
LATENCY_RATES = (100, 300, 750)
KINDS: dict[str, Callable[[int], list[Message]]] = {
    "new": lambda number: [Message(order) for order in range(number)],
    "duplicate": again,
    "restated": restated,
}
HEAD = ("", "postbacks a second", "worker µs each", "PostgreSQL µs", "Valkey µs", "drain µs", "p50 ms", "p99 ms")
HOW = (
    f"wrk in a closed loop over so many connections, {SECONDS} s each, GET messages of {PARTNERS} partners about "
    f"{CLICKS:,} clicks that the tracker recorded; new orders, exact duplicates and restated sums in turn. fsync and "
    "synchronous_commit are on, and no setting was changed but the number of workers: from loopback there is no limit "
    "of a rate, and of one partner a worker decides 64 messages at once. The generator, the drain and all stores share "
    "the 2 cores; one worker has the first to itself. Microseconds are user and system time."
)
CHECKED = (
    "After each run every message that was answered was in PostgreSQL, each once, with the verdict and each order with "
    "the status and cashback that were known before."
)


class Loop(NamedTuple):
    found: Answered
    microseconds: Mapping[str, float]  # of the processor a message, by part

    @property
    def cost(self) -> float:
        """Of all parts."""
        return sum(self.microseconds.values())


@dataclass
class Postbacks:
    """One tracker that is asked."""

    tracker: RunningTracker
    clicks: Sequence[RecordedClick]
    folder: Path
    postgres: "asyncpg.Connection[asyncpg.Record]"
    partners: int
    pinned: bool
    _plans: "count[int]"

    async def closed_loop(self, messages: Sequence[Message], connections: int, warm_up: int) -> Loop:
        plan = self._plan(messages)
        paths = plan.paths()
        await self._send(paths[:warm_up])
        await self._shipped()
        file = self.folder / "paths"
        file.write_text("\n".join(paths[warm_up:]) + "\n")
        before = processor_seconds(self.tracker)
        found = await wrk(
            self.tracker.url, file, connections, SECONDS, ("taskset", "-c", str(two_cores()[1])) if self.pinned else ()
        )
        after = processor_seconds(self.tracker)
        spent = {part: after[part] - before[part] for part in PARTS}
        assert not found.refused, found
        assert not found.broken, found
        await self._check(plan, warm_up + found.answered, connections)
        return Loop(found, {part: seconds / found.answered * 1e6 for part, seconds in spent.items()})

    async def mixed(self, connections: int) -> Loop:
        return await self.closed_loop(mixed(FASTEST * SECONDS // 2), connections, 3 * APART)

    async def open_loop(self, rate: int) -> list[str]:
        plan = self._plan(mixed(2 * APART + rate * LATENCY_SECONDS // 3))
        paths = plan.paths()
        warm_up = 3 * APART
        await self._send(paths[:warm_up])
        await self._shipped()
        client = Client(self.tracker.url)
        try:
            taken = await at_rate(client, map(written, paths[warm_up:]), rate, APART // 2)
        except FellBehindError:
            return ["fell behind", "", ""]
        finally:
            await client.close()
        await self._check(plan, warm_up + len(taken), 0)
        return [f"{percentile(taken, share) * 1000:.1f}" for share in (0.5, 0.99, 0.999)]

    def _plan(self, messages: Sequence[Message]) -> Plan:
        secrets = secrets_of(self.tracker).postback
        addresses = {one: f"/pb/{one}/{secrets[secret_name(one)]}" for one in partner_ids(self.partners)}
        return Plan(f"plan{next(self._plans)}", messages, self.clicks, addresses)

    async def _send(self, paths: Sequence[str]) -> None:
        client = Client(self.tracker.url)
        for answer in await one_after_the_other(client, map(written, paths), 32):
            assert answer.status == 200, answer
        await client.close()

    async def _check(self, plan: Plan, answered: int, open_end: int) -> None:
        await self._shipped()
        await plan.check(self.postgres, answered, open_end)

    async def _shipped(self) -> None:
        """Until ClickHouse has everything, so that one run does not pay for another."""
        async with asyncio.timeout(300):
            while await self.postgres.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
                await asyncio.sleep(0.2)


@asynccontextmanager
async def asked_tracker(workers: int, partners: int = PARTNERS, *, live: bool = False) -> AsyncIterator[Postbacks]:
    """With clicks of all partners in it; `live`: and a million that nobody asks for. One worker has the first core for
    itself."""
    with data_folder() as data:
        file = data.parent / "partners.yaml"
        write_partners(file, partners)
        tracker = RunningTracker(data, file, workers)
        if live:
            await put_live_clicks(tracker)
        async with tracker:
            clicks = await record_clicks(tracker, partner_ids(partners), CLICKS)
            if workers == 1:
                put_apart(tracker)
            postgres = await asyncpg.connect(tracker.postgres_dsn)
            try:
                yield Postbacks(tracker, clicks, data.parent, postgres, partners, workers == 1, count())
            finally:
                await postgres.close()


async def measure() -> AsyncIterator[Table]:
    async with asked_tracker(workers=1) as asked:
        rows = [[f"one worker, {number} connections", *_row(await asked.mixed(number))] for number in CONNECTIONS]
        kinds = [
            [kind, *_row(await asked.closed_loop(of_kind(FASTEST * SECONDS), 64, 4 * APART))]
            for kind, of_kind in KINDS.items()
        ]
    async with asked_tracker(workers=2) as asked:
        rows += [[f"2 workers, {number} connections", *_row(await asked.mixed(number))] for number in CONNECTIONS]
        yield Table("Postbacks stored and decided", HEAD, rows, (HOW, CHECKED))
        yield Table("Postbacks by kind: one worker, 64 connections", HEAD, kinds)
        latencies = [[f"{rate} a second", *await asked.open_loop(rate)] for rate in LATENCY_RATES]
    how = f"An open loop of {LATENCY_SECONDS} s: each answer is timed from when its message was due."
    yield Table("Postbacks at a fixed arrival rate: 2 workers", ("", "p50 ms", "p99 ms", "p99.9 ms"), latencies, [how])


def _row(loop: Loop) -> list[str]:
    found, each = loop.found, [f"{loop.microseconds[part]:.0f}" for part in PARTS]
    return [f"{found.rate:.0f}", *each, f"{found.p50 * 1000:.1f}", f"{found.p99 * 1000:.1f}"]
