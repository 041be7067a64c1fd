"""What staff do by commands, on a running tracker: each act has a reason and a name, and shows in the ledger."""

import json
import re
from datetime import UTC, datetime, timedelta

import aiohttp
import asyncpg

from tests import browsing
from tests.agents import DESKTOP
from tests.running import RunningTracker

WHO = ("--reason", "showed a receipt", "--staff", "anna")


async def click_out(tracker: RunningTracker, shopper: str) -> str:
    async with browsing.new_browser(headers={"User-Agent": DESKTOP}) as browser:
        gone = await browsing.click_out(browser, tracker.link(shopper, "lab"))
    [click_id] = re.findall("[a-z][0-9a-z]{29}", gone.location)
    return str(click_id)


async def report(tracker: RunningTracker, **fields: str) -> str:
    said = {"status": "approved", "amount": "1000.00"} | fields
    async with aiohttp.ClientSession() as client, client.post(tracker.postback_url("lab"), data=said) as answer:
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["verdict"])


async def available(tracker: RunningTracker, shopper: str) -> int:
    """In kopecks."""
    connection = await asyncpg.connect(tracker.postgres_dsn)
    try:
        total = await connection.fetchval(
            "SELECT coalesce(sum(amount_kopecks), 0)::bigint FROM ledger_entries WHERE account = $1",
            f"available:{shopper}",
        )
    finally:
        await connection.close()
    return int(total)


def listed(tracker: RunningTracker, queue: str) -> list[str]:
    lines = tracker.command(queue, "--json").splitlines()
    return [json.loads(line)["order_id"] for line in lines]


async def test_a_late_order_is_listed_and_credited_by_override(tracker: RunningTracker) -> None:
    click_id = await click_out(tracker, "staff-1")
    late = f"{datetime.now(UTC) + timedelta(days=91):%Y-%m-%dT%H:%M:%SZ}"
    await report(tracker, click_id=click_id, order_id="LATE-1", event_time=late)
    assert "LATE-1" in listed(tracker, "late")
    assert await available(tracker, "staff-1") == 0

    done = tracker.command("late", "override", "lab", "LATE-1", *WHO)
    assert done == "lab LATE-1: approved, cashback 50, reasons none\n"
    assert "LATE-1" not in listed(tracker, "late")
    assert await available(tracker, "staff-1") == 50_00


async def test_an_unmatched_order_is_listed_and_claimed_for_a_click(tracker: RunningTracker) -> None:
    click_id = await click_out(tracker, "staff-2")
    assert await report(tracker, order_id="LOST-1") == "unknown_click"
    assert "LOST-1" in listed(tracker, "unmatched")

    done = tracker.command("unmatched", "claim", "lab", "LOST-1", click_id, *WHO)
    assert done == "lab LOST-1: approved, cashback 50, reasons none\n"
    assert "LOST-1" not in listed(tracker, "unmatched")
    assert await available(tracker, "staff-2") == 50_00

    foreign = tracker.try_command("unmatched", "claim", "lab", "LOST-1", "c" + "0" * 29, *WHO)
    assert foreign.returncode == 1
    assert "is not a click id that we signed for lab" in foreign.stderr


async def test_a_held_order_is_listed_and_released(tracker: RunningTracker) -> None:
    click_id = await click_out(tracker, "staff-3")
    early = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    await report(tracker, click_id=click_id, order_id="EARLY-1", order_time=early)
    assert "EARLY-1" in listed(tracker, "held")
    assert await available(tracker, "staff-3") == 0

    tracker.command("held", "release", "lab", "EARLY-1", *WHO)
    assert "EARLY-1" not in listed(tracker, "held")
    assert await available(tracker, "staff-3") == 50_00


def test_an_act_without_a_reason_or_on_nothing_is_refused_in_a_sentence(tracker: RunningTracker) -> None:
    assert tracker.try_command("late", "override", "lab", "LATE-1").returncode == 2
    nothing = tracker.try_command("late", "override", "lab", "NO-SUCH", *WHO)
    assert (nothing.returncode, nothing.stderr) == (1, "There is no order NO-SUCH at lab.\n")
    blank = tracker.try_command("late", "override", "lab", "LATE-1", "--reason", " ", "--staff", "anna")
    assert (blank.returncode, blank.stderr) == (1, "Give a reason and a name: both are logged.\n")


def test_replay_says_that_nothing_waits(tracker: RunningTracker) -> None:
    assert tracker.command("replay").startswith("0 taken up; still waiting: 0 deferred, 0 failed.\n")
