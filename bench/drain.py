"""A backlog in Valkey's streams, drained into the embedded engine and into a ClickHouse server: clicks a second.

Environment: BENCH_CLICKS, how many (1,000,000).
"""

import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache

import msgspec
import psutil

from bench.document import ROOT
from bench.facts import clicks
from bench.stores import Stores, bundled_stores, cpu_seconds
from bench.table import Table
from tests.clickhouse import clickhouse_server
from tracker.store.clicks import FACT_FIELD, STREAMS
from tracker.store.hot_click import place_of

CLICKS = int(os.environ.get("BENCH_CLICKS", "1_000_000"))
BAR = 100_000  # clicks a second into the embedded engine
RUNS = 3
_AN_HOUR = 3600
_TRIP = 5_000


@dataclass(frozen=True, slots=True)
class Drained:
    seconds: float
    cpu: float  # of the drain's process; the embedded engine works in it
    valkey_cpu: float
    server_cpu: float
    memory_kib: int

    @property
    def rate(self) -> float:
        return CLICKS / self.seconds


async def measure() -> AsyncIterator[Table]:
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)  # a server that is starting does not answer
    async with bundled_stores() as stores:
        embedded = [await _into_the_embedded_engine(stores) for _ in range(RUNS)]
        rows = [_row("embedded engine", embedded)]
        if shutil.which("clickhouse-server"):
            server = [await _into_a_server(stores) for _ in range(RUNS)]
            rows.append(_row("ClickHouse server 18.16, native protocol", server))
    yield Table(
        title="A backlog drained",
        head=["into", "clicks/s", "CPU of the drain, µs/click", "of Valkey", "of the server", "memory of the drain"],
        rows=rows,
        notes=[
            (
                f"{CLICKS:,} clicks of one hour wait in the 16 streams; median of {RUNS} runs, with the least and the "
                "most. Valkey and PostgreSQL are the bundled ones, on the same cores. After each run ClickHouse had "
                "as many rows as clicks were put in, all different, and the streams were empty."
            ),
            (
                f"Bar: {BAR:,} a second into the embedded engine; "
                f"{'met' if _median(embedded, lambda run: run.rate) >= BAR else 'missed'}."
            ),
        ],
    )


async def _into_the_embedded_engine(stores: Stores) -> Drained:
    folder = stores.data / "bench-warehouse"
    try:
        return await _drained(stores, str(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _into_a_server(stores: Stores) -> Drained:
    with clickhouse_server() as server:
        return await _drained(stores, server.url, server.process.pid)


async def _drained(stores: Stores, warehouse: str, server: int = 0) -> Drained:
    await _fill(stores)
    valkey_before, server_before = await cpu_seconds(stores.valkey), _process_cpu(server)
    child = [sys.executable, "-m", "bench.draining", warehouse, stores.valkey_url, stores.dsn]
    done = await asyncio.to_thread(subprocess.run, child, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the drain failed: {done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    left = sum([await stores.valkey.xlen(stream) for stream in STREAMS])
    if (told["rows"], told["different"], left) != (CLICKS, CLICKS, 0):
        raise SystemExit(f"{CLICKS} clicks were put in; ClickHouse has {told}, {left} are left in the streams")
    return Drained(
        told["seconds"],
        told["cpu"],
        await cpu_seconds(stores.valkey) - valkey_before,
        _process_cpu(server) - server_before,
        told["memory_kib"],
    )


@cache
def _backlog() -> list[tuple[str, bytes]]:
    """By stream, as `ClickStore` writes them, without the hot records."""
    facts = clicks(CLICKS, int(time.time()) // _AN_HOUR * _AN_HOUR - _AN_HOUR, _AN_HOUR)
    return [(f"clicks:{place_of(fact.click_id).slot}", msgspec.msgpack.encode(fact)) for fact in facts]


async def _fill(stores: Stores) -> None:
    for first in range(0, CLICKS, _TRIP):
        async with stores.valkey.pipeline(transaction=False) as pipeline:
            for stream, entry in _backlog()[first : first + _TRIP]:
                pipeline.execute_command("XADD", stream, "*", FACT_FIELD, entry)
            await pipeline.execute()


def _process_cpu(pid: int) -> float:
    if not pid:
        return 0.0
    used = psutil.Process(pid).cpu_times()
    return used.user + used.system


def _row(into: str, runs: list[Drained]) -> list[str]:
    rates = sorted(run.rate for run in runs)

    def a_click(cost: Callable[[Drained], float]) -> str:
        return f"{_median(runs, cost) / CLICKS * 1_000_000:.1f}"

    return [
        into,
        f"{_median(runs, lambda run: run.rate):,.0f} ({rates[0]:,.0f} to {rates[-1]:,.0f})",
        a_click(lambda run: run.cpu),
        a_click(lambda run: run.valkey_cpu),
        a_click(lambda run: run.server_cpu) if any(run.server_cpu for run in runs) else "in the drain",
        f"{_median(runs, lambda run: run.memory_kib) / 1024:.0f} MiB",
    ]


def _median(runs: list[Drained], of: Callable[[Drained], float]) -> float:
    return sorted(map(of, runs))[len(runs) // 2]
