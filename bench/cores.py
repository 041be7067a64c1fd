"""Two cores: what is measured has one alone, everything else has the other. And the processor time that it took."""

import os
import subprocess
from collections.abc import Sequence

import psutil


def two_cores() -> tuple[int, int]:
    """Where the measured one runs, and where everything else does."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("This is measured on two cores: one for what is measured, one for everything else.")
    return cores[0], cores[-1]


def pin(processes: Sequence[psutil.Process], core: int) -> None:
    """With all their threads."""
    for process in processes:
        subprocess.run(["taskset", "--all-tasks", "--pid", "--cpu-list", str(core), str(process.pid)],
                       check=True, stdout=subprocess.DEVNULL)  # fmt: skip


def unpin(processes: Sequence[psutil.Process]) -> None:
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
    for process in processes:
        subprocess.run(["taskset", "--all-tasks", "--pid", "--cpu-list", cores, str(process.pid)],
                       check=True, stdout=subprocess.DEVNULL)  # fmt: skip


def worked(processes: Sequence[psutil.Process]) -> float:
    """Seconds of the processor, user and system, in all."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)
