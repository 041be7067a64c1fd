"""`tracker reconcile` on a running tracker, from the file to what analysts see."""

import asyncio
import csv
import json
from pathlib import Path

import aiohttp

from tests.running import RunningTracker

APPLY = ("--apply", "--staff", "anna", "--reason", "Act of January")
DAYS = ("--from", "2020-01-01", "--to", "2020-01-31")  # of no order of any other test


async def test_a_statement_is_compared_first_then_taken_at_its_word(tracker: RunningTracker, tmp_path: Path) -> None:
    said = {"order_id": "REC-1", "amount": "1000.00", "status": "approved"}
    async with aiohttp.ClientSession() as client, client.post(tracker.postback_url("lab"), data=said) as answer:
        assert answer.status == 200
    path = tmp_path / "january.csv"
    path.write_text("Номер заказа;Сумма;Статус\nREC-1;899,90;одобрено\nREC-2;15,00;одобрено\n", encoding="windows-1251")
    command = ("reconcile", "lab", str(path), *DAYS)

    early = tracker.try_command(*command, *APPLY)
    assert (early.returncode, early.stdout) == (1, "")
    assert early.stderr == "january.csv was not compared yet: run it without --apply first, and look at the result.\n"

    told = " ".join(tracker.command(*command, "--csv", str(tmp_path / "differences.csv")).split())
    assert "difference -85.10 rubles" in told
    assert "lost_postback 1" in told
    with (tmp_path / "differences.csv").open(encoding="utf-8-sig") as file:
        assert {row["order_id"]: row["causes"] for row in csv.DictReader(file)} == {
            "REC-1": "return_not_told",
            "REC-2": "lost_postback",
        }

    applied = json.loads(tracker.command(*command, *APPLY, "--json"))
    assert applied["applied"] == {"taken": {"unknown_click": 1}, "left": {"no click id": 1}}
    assert applied["earlier_run_id"] is not None
    async with asyncio.timeout(20):
        while not (rows := tracker.query(_SEEN.format(run_id=applied["run_id"]))):
            await asyncio.sleep(0.2)
    assert rows == [
        {"order_id": "REC-1", "causes": ["return_not_told"], "difference": -100.1},
        {"order_id": "REC-2", "causes": ["lost_postback"], "difference": 15},
    ]


_SEEN = """
SELECT order_id, causes, toFloat64(difference) AS difference FROM reconciliations
WHERE reconciliation_id = '{run_id}' ORDER BY order_id
"""
