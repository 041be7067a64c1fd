"""The load generator in front of a tracker; its journal is the judge."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import judge
from tests.faults.journal import Journal
from tests.faults.orders import partner_of
from tests.passes import Passes
from tests.running import ROOT, RunningTracker

log = logging.getLogger(__name__)

LONGEST = 60 * 14  # seconds; a pass lasts a little longer
PAGE = 4  # each fourth browser goes through the checks page
ORDERLY_SECONDS = 180  # each request that is under way may take ten, and be repeated
PATIENCE_SECONDS = 180.0


class Load:
    """One run of the generator, in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", journal: Path) -> None:
        self._process = process
        self._journal = journal

    def so_far(self) -> Journal:
        """What was written until now; a line that is being written counts later."""
        lines = self._journal.read_text().splitlines(keepends=True) if self._journal.exists() else []
        journal = Journal()
        for line in lines:
            if line.endswith("\n"):
                journal.add(json.loads(line))
        return journal

    async def until(self, reached: Callable[[Journal], bool], seconds: float = PATIENCE_SECONDS) -> Journal:
        """Until so much was answered."""
        async with asyncio.timeout(seconds):
            while not reached(journal := self.so_far()):
                assert self._process.poll() is None, "the load ended too early"
                await asyncio.sleep(0.1)
        return journal

    async def until_answered(self, more: int, seconds: float = PATIENCE_SECONDS) -> Journal:
        """Until that many more messages were answered 2xx."""
        before = len(self.so_far().kept)
        return await self.until(lambda journal: len(journal.kept) >= before + more, seconds)

    async def stop(self) -> Journal:
        """No new shoppers; every order is told to its end."""
        self._process.terminate()
        assert await asyncio.to_thread(self._process.wait, ORDERLY_SECONDS) == 0
        return Journal.read(self._journal)


@dataclass(frozen=True, slots=True)
class Crowd:
    page: int = PAGE  # each so manieth browser is asked, none if 0
    orders: bool = True
    front: str | None = None  # the address that they use instead of the tracker's own


@contextmanager
def load_on(
    tracker: RunningTracker, rate: int, crowd: Crowd | None = None, *, into: Sequence[str] = ()
) -> Iterator[Load]:
    """`rate` shoppers a second. `into`: the command that puts the process elsewhere, such as into a network of its
    own."""
    plan, journal = tracker.data.parent / "plan", tracker.data.parent / "journal"
    plan.write_text("\n".join(map(json.dumps, _plan(tracker, rate, crowd or Crowd()))))
    command = [*into, sys.executable, "-m", "tests.faults.load", str(plan), str(journal), str(rate)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield Load(process, journal)
    finally:
        process.kill()
        process.wait()


def _plan(tracker: RunningTracker, rate: int, crowd: Crowd) -> Iterator[list[object]]:
    passes = Passes(tracker)
    front = crowd.front or tracker.url
    for number in range(rate * LONGEST):
        partner = partner_of(number)
        link = f"{tracker.link(f'shopper-{number}', partner)}&b={number}"
        asked = crowd.page and number % crowd.page == 0
        cookies = {} if asked else passes.passed(f"browser-{number}")
        postbacks = tracker.postback_url(partner) if crowd.orders else ""
        yield [link.replace(tracker.url, front, 1), cookies, postbacks.replace(tracker.url, front, 1)]


async def wrong_things(tracker: RunningTracker, journal: Journal, dsn: str) -> list[str]:
    """In words; `dsn` is where the books are now. None: nothing is lost, nothing is doubled, no kopeck is wrong."""
    return [
        *await judge.clicks(tracker, journal),
        *await judge.postbacks(tracker, journal, dsn),
        *await judge.money(tracker, journal, dsn),
        *await judge.totals(tracker, journal, dsn),
    ]


def our_faults(journal: Journal) -> list[dict[str, Any]]:
    """Answers for which no store that is away is an excuse."""
    return [entry for entry in journal.surprises if entry.get("answered") == 500]


async def until(ask: Callable[[], Awaitable[Any]], arrived: Callable[[Any], bool], seconds: float = 60) -> Any:
    """The last answer, whether it arrived in time or not."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not arrived(answer := await ask()) and loop.time() < end:
        await asyncio.sleep(0.05)
    return answer
