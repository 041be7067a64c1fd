"""wrk, on a core of its own, with prepared requests; and what the measured processes took meanwhile."""

import asyncio
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.cores import worked
from bench.shoppers import PATHS, Shoppers

_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who answers prepared requests."""

    name: str
    url: str
    processes: Sequence[psutil.Process]  # whose time counts
    requests: str  # the kind of shoppers
    answer: str  # what all answers must be: `with_id`, `moved` or `pages`, as wrk.lua counts them
    query: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    answered: int
    seconds: float
    worked: float  # seconds of the processor

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of the processor a request."""
        return 1e6 * self.worked / self.answered


class Wrk:
    def __init__(self, shoppers: Shoppers, core: int | None) -> None:
        """Without a core: wherever there is room."""
        self._shoppers = shoppers
        self._pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]

    async def run(self, target: Target, connections: int, seconds: int) -> Ran:
        """Raises SystemExit when anything was answered in another way than it should."""
        before = worked(target.processes)
        said = await asyncio.to_thread(self._run, target, connections, seconds)
        took = worked(target.processes) - before
        self._shoppers.sent[target.url] += said["sent"]
        answered = {kind: said[kind] for kind in ("with_id", "moved", "pages", "others")}
        if said["errors"] or not 0 < answered[target.answer] == sum(answered.values()):
            raise SystemExit(f"{target.name}: not all answers were {target.answer}: {said}")
        return Ran(answered[target.answer], said["seconds"], took)

    def _run(self, target: Target, connections: int, seconds: int) -> dict[str, Any]:
        paths = [path + target.query for path in PATHS]
        done = subprocess.run(
            [*self._pinned, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(_SCRIPT),
             target.url, "--", str(self._shoppers.file(target.requests)), str(self._shoppers.sent[target.url]), *paths],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"wrk: {done.stdout}{done.stderr}")
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return said
