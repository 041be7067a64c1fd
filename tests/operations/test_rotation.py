"""A click key is rotated while everything runs: old ids stay good, new ones are signed by the new key."""

import asyncio

from tests.journeys.test_staff_work import available, click_out, report
from tests.running import RunningTracker, secrets_of
from tracker.redirect.click_id import letter_of


async def test_a_click_key_is_rotated_and_no_order_is_lost(operated: RunningTracker) -> None:
    before = await click_out(operated, "rotated-1")
    said = await asyncio.to_thread(operated.command, "keys", "rotate", "click", "--in", "0s")
    assert "web worker 2" in said
    assert "Copy secrets.json to your other machines" in said
    after = await click_out(operated, "rotated-2")

    assert after[0] == letter_of(secrets_of(operated).click[-1].secret)
    for number, click_id in enumerate((before, after), start=1):
        assert await report(operated, click_id=click_id, order_id=f"ROTATED-{number}") == "decided"
        assert await available(operated, f"rotated-{number}") == 50_00


def test_without_a_running_tracker_the_next_start_takes_the_key_up(operated: RunningTracker) -> None:
    elsewhere = operated.data.parent / "elsewhere"
    made = operated.try_command("keys", "make", "--data", str(elsewhere))
    assert made.returncode == 0, made.stderr
    done = operated.try_command("keys", "rotate", "link", "--data", str(elsewhere))
    assert (done.returncode, "No tracker runs here" in done.stdout) == (0, True), done.stderr
