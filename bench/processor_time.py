"""How long the processor worked for each part of a running tracker."""

from collections import defaultdict

import psutil

from tests.running import RunningTracker

PARTS = ("web", "postgres", "valkey", "drain")


def processor_seconds(tracker: RunningTracker) -> defaultdict[str, float]:
    """User and system, of all its processes by part."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for process in tracker.processes():
        try:
            part, times = part_of(process), process.cpu_times()
        except psutil.Error:
            continue
        seconds[part] += times.user + times.system
    return seconds


def part_of(process: psutil.Process) -> str:
    name, command = process.name(), process.cmdline()
    for part in ("postgres", "valkey"):
        if part in name or (command and part in command[0]):
            return part
    return next((part for part in ("web", "drain") if part in command[:6]), "other")
