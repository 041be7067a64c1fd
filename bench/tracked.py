"""The tracker that is measured, with its processes by name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil

from bench.cores import pin, two_cores
from bench.live_clicks import put_live_clicks
from bench.partners import write_partners
from bench.shoppers import SHOPS
from tests.running import RunningTracker, data_folder


@asynccontextmanager
async def running(workers: int, shops: int = SHOPS, *, live: bool = False) -> AsyncIterator[RunningTracker]:
    """As in production behind a proxy, whose word for the shopper's address is believed. Limits are on: each shopper
    has an address of their own. `live`: with a million live clicks."""
    with data_folder() as data:
        partners = data.parent / "partners.yaml"
        write_partners(partners, shops)
        more = {"TRACKER_TRUSTED_PROXIES": "127.0.0.0/8", "TRACKER_PUBLIC_URL": "https://go.example"}
        tracker = RunningTracker(data, partners, workers, more)
        if live:
            await put_live_clicks(tracker)
        async with tracker:
            yield tracker


def workers_of(tracker: RunningTracker) -> list[psutil.Process]:
    return [process for process in tracker.processes() if "web" in process.cmdline()[:5]]


def put_apart(tracker: RunningTracker) -> None:
    """The web workers on one core, all other parts on the other."""
    answering, others = two_cores()
    ours = workers_of(tracker)
    pin([process for process in tracker.processes() if process not in ours], others)
    pin(ours, answering)


def part_of(tracker: RunningTracker, name: str) -> psutil.Process:
    found = tracker.find(name)
    if found is None:
        raise SystemExit(f"{name} does not run: {tracker.log.read_text()}")
    return found
