"""The load generator of the fault tests, in front of a tracker that works on clusters; its journal is the judge."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from tests.faults.journal import Journal
from tests.passes import Passes
from tests.running import ROOT, RunningTracker

log = logging.getLogger(__name__)

RUBLES = 50  # what each order of the load earns
LONGEST = 60 * 10  # seconds
PAGE = 4  # each fourth browser goes through the checks page
ORDERLY_SECONDS = 120


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

    async def until(self, reached: Callable[[Journal], bool], seconds: float = 60) -> Journal:
        """Until so much was answered."""
        async with asyncio.timeout(seconds):
            while not reached(journal := self.so_far()):
                assert self._process.poll() is None, "the load ended too early"
                await asyncio.sleep(0.1)
        return journal

    async def until_answered(self, more: int, seconds: float = 60) -> Journal:
        """Until that many more messages were answered 2xx."""
        before = len(self.so_far().received_ids)
        return await self.until(lambda journal: len(journal.received_ids) >= before + more, seconds)

    async def stop(self) -> Journal:
        """No new shoppers; those under way are finished."""
        self._process.terminate()
        assert await asyncio.to_thread(self._process.wait, ORDERLY_SECONDS) == 0
        return Journal.read(self._journal)


@contextmanager
def load_on(
    tracker: RunningTracker, rate: int, *, front: str | None = None, into: list[str] | None = None
) -> Iterator[Load]:
    """`rate` shoppers a second. `front`: the address that they use instead of the tracker's own. `into`: the command
    that puts the process elsewhere, such as into a network of its own."""
    folder = tracker.data.parent
    passes = Passes(tracker)
    at = front or tracker.url
    lines = [
        [
            tracker.link(f"shopper-{number}", "lab").replace(tracker.url, at, 1),
            passes.passed(f"browser-{number}") if number % PAGE else {},
        ]
        for number in range(rate * LONGEST)
    ]
    (folder / "links").write_text("\n".join(map(json.dumps, lines)))
    postbacks = tracker.postback_url("lab").replace(tracker.url, at, 1)
    command = [*(into or []), sys.executable, "-m", "tests.faults.load", postbacks]
    process = subprocess.Popen([*command, str(folder / "links"), str(folder / "journal"), str(rate)], cwd=ROOT)
    try:
        yield Load(process, folder / "journal")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


async def missing_clicks(tracker: RunningTracker, journal: Journal) -> set[str]:
    """Click ids that were answered and are not in ClickHouse exactly once; waits for those that are under way."""
    answered = set(journal.click_ids.values()) | set(journal.double_ids.values())
    sql = "SELECT click_id, count() AS n FROM analytics.clicks GROUP BY click_id"

    async def counts() -> dict[str, int]:
        return {row["click_id"]: int(row["n"]) for row in await asyncio.to_thread(tracker.query, sql)}

    found = await until(counts, lambda there: answered <= there.keys())
    assert sum(found.values()) <= journal.clicks_sent, "a click is there that nobody sent"
    return {click_id for click_id in answered if found.get(click_id) != 1}


async def lost_messages(dsn: str, journal: Journal) -> set[str]:
    """Messages that were answered 2xx and are not in the books."""
    rows = await _rows(dsn, "SELECT id FROM postbacks")
    return journal.received_ids - {str(row["id"]) for row in rows}


async def wrong_money(dsn: str, journal: Journal) -> list[str]:
    """What is wrong in the books, in words: each order that was answered 2xx earns what it earns, once."""
    rows = await _rows(dsn, "SELECT order_id, status, cashback FROM conversions")
    conversions = {row["order_id"]: (row["status"], row["cashback"]) for row in rows}
    wrong = [
        f"{order}: {conversions.get(order)}"
        for order, said in journal.accepted.items()
        if conversions.get(order) != ("approved" if "approved" in said else "pending", RUBLES)
    ]
    [sums] = await _rows(
        dsn,
        "SELECT coalesce(sum(amount_kopecks), 0)::bigint AS total,"
        " coalesce(sum(amount_kopecks) FILTER (WHERE account LIKE 'available:%'), 0)::bigint AS paid"
        " FROM ledger_entries",
    )
    due = 100 * RUBLES * sum(status == "approved" for status, _ in conversions.values())
    if sums["total"] or sums["paid"] != due:
        wrong.append(f"the ledger sums to {sums['total']} and pays {sums['paid']} kopecks instead of {due}")
    failed = await _rows(dsn, "SELECT note FROM postbacks WHERE verdict = 'failed'")
    return wrong + [f"failed: {row['note']}" for row in failed]


async def _rows(dsn: str, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(sql)
    finally:
        await connection.close()


async def until(ask: Callable[[], Awaitable[Any]], arrived: Callable[[Any], bool], seconds: float = 60) -> Any:
    """The last answer, whether it arrived in time or not."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not arrived(answer := await ask()) and loop.time() < end:
        await asyncio.sleep(0.05)
    return answer
