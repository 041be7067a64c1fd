"""What a fault test saw, for the table of docs/reliability.md: one JSON line a row, appended to the file that
SOAK_RESULTS names. Without it nothing is written."""

import json
import os
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = "SOAK_RESULTS"


def is_soak() -> bool:
    """`make soak`: the same tests with more rounds."""
    return os.environ.get("SOAK") == "1"


def note(fault: str, must_hold: str, rounds: int, failures: int, seen: str = "") -> None:
    """One row: what was done, what must hold after it, how often it was tried and how often it did not hold, and the
    figures that were seen. Called before the assertion, so that a failure is in the table too."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    row = {
        "fault": fault,
        "must_hold": must_hold,
        "rounds": rounds,
        "failures": failures,
        "seen": seen,
        "day": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "cores": os.cpu_count(),
    }
    line = json.dumps(row, ensure_ascii=False) + "\n"
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(line)  # one write to a file opened for appending: rows of two processes do not mix


@cache
def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()
