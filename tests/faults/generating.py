"""Starts the load generator on a running tracker, and never leaves it behind."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.journal import Journal
from tests.faults.orders import partner_of
from tests.passes import Passes
from tests.running import ROOT, RunningTracker

# A little less than a browser that passed the checks is not asked again for.
LONGEST = 60 * 14
PAGE = 4  # each fourth browser goes through the checks page
END_SECONDS = 150  # each request that is under way may take ten, and be repeated


class Generator:
    def __init__(self, journal: Path, process: "subprocess.Popen[bytes]") -> None:
        self._journal = journal
        self._process = process

    async def end(self) -> Journal:
        """No new click; every order is told to its end."""
        self._process.terminate()
        assert await asyncio.to_thread(self._process.wait, END_SECONDS) == 0
        return Journal.read(self._journal)


@contextmanager
def generating(
    tracker: RunningTracker, *, rate: int, page: int = PAGE, orders: bool = True, seconds: int = LONGEST
) -> Iterator[Generator]:
    """`rate` clicks a second for `seconds` at most. `page`: each so manieth browser is asked, none if 0."""
    plan, journal = tracker.data.parent / "plan", tracker.data.parent / "journal"
    lines = _plan(tracker, rate * seconds, page=page, orders=orders)
    plan.write_text("\n".join(map(json.dumps, lines)))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.load", str(plan), str(journal), str(rate)], cwd=ROOT
    )
    try:
        yield Generator(journal, process)
    finally:
        process.kill()
        process.wait()


def _plan(tracker: RunningTracker, clicks: int, *, page: int, orders: bool) -> Iterator[list[object]]:
    passes = Passes(tracker)
    for number in range(clicks):
        partner = partner_of(number)
        link = f"{tracker.link(f'shopper-{number}', partner)}&b={number}"
        asked = page and number % page == 0
        cookies = {} if asked else passes.passed(f"browser-{number}")
        yield [link, cookies, tracker.postback_url(partner) if orders else ""]
