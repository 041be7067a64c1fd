"""The rates of a tracker with many partners and many live clicks, beside those of one with few and none, in turn."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.compared import PASSED
from bench.cores import two_cores
from bench.live_clicks import LIVE, SINCE_REWRITE
from bench.postbacks import PARTNERS, asked_tracker
from bench.shoppers import SHOPS, Shoppers
from bench.stored import Stored
from bench.table import Table
from bench.tracked import put_apart, running, workers_of
from bench.wrk import Ran, Target, Wrk
from tests.running import RunningTracker

MANY = 5_000  # partners
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
CONNECTIONS = 64
_LEAST = 0.85

_HEAD = ("", "a second", "CPU µs each", "rate beside the small one", "CPU beside the small one")
_HOW = (
    f"{ROUNDS} rounds, both in turn within a round, {CONNECTIONS} connections; medians, and the least and the most of "
    f"the ratios. {LIVE + SINCE_REWRITE:,} live clicks beside those that are recorded meanwhile."
)
_SMALL, _LARGE = "few partners, no live clicks", f"{MANY:,} partners, {LIVE + SINCE_REWRITE:,} live clicks"


async def flat_clicks() -> Table:
    """Passed browsers; one worker on one core, Valkey and the generator on the other."""
    runs: list[tuple[Ran, Ran]] = []
    async with (
        running(1) as small,
        running(1, MANY, live=True) as large,
        Stored.of(small) as of_small,
        Stored.of(large) as of_large,
    ):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            asked = [(of_small, _asked(small, Path(one))), (of_large, _asked(large, Path(other)))]
            for _ in range(ROUNDS + 1):
                first, second = [await _run(stored, *who) for stored, who in asked]
                runs.append((first, second))
    measured = runs[1:]  # in the first one agent strings were read
    return _table(
        "Click-outs as live clicks and partners become more",
        [[(one.rate, one.cost) for one in pair] for pair in measured],
        [f"{SHOPS} partners are asked for, of both; the small one has no others."],
    )


async def flat_postbacks() -> Table:
    """New, duplicate and restated ones in turn; two workers."""
    pairs = []
    async with asked_tracker(2) as small, asked_tracker(2, MANY, live=True) as large:
        for _ in range(ROUNDS):
            loops = [await one.mixed(CONNECTIONS) for one in (small, large)]
            pairs.append([(loop.found.rate, loop.cost) for loop in loops])
    return _table(
        "Postbacks as live clicks and partners become more", pairs, [f"The small one has {PARTNERS} partners."]
    )


def _asked(tracker: RunningTracker, folder: Path) -> tuple[Shoppers, Target]:
    put_apart(tracker)
    return Shoppers(tracker, folder), Target(PASSED, tracker.url, workers_of(tracker), "passed", "with_id")


async def _run(stored: Stored, shoppers: Shoppers, target: Target) -> Ran:
    shoppers.sign()
    return await stored.run(Wrk(shoppers, two_cores()[1]), target, CONNECTIONS, SECONDS)


def _table(title: str, pairs: Sequence[Sequence[tuple[float, float]]], notes: Sequence[str] = ()) -> Table:
    """Of rates and costs, small and large."""
    small, large = zip(*pairs, strict=True)
    rates = [many[0] / few[0] for few, many in pairs]
    costs = [many[1] / few[1] for few, many in pairs]
    verdict = f"Bar: at least {_LEAST:.0%} of the rate; {'met' if median(rates) >= _LEAST else 'missed'}."
    rows = [[_SMALL, *_medians(small), "", ""], [_LARGE, *_medians(large), _spread(rates), _spread(costs)]]
    return Table(title, _HEAD, rows, [_HOW, *notes, verdict])


def _medians(ones: Sequence[tuple[float, float]]) -> list[str]:
    return [f"{median(rate for rate, _ in ones):,.0f}", f"{median(cost for _, cost in ones):.0f}"]


def _spread(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
