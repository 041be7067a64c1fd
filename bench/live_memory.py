"""Bytes of Valkey that a live click takes, and what else a click leaves there for some hours."""

import time

from redis.asyncio import Redis

from bench.facts import clicks
from bench.live_clicks import HOT_DAYS, LIVE, LiveClicks, record_more, used_memory
from bench.stores import bundled_valkey
from bench.table import Table
from tracker.core.click_id import SHARDS
from tracker.store.clicks import STREAMS
from tracker.store.hot_click import BUCKET_SECONDS

BAR = 128  # bytes
_SESSIONS = LIVE // 20


async def memory() -> Table:
    async with bundled_valkey() as (_, valkey):
        empty = await used_memory(valkey)
        now, live = int(time.time()), LiveClicks(valkey, HOT_DAYS)
        await live.put(clicks(LIVE, now - HOT_DAYS * 86_400, HOT_DAYS * 86_400))
        of_a_click = (await used_memory(valkey) - empty) / live.count
        buckets = await valkey.dbsize()
        by_the_store = await _by_the_store(valkey, now)
        of_a_session = by_the_store - of_a_click
    return Table(
        title="Memory of a live click",
        head=["", "bytes of Valkey each"],
        rows=[
            [f"{LIVE:,} live clicks of {HOT_DAYS} days, {LIVE / buckets:.1f} a bucket", f"{of_a_click:.0f}"],
            ["beside it, for 6 hours: its session", f"{of_a_session:.0f}"],
        ],
        notes=[
            (
                f"Growth of `used_memory`; shopper ids of 12 bytes, {SHARDS:,} shards, buckets of {BUCKET_SECONDS} s. "
                f"The session is that of {_SESSIONS:,} clicks that `ClickStore` recorded, after their streams were "
                "shipped."
            ),
            f"Bar: {BAR} bytes a live click; {'met' if of_a_click <= BAR else 'missed'}.",
        ],
    )


async def _by_the_store(valkey: Redis, now: int) -> float:
    """Bytes of one more click with the session that it opens; nothing of it waits to be shipped."""
    before = await used_memory(valkey)
    await record_more(valkey, _SESSIONS, now)
    double_clicks = [key async for key in valkey.scan_iter("d{*", count=10_000)]  # gone in 10 s
    await valkey.delete(*STREAMS, *double_clicks)
    return (await used_memory(valkey) - before) / _SESSIONS
