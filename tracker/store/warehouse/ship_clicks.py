"""Clicks: Valkey's streams -> ClickHouse (docs/adr/0003). An entry is removed only when its row is on disk, or when it
is in quarantine; a drain that is killed before that inserts it again, and it becomes one row."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tracker.errors import StoreUnavailableError
from tracker.store.clicks import STREAMS, read_entry
from tracker.store.warehouse.poison import Poison, Quarantine, store_all_but_poison
from tracker.store.warehouse.rows import CLICKS, HashShopper, Row, StreamedClick, by_month, click_row
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import BACKLOG, OLDEST_CLICK, SHIPPED, Telemetry

SOURCE = "clicks"
PER_STREAM = 640  # some 10,000 rows a batch

Fields = Mapping[bytes, bytes]
_Entry = tuple[Row, Fields]
_CLICKED_AT_US = CLICKS.columns.index("clicked_at_us")


@dataclass(frozen=True, slots=True)
class _Batch:
    entries: list[_Entry]
    poisons: list[Poison]
    last: dict[str, bytes]  # by stream, the id of the last entry read
    is_full: bool  # there may be more


class ClickShipper:
    def __init__(
        self,
        threads: EngineThreads,
        valkey: Redis,
        quarantine: Quarantine,
        hash_shopper: HashShopper,
        telemetry: Telemetry,
    ) -> None:
        self._threads = threads
        self._valkey = valkey
        self._quarantine = quarantine
        self._hash_shopper = hash_shopper
        self._telemetry = telemetry

    async def ship(self) -> None:
        """All that is in the streams now; the next batch is read while one is inserted.

        Raises StoreUnavailableError: what has not arrived is still in the streams.
        """
        batch = await self._read({})
        self._note_oldest(batch)
        while batch.is_full:
            batch = await self._store_while_reading(batch)
        await self._store(batch)
        self._telemetry.gauge(OLDEST_CLICK, 0)
        self._telemetry.gauge(BACKLOG, 0, SOURCE)

    async def _store_while_reading(self, batch: _Batch) -> _Batch:
        stored, following = await asyncio.gather(self._store(batch), self._read(batch.last), return_exceptions=True)
        if isinstance(stored, BaseException):
            raise stored
        if isinstance(following, BaseException):
            raise following
        return following

    async def _read(self, after: Mapping[str, bytes]) -> _Batch:
        try:
            async with self._valkey.pipeline(transaction=False) as pipeline:
                for stream in STREAMS:
                    pipeline.xrange(stream, b"(" + after[stream] if stream in after else b"-", count=PER_STREAM)
                for stream in STREAMS:
                    pipeline.xlen(stream)
                replies = await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise _away(error) from error
        read = dict(zip(STREAMS, replies, strict=False))
        self._telemetry.gauge(BACKLOG, sum(replies[len(STREAMS) :]), SOURCE)
        last = dict(after) | {stream: entries[-1][0] for stream, entries in read.items() if entries}
        is_full = any(len(entries) == PER_STREAM for entries in read.values())
        decoded, poisons = await asyncio.to_thread(
            self._decode, [fields for some in read.values() for _, fields in some]
        )
        return _Batch(decoded, poisons, last, is_full)

    def _decode(self, entries: Sequence[Fields]) -> tuple[list[_Entry], list[Poison]]:
        decoded: list[_Entry] = []
        poisons: list[Poison] = []
        for fields in entries:
            try:
                decoded.append((click_row(read_entry(fields, StreamedClick), self._hash_shopper), fields))
            except (msgspec.MsgspecError, LookupError, ValueError) as error:
                poisons.append(_poison(fields, error))
        return decoded, poisons

    async def _store(self, batch: _Batch) -> None:
        refused = await store_all_but_poison(batch.entries, self._insert)
        poisons = batch.poisons + [_poison(fields, error) for (_, fields), error in refused]
        await self._quarantine.take(SOURCE, poisons)
        await self._trim(batch.last)
        self._telemetry.count(SHIPPED, CLICKS.name, by=len(batch.entries) - len(refused))

    async def _insert(self, entries: Sequence[_Entry]) -> None:
        for rows in by_month(CLICKS, [row for row, _ in entries]):
            await self._threads.insert(CLICKS.name, CLICKS.columns, rows)

    async def _trim(self, last: Mapping[str, bytes]) -> None:
        """Exactly what was read: entries that came meanwhile have greater ids."""
        try:
            async with self._valkey.pipeline(transaction=False) as pipeline:
                for stream, entry_id in last.items():
                    pipeline.xtrim(stream, minid=_next_id(entry_id), approximate=False)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise _away(error) from error

    def _note_oldest(self, batch: _Batch) -> None:
        oldest = min((row[_CLICKED_AT_US] for row, _ in batch.entries), default=None)
        age = 0 if oldest is None else time.time() - oldest / 1_000_000
        self._telemetry.gauge(OLDEST_CLICK, max(age, 0))


def _poison(fields: Fields, error: Exception) -> Poison:
    return Poison(msgspec.msgpack.encode(fields), str(error))


def _next_id(entry_id: bytes) -> bytes:
    milliseconds, number = entry_id.split(b"-")
    return b"%b-%d" % (milliseconds, int(number) + 1)


def _away(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"Valkey did not hand over clicks: {error or type(error).__name__}")
