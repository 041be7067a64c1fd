"""wrk, Debian's: a closed loop over so many connections, in one thread."""

import asyncio
import json
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("each_once.lua")


@dataclass(frozen=True, slots=True)
class Answered:
    answered: int
    seconds: float
    refused: int  # of them, with 400 or more
    broken: int  # requests without an answer
    p50: float  # seconds
    p99: float
    p999: float

    @property
    def rate(self) -> float:
        return self.answered / self.seconds


async def wrk(url: str, paths: Path, connections: int, seconds: int, pinned_to: Sequence[str] = ()) -> Answered:
    """`paths` must hold more than can be sent."""
    process = await asyncio.create_subprocess_exec(
        *pinned_to, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT), url, "--",
        str(paths), stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    if process.returncode:
        raise SystemExit(f"wrk: {errors.decode()}")
    return Answered(**json.loads(output.decode().splitlines()[-1]))
