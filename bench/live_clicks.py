"""Hot records put into Valkey as record.lua puts them, many at once."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from redis.asyncio import Redis

from bench.facts import click, clicks
from tests.running import RunningTracker
from tracker.core.facts import ClickFact
from tracker.core.session import Session
from tracker.embedded.lock import DataFolderLock
from tracker.embedded.valkey import EmbeddedValkey
from tracker.store.clicks import STREAMS, ClickStore
from tracker.store.hot_click import FULL_BUCKET, expires_at, pack, place_of

LIVE = int(os.environ.get("BENCH_LIVE_CLICKS", "1_000_000"))
SINCE_REWRITE = LIVE // 10  # clicks: their commands are about as long as all of the rewritten file
HOT_DAYS = 3  # unless the operator says otherwise
_TRIP = 5_000
_AT_ONCE = 500
_SESSION_SECONDS = 6 * 3600


class LiveClicks:
    def __init__(self, valkey: Redis, hot_days: int) -> None:
        self._valkey = valkey
        self._hot_days = hot_days
        self._held: Counter[str] = Counter()  # by bucket
        self.count = 0

    async def put(self, facts: Iterable[ClickFact]) -> None:
        commands = self._commands(facts)
        while some := list(islice(commands, _TRIP)):
            async with self._valkey.pipeline(transaction=False) as pipeline:
                for command in some:
                    pipeline.execute_command(*command)
                await pipeline.execute()

    def _commands(self, facts: Iterable[ClickFact]) -> Iterator[tuple[str | bytes | int, ...]]:
        for fact in facts:
            place = place_of(fact.click_id)
            *_, last = place.buckets
            bucket = next((one for one in place.buckets if self._held[one] < FULL_BUCKET), last)
            yield "HSETNX", bucket, place.field, pack(fact)
            if not self._held[bucket]:
                yield "EXPIREAT", bucket, expires_at(place, self._hot_days)
            self._held[bucket] += 1
            self.count += 1


async def used_memory(valkey: Redis) -> int:
    """Bytes."""
    return int((await valkey.info("memory"))["used_memory"])


async def put_live_clicks(tracker: RunningTracker) -> int:
    """Into its data folder while it does not run: LIVE in a rewritten file, SINCE_REWRITE recorded after that, with
    their sessions. Returns the bytes of that file."""
    async with tracker:
        pass  # makes keys, folders and tables
    with DataFolderLock(tracker.data):
        server = EmbeddedValkey(tracker.data)
        await server.start()
        client: Redis = Redis.from_url(server.url)
        now = int(time.time())
        await LiveClicks(client, HOT_DAYS).put(clicks(LIVE, now - HOT_DAYS * 86_400, HOT_DAYS * 86_400))
        await _rewrite(client)
        await record_more(client, SINCE_REWRITE, now)
        await client.delete(*STREAMS)  # shipped
        size = int((await client.info("persistence"))["aof_current_size"])
        await client.aclose()
        await server.stop()
    return size


async def record_more(valkey: Redis, number: int, now: int) -> None:
    """So many clicks of that second behind the first LIVE, each with its session."""
    store = ClickStore(valkey, hot_days=HOT_DAYS, answer_seconds=60, patience_seconds=60)
    for first in range(0, number, _AT_ONCE):
        facts = [click(LIVE + place, now * 1_000_000 + place) for place in range(first, first + _AT_ONCE)]
        sessions = [Session(fact.click_id, _SESSION_SECONDS) for fact in facts]
        await asyncio.gather(
            *(store.record(fact, attributable=True, session=one) for fact, one in zip(facts, sessions, strict=True))
        )


async def _rewrite(client: Redis) -> None:
    await client.bgrewriteaof()
    while True:
        told = await client.info("persistence")
        if not told["aof_rewrite_in_progress"] and not told["aof_rewrite_scheduled"]:
            return
        await asyncio.sleep(0.1)
