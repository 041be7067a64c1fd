"""A click that Valkey no longer has is found in ClickHouse; while that is away, its postbacks wait and are not lost."""

import asyncio

import asyncpg
from redis.asyncio import Redis

from tests.journeys.test_staff_work import available, click_out, report
from tests.running import RunningTracker


async def forget_young_clicks(tracker: RunningTracker, click_id: str) -> None:
    """As if the hot days were over: once the click is in ClickHouse, Valkey's record of it expires."""
    async with asyncio.timeout(20):
        while not tracker.query(f"SELECT 1 FROM analytics.clicks WHERE click_id = '{click_id}'"):
            await asyncio.sleep(0.05)
    client = Redis.from_url(tracker.valkey_url)
    keys = [key async for key in client.scan_iter("h{*")]
    assert keys
    await client.delete(*keys)
    await client.aclose()


async def verdict(tracker: RunningTracker, order_id: str) -> str:
    connection = await asyncpg.connect(tracker.postgres_dsn)
    try:
        return str(await connection.fetchval("SELECT verdict FROM postbacks WHERE order_id = $1", order_id))
    finally:
        await connection.close()


async def test_an_old_click_is_found_in_clickhouse(tracker: RunningTracker) -> None:
    click_id = await click_out(tracker, "old-1")
    await forget_young_clicks(tracker, click_id)

    assert await report(tracker, click_id=click_id, order_id="OLD-1") == "decided"
    assert await available(tracker, "old-1") == 50_00


async def test_while_clickhouse_is_away_a_postback_of_an_old_click_is_deferred_and_decided_later(
    tracker: RunningTracker,
) -> None:
    click_id = await click_out(tracker, "old-2")
    await forget_young_clicks(tracker, click_id)
    drain = tracker.find("drain")
    assert drain is not None
    drain.suspend()
    try:
        assert await report(tracker, click_id=click_id, order_id="OLD-2") == "deferred"
        young = await click_out(tracker, "young-2")
        assert await report(tracker, click_id=young, order_id="YOUNG-2") == "decided"
        assert await verdict(tracker, "OLD-2") == "deferred"
    finally:
        drain.resume()

    async with asyncio.timeout(30):
        while await verdict(tracker, "OLD-2") != "decided":
            await asyncio.sleep(0.05)
    assert await available(tracker, "old-2") == 50_00
