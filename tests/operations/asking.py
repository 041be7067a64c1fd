"""What an operator does with a running tracker: scrape it, give it orders."""

import asyncio
import re
import time

import aiohttp

from tests.running import RunningTracker
from tracker.commands.control import ask_running
from tracker.settings import Settings, read_settings


def settings_of(tracker: RunningTracker) -> Settings:
    return read_settings(tracker.environment)


async def order(tracker: RunningTracker, what: str, **options: bool | str) -> list[str]:
    """What it said. Raises as the command does."""
    said: list[str] = []
    await asyncio.to_thread(ask_running, settings_of(tracker), what, said.append, **options)
    return said


async def scrape(tracker: RunningTracker) -> str:
    """On a connection of its own, so that any worker may answer."""
    async with aiohttp.ClientSession() as client, client.get(f"{tracker.url}/metrics") as answer:
        assert answer.status == 200
        return await answer.text()


def value(text: str, series: str) -> float:
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0


def hashes(text: str) -> dict[str, float]:
    """Processes by the configuration that they work by."""
    return {digest: float(count) for digest, count in re.findall(r'configuration_info{hash="(\w+)"} (\S+)', text)}


async def until_all_have_one_hash(tracker: RunningTracker, seconds: float = 60) -> str:
    end = time.monotonic() + seconds
    while True:
        found = hashes(await scrape(tracker))
        if len(found) == 1 and list(found.values()) == [tracker.workers + 1]:
            return next(iter(found))
        assert time.monotonic() < end, found
        await asyncio.sleep(0.05)
