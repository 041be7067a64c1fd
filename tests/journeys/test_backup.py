"""A backup under load, restored elsewhere: what was answered before it began is there, once, and the money is right."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from tests.faults.journal import Journal
from tests.faults.loading import load_on
from tests.running import ROOT, RunningTracker, data_folder
from tracker import app
from tracker.errors import StoreUnavailableError, TrackerError
from tracker.settings import read_settings
from tracker.store.warehouse.backup import BACKUPS

pytestmark = pytest.mark.slow

RATE = 15  # clicks a second, each with two messages
SHIPPED = """
SELECT click_id, '' AS postback_id FROM analytics.clicks UNION ALL SELECT '', postback_id FROM analytics.postbacks
"""
ENOUGH = 60  # clicks answered before the backup begins


async def test_what_was_answered_before_the_backup_began_is_in_the_restored_tracker_once() -> None:
    with data_folder() as data, data_folder() as elsewhere:
        backup = data.parent / "backup"
        said: list[str] = []
        async with RunningTracker(data) as tracker:
            _left_by_a_backup_that_was_killed(data)
            with load_on(tracker, RATE) as load:
                before = await load.until(lambda journal: len(journal.click_ids) >= ENOUGH, 120)
                await app.back_up(read_settings(tracker.environment), backup, said.append)
                await load.stop()
            with pytest.raises(TrackerError, match="is there already"):
                await app.back_up(read_settings(tracker.environment), backup, said.append)
            assert list(backup.parent.glob(".backup*")) == []
            assert list((data / "warehouse" / "clickhouse" / BACKUPS).iterdir()) == []
        restored = RunningTracker(elsewhere)
        # A process of its own: this one may have another engine open, and can hold one only.
        restore = [sys.executable, "-m", "tracker", "restore", str(backup)]
        await asyncio.to_thread(subprocess.run, restore, cwd=ROOT, env=restored.environment, check=True, timeout=240)
        with pytest.raises(TrackerError, match="has an installation"):
            await app.restore(read_settings(restored.environment), backup, said.append)
        async with restored:
            await judge(restored, before)


def _left_by_a_backup_that_was_killed(data: Path) -> None:
    """It would lie there for ever, as large as all clicks."""
    left = data / "warehouse" / "clickhouse" / BACKUPS / "0123"
    left.mkdir(parents=True)
    (left / "data").write_text("half of the clicks")


async def shipped(tracker: RunningTracker) -> list[dict[str, str]]:
    """Nothing while the warehouse process is still starting: shoppers do not wait for it."""
    try:
        lines = await app.query(read_settings(tracker.environment), SHIPPED, "JSONEachRow")
    except StoreUnavailableError:
        return []
    return [json.loads(line) for line in lines.splitlines()]


async def judge(tracker: RunningTracker, before: Journal) -> None:
    answered = set(before.click_ids.values())
    async with asyncio.timeout(60):
        while True:
            rows = await shipped(tracker)
            clicks = Counter(row["click_id"] for row in rows if row["click_id"])
            postbacks = Counter(row["postback_id"] for row in rows if row["postback_id"])
            if answered <= clicks.keys() and before.kept.keys() <= postbacks.keys():
                break
            await asyncio.sleep(0.2)
    assert {clicks[click_id] for click_id in answered} == {1}
    assert set(postbacks.values()) == {1}
    connection = await asyncpg.connect(tracker.postgres_dsn)
    try:
        received = {str(row["id"]) for row in await connection.fetch("SELECT id FROM postbacks")}
        unbalanced = await connection.fetchval(
            "SELECT count(*) FROM (SELECT FROM ledger_entries GROUP BY partner_id, order_id, revision "
            "HAVING sum(amount_kopecks) <> 0) AS revisions"
        )
        wrong = await connection.fetchval(
            "SELECT count(*) FROM conversions c WHERE cashback * 100 <> (SELECT coalesce(sum(e.amount_kopecks), 0) "
            "FROM ledger_entries e WHERE e.order_id = c.order_id AND e.account NOT LIKE 'receivable:%')"
        )
    finally:
        await connection.close()
    assert before.kept.keys() <= received
    assert (unbalanced, wrong) == (0, 0)
    rebuilt = await app.rebuild(read_settings(tracker.environment), ignore)
    assert [one.table for one in rebuilt if one.before != one.after] == []
    assert all(one.after.rows for one in rebuilt[:3])


async def ignore(_: int) -> None:
    """Nobody looks on."""
