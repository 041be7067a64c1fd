"""Hot records put into Valkey as record.lua puts them, many at once."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from redis.asyncio import Redis

from tracker.core.facts import ClickFact
from tracker.store.hot_click import FULL_BUCKET, expires_at, pack, place_of

_TRIP = 5_000


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
