"""What a click-out costs, beside who answers the same requests 302 and does nothing else."""

import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from statistics import median

from bench.compared import BARE, PASSED, Compared, Results, compared
from bench.cores import two_cores
from bench.latency import latency
from bench.shoppers import AGENTS, SHOPPERS, SHOPS
from bench.table import Table
from bench.wrk import Ran, Wrk

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
CONNECTIONS = (1, 8, 64, 256)
MOST_CPU = 2.0  # of bare aiohttp's
LEAST_RATE = 0.5

_HEAD = ("answers", "connections", "a second", "of bare aiohttp's rate", "CPU µs each", "of bare aiohttp's CPU")


async def clicks() -> AsyncIterator[Table]:
    with tempfile.TemporaryDirectory() as folder:
        async with compared(Path(folder), workers=1) as one:
            one.put_apart()
            results = await _interleaved(one, CONNECTIONS, Wrk(one.shoppers, two_cores()[1]))
            yield _table("One worker on one core, everything else on the other", results, _how(one))
            yield await latency(one, max(median(run.rate for run in results[PASSED, of]) for of in CONNECTIONS))
            await one.stored.check_shipped()
        async with compared(Path(folder), workers=2) as two:
            results = await _interleaved(two.only(BARE, PASSED), (64, 256), Wrk(two.shoppers, None))
            yield _table("Two workers on two cores, with everything else", results, [_TWO])
            await two.stored.check_shipped()


async def _interleaved(field: Compared, connections: Sequence[int], wrk: Wrk) -> Results:
    """Each once a round, so that what the machine does meanwhile happens to all."""
    results: Results = {}
    field.shoppers.sign()
    for one in field.measured:
        answered = 0
        while answered < AGENTS:  # each agent string is read once, which takes a millisecond
            answered += (await one.run(wrk, one.target, 64, SECONDS)).answered
    for _ in range(ROUNDS):
        field.shoppers.sign()
        for of in connections:
            for one in field.measured:
                results.setdefault((one.target.name, of), []).append(await one.run(wrk, one.target, of, SECONDS))
    return results


def _table(title: str, results: Results, notes: Sequence[str]) -> Table:
    rows = [_row(name, connections, runs, results[BARE, connections]) for (name, connections), runs in results.items()]
    return Table(title, _HEAD, sorted(rows, key=lambda row: int(row[1])), notes)


def _row(name: str, connections: int, runs: Sequence[Ran], bare: Sequence[Ran]) -> Sequence[str]:
    rates = [run.rate / other.rate for run, other in zip(runs, bare, strict=True)]
    costs = [run.cost / other.cost for run, other in zip(runs, bare, strict=True)]
    return (
        name,
        str(connections),
        f"{median(run.rate for run in runs):,.0f}",
        _spread(rates),
        f"{median(run.cost for run in runs):.0f}",
        _spread(costs),
    )


def _spread(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _how(field: Compared) -> list[str]:
    said = _HOW.format(
        rounds=ROUNDS, seconds=SECONDS, most_cpu=MOST_CPU, least_rate=LEAST_RATE, shoppers=SHOPPERS, agents=AGENTS,
        shops=SHOPS, valkey=field.stored.valkey_cost(),
    )  # fmt: skip
    return said.strip().split("\n\n")


_HOW = """
Medians of {rounds} rounds of {seconds} s each, with the least and the most of the ratios; within a round one follows
the other. CPU is user and system time of the processes that answer, their threads included. The bar is bare aiohttp's
CPU x {most_cpu:g} and its rate x {least_rate:g}, for a passed browser at 64 connections.

{shoppers:,} shoppers, each with a browser, signed cookies and an address of their own (`X-Forwarded-For`, as a proxy
sends it), {agents:,} agent strings, {shops} shops: no session is met twice, each click opens one. All get the same
requests of a desktop browser, some 1,100 bytes. Limits are on; nothing had to be lifted.

Every answer with an id was compared with the clicks that Valkey holds after each run, and with those of ClickHouse at
the end. The drain rests during the measured seconds and ships between them: else it would take the generator's core.
Valkey took {valkey:.0f} µs of its core a click (`appendfsync always`).

`Valkey away`: it hangs, and clicks are in the journal (fdatasync) before they are answered. nginx answers as fast as
the generator can ask.
"""
_TWO = (
    "Nothing is pinned: workers, Valkey and the generator share the cores, so that rates say what a small machine does "
    "in all, and CPU what the workers had of it."
)
