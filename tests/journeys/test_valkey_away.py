"""While Valkey hangs a shopper still reaches the shop with an id, its order is deferred, and both count once later."""

import asyncio
import json
from time import monotonic

import aiohttp

from tests.journeys.test_old_clicks import verdict
from tests.journeys.test_staff_work import available, click_out, report
from tests.running import RunningTracker


async def test_a_click_and_its_order_of_an_outage_are_neither_lost_nor_doubled(tracker: RunningTracker) -> None:
    valkey = tracker.find("valkey")
    assert valkey is not None
    valkey.suspend()
    try:
        began = monotonic()
        click_id = await click_out(tracker, "outage-1")
        took = monotonic() - began
        assert await report(tracker, click_id=click_id, order_id="OUTAGE-1") == "deferred"
        async with aiohttp.ClientSession() as client, client.get(f"{tracker.url}/readyz") as answer:
            assert (answer.status, json.loads(await answer.text())["valkey"]) == (200, "away")
        assert len(list((tracker.data / "journal").glob("*.clicks"))) >= 1
    finally:
        valkey.resume()
    assert took < 6, "the checks page and the click: each waits for Valkey, once"

    async with asyncio.timeout(60):
        while await verdict(tracker, "OUTAGE-1") != "decided":
            await asyncio.sleep(0.05)
        while [row["n"] for row in tracker.query(counted(click_id))] != ["1"]:
            await asyncio.sleep(0.05)
    assert await available(tracker, "outage-1") == 50_00
    assert list((tracker.data / "journal").iterdir()) == []
    assert await report(tracker, click_id=await click_out(tracker, "outage-2"), order_id="OUTAGE-2") == "decided"


def counted(click_id: str) -> str:
    return f"SELECT toString(count()) AS n FROM analytics.clicks WHERE click_id = '{click_id}'"
