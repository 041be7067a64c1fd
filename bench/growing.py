"""Ninety days of clicks, all of them kept live, every bucket full: does the last click cost what the first one did?"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from bench.facts import click
from bench.live_clicks import LiveClicks, used_memory
from bench.stores import bundled_valkey
from bench.table import Table
from tracker.core.facts import ClickFact
from tracker.core.session import Session
from tracker.store.clicks import STREAMS, ClickStore
from tracker.store.hot_click import BUCKET_SECONDS, FULL_BUCKET

DAYS = 90
SHARDS = (5, 6)  # of 1,024: with all of them it would be half a billion clicks
_HOURS = 24
_LOOKED_AT = (1, 10, 30, 60, 90)  # days
_ASKED = 4_000  # clicks recorded, and found, each time
_AT_ONCE = 50
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Costs:
    record: float  # microseconds of Valkey
    find: float


async def ninety_days() -> Table:
    rows: list[list[str]] = []
    async with bundled_valkey() as (_, valkey):
        empty = await used_memory(valkey)
        live, store = (
            LiveClicks(valkey, DAYS),
            ClickStore(valkey, hot_days=DAYS, answer_seconds=60, patience_seconds=60),
        )
        first = int(time.time()) // BUCKET_SECONDS * BUCKET_SECONDS
        for day in range(DAYS + 1):
            if day in _LOOKED_AT:
                each = (await used_memory(valkey) - empty) / live.count
                costs = await _costs(valkey, store, live.count, first + day * _DAY)
                rows.append(
                    [f"day {day}", f"{live.count:,}", f"{each:.0f}", f"{costs.record:.1f}", f"{costs.find:.1f}"]
                )
            await live.put(_of_a_day(day, first + day * _DAY))
    return Table(
        title="Ninety days of full buckets",
        head=["", "live clicks", "bytes each", "recording one, µs of Valkey", "finding one, µs of Valkey"],
        rows=rows,
        notes=[
            (
                f"`TRACKER_HOT_DAYS={DAYS}`, {len(SHARDS)} of the 1,024 shards, {FULL_BUCKET} clicks an hour in each: "
                f"the bucket is full. Recorded and found are {_ASKED:,} clicks of the hour that follows, so that their "
                "bucket fills up and the next levels are used; `ClickStore` does both, with a session. Microseconds "
                "are Valkey's own for its script and for the look-up, as INFO commandstats counts them, without the "
                "wait for the disk."
            ),
        ],
    )


def _of_a_day(day: int, midnight: int) -> Iterator[ClickFact]:
    number = day * _HOURS * len(SHARDS) * FULL_BUCKET
    for hour in range(_HOURS):
        for shard in SHARDS:
            for place in range(FULL_BUCKET):
                second = midnight + hour * BUCKET_SECONDS + place * BUCKET_SECONDS // FULL_BUCKET
                yield click(number, second * 1_000_000, shard)
                number += 1


async def _costs(valkey: Redis, store: ClickStore, first: int, second: int) -> Costs:
    """Of an hour that is not full yet; it is emptied again."""
    facts = [click(first + number, second * 1_000_000, SHARDS[0]) for number in range(_ASKED)]
    before = {key async for key in valkey.scan_iter(f"h*{second // BUCKET_SECONDS:x}.*")}
    record = await _took(
        valkey, facts, lambda fact: store.record(fact, attributable=True, session=Session(fact.click_id, _DAY))
    )
    find = await _took(valkey, facts, lambda fact: store.find(fact.click_id, fact.partner_id))
    after = [key async for key in valkey.scan_iter(f"h*{second // BUCKET_SECONDS:x}.*") if key not in before]
    sessions = [key async for key in valkey.scan_iter("s{*")]
    await valkey.delete(*after, *sessions, *STREAMS)
    return Costs(record, find)


async def _took(valkey: Redis, facts: Sequence[ClickFact], work: Callable[[ClickFact], Awaitable[object]]) -> float:
    """Microseconds of Valkey each, its scripts included."""
    await valkey.config_resetstat()
    for start in range(0, len(facts), _AT_ONCE):
        await asyncio.gather(*(work(fact) for fact in facts[start : start + _AT_ONCE]))
    told = await valkey.info("commandstats")
    script = told.get("cmdstat_evalsha")
    ours = [script] if script else [told["cmdstat_hget"], told["cmdstat_get"]]
    return float(sum(one["usec"] for one in ours)) / len(facts)
