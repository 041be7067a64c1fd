"""How long shoppers wait at half of what a worker can do, counted from when their request was due."""

import asyncio
import json
import subprocess
import sys
from typing import Any

from bench.compared import PASSED, Compared
from bench.cores import two_cores
from bench.shoppers import PATHS
from bench.table import Table

WORST_MS = 25  # of 99 in 100
SECONDS = 20
_CONNECTIONS = 256
_SHARES = (0.25, 0.5, 0.75)


async def latency(field: Compared, highest: float) -> Table:
    """`highest` is the rate that one worker reached."""
    field.shoppers.sign()
    rows = []
    for share in _SHARES:
        said = await _arrive(field, share * highest)
        p50, p99, p999 = said["ms"].values()
        rows.append((f"{share:.0%}", f"{share * highest:,.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{p999:.1f}"))
    return Table(
        "Latency at fixed arrival rates",
        ("of the highest rate", "a second", "p50, ms", "p99, ms", "p99.9, ms"),
        rows,
        [_HOW.format(seconds=SECONDS, connections=_CONNECTIONS, worst=WORST_MS)],
    )


async def _arrive(field: Compared, rate: float) -> dict[str, Any]:
    target = field.target(PASSED)
    with field.stored.drain_rests():
        await asyncio.sleep(0.5)
        before = await field.stored.count()
        done = await asyncio.to_thread(
            subprocess.run,
            ["taskset", "--cpu-list", str(two_cores()[1]), sys.executable, "-m", "bench.arrivals",
             str(field.tracker.port), str(rate), str(SECONDS), str(_CONNECTIONS),
             str(field.shoppers.file(target.requests)), str(field.shoppers.sent[target.url]), *PATHS],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        said: dict[str, Any] = json.loads(done.stdout)
        field.shoppers.sent[target.url] += said["with_id"] + said["others"]
        if said["others"]:
            raise SystemExit(f"{said['others']} of the answers at a fixed rate were without an id")
        await field.stored.check(target, 0, said["with_id"], before)
    return said


_HOW = """\
Passed browsers, {seconds} s each, one worker on one core. Requests are due at even distances, on up to {connections}
connections, and counted from when they were due: who waits for a free connection waits. The generator looks at its
clock once a millisecond, which is in the figures. The bar is {worst} ms for p99 at 50%."""
