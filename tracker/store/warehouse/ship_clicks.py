"""Clicks: Valkey's streams -> ClickHouse (docs/adr/0003). An entry is removed only when its row is on disk, or when it
is in quarantine; a drain that is killed before that inserts it again, and it becomes one row."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import msgspec

from tracker.errors import PoisonError, StoreUnavailableError
from tracker.store.click_streams import ClickStreams, Fields, Span, named
from tracker.store.clicks import FACT_FIELD, read_entry
from tracker.store.erase.facts import forget_click
from tracker.store.erase.tombstones import Tombstones
from tracker.store.valkey_client import Valkey
from tracker.store.warehouse.by_column import ByColumn
from tracker.store.warehouse.packed_clicks import PackedClick, pack, pack_again, packed_rows
from tracker.store.warehouse.poison import Poison, Quarantine, store_all_but_poison
from tracker.store.warehouse.rows import CLICKS, HashShopper, StreamedClick, click_rows, split_by_month
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import BACKLOG, BATCH_SECONDS, OLDEST_CLICK, SHIPPED, Telemetry

log = logging.getLogger(__name__)

SOURCE = "clicks"
PER_STREAM = 1280  # some 20,000 rows a batch: a part of one file, and few to merge

_Packed = tuple[PackedClick, Fields]
_Decoded = tuple[StreamedClick, Fields]
_Click = TypeVar("_Click", PackedClick, StreamedClick)


@dataclass(frozen=True, slots=True)
class _Batch:
    entries: list[_Packed]
    poisons: list[Poison]
    spans: Mapping[str, Span]  # by stream, what was read of it
    after: Mapping[str, bytes]  # by stream, the id behind which the next batch begins
    is_full: bool  # there may be more
    away: StoreUnavailableError | None  # why some streams could not be read


class ClickShipper:
    def __init__(
        self,
        threads: EngineThreads,
        valkey: Valkey,
        quarantine: Quarantine,
        hash_shopper: HashShopper,
        telemetry: Telemetry,
        tombstones: Tombstones,
    ) -> None:
        self._tombstones = tombstones
        self._threads = threads
        self._streams = ClickStreams(valkey)
        self._quarantine = quarantine
        self._hash_shopper = hash_shopper
        self._telemetry = telemetry
        self._seconds = telemetry.histogram(BATCH_SECONDS, SOURCE)

    async def ship(self) -> None:
        """All that is in the streams now; the next batch is read while one is inserted.

        Raises StoreUnavailableError: what has not arrived is still in the streams. With a node of a cluster away, that
        is after the streams of the others.
        """
        with suppress(StoreUnavailableError):  # clicks go on; who was erased may slip through: docs/personal-data.md
            await self._tombstones.known()
        batch = await self._read({})
        self._note_oldest(batch)
        while batch.is_full:
            batch = await self._store_while_reading(batch)
        await self._store(batch)
        if batch.away:
            raise batch.away
        self._telemetry.gauge(OLDEST_CLICK, 0)
        self._telemetry.gauge(BACKLOG, 0, SOURCE)

    async def _store_while_reading(self, batch: _Batch) -> _Batch:
        stored, following = await asyncio.gather(self._store(batch), self._read(batch.after), return_exceptions=True)
        if isinstance(stored, BaseException):
            raise stored
        if isinstance(following, BaseException):
            raise following
        return following

    async def _read(self, after: Mapping[str, bytes]) -> _Batch:
        read = await self._streams.read(after, count=PER_STREAM)
        self._telemetry.gauge(BACKLOG, read.waiting, SOURCE)
        spans = {stream: Span(entries[0].id, entries[-1]) for stream, entries in read.entries.items() if entries}
        is_full = any(len(entries) == PER_STREAM for entries in read.entries.values())
        clicks, poisons = await asyncio.to_thread(
            self._pack, [entry.fields for some in read.entries.values() for entry in some]
        )
        after = dict(after) | {stream: span.last.id for stream, span in spans.items()}
        return _Batch(clicks, poisons, spans, after, is_full, read.away)

    def _pack(self, entries: Sequence[Fields]) -> tuple[list[_Packed], list[Poison]]:
        return _each(self._pack_one, entries)

    def _pack_one(self, fields: Fields) -> PackedClick:
        if len(fields) == 2 and fields[0] == FACT_FIELD:
            click = pack(fields[1])
            if click is not None and self._tombstones.stand_in(click.shopper_id) is None:
                return click
        return pack_again(self._decode_one(fields))

    def _decode_one(self, fields: Fields) -> StreamedClick:
        """Raises msgspec.MsgspecError or LookupError for what is no click."""
        fact = read_entry(named(fields), StreamedClick)
        stand_in = self._tombstones.stand_in(fact.shopper_id)
        return fact if stand_in is None else forget_click(fact, stand_in)

    async def _store(self, batch: _Batch) -> None:
        begun = time.perf_counter()
        poisons = await self._insert_all_but_poison(batch.entries)
        if batch.entries:
            self._seconds.observe(time.perf_counter() - begun)
        await self._quarantine.take(SOURCE, batch.poisons + poisons)
        await self._streams.trim(batch.spans)
        self._telemetry.count(SHIPPED, CLICKS.name, by=len(batch.entries) - len(poisons))

    async def _insert_all_but_poison(self, entries: Sequence[_Packed]) -> list[Poison]:
        """As they are, and if they are not taken so, decoded here: then it is told which one is to blame."""
        try:
            await self._insert([click for click, _ in entries], partial(packed_rows, hash_shopper=self._hash_shopper))
        except PoisonError as error:
            log.warning("A batch of clicks is decoded here, which takes longer: %s", error)
            decoded, poisons = await asyncio.to_thread(_each, self._decode_one, [fields for _, fields in entries])
            refused = await store_all_but_poison(decoded, self._insert_decoded)
            return poisons + [_poison(fields, error) for (_, fields), error in refused]
        return []

    async def _insert_decoded(self, entries: Sequence[_Decoded]) -> None:
        await self._insert([fact for fact, _ in entries], self._rows)

    async def _insert(self, clicks: Sequence[_Click], rows_of: Callable[[Sequence[_Click]], Sequence[Any]]) -> None:
        for some in split_by_month(clicks, [click.clicked_at_us // 1_000_000 for click in clicks]):
            rows = await asyncio.to_thread(rows_of, some)
            await self._threads.insert(CLICKS.name, CLICKS.columns, rows)

    def _rows(self, facts: Sequence[StreamedClick]) -> ByColumn:
        try:
            return click_rows(facts, self._hash_shopper)
        except msgspec.MsgspecError as error:
            raise PoisonError(f"The checks are none: {error}") from error

    def _note_oldest(self, batch: _Batch) -> None:
        oldest = min((click.clicked_at_us for click, _ in batch.entries), default=None)
        age = 0 if oldest is None else time.time() - oldest / 1_000_000
        self._telemetry.gauge(OLDEST_CLICK, max(age, 0))


def _each(
    read: Callable[[Fields], _Click], entries: Sequence[Fields]
) -> tuple[list[tuple[_Click, Fields]], list[Poison]]:
    """Each entry as `read` has it, and those that it can not read."""
    clicks: list[tuple[_Click, Fields]] = []
    poisons: list[Poison] = []
    for fields in entries:
        try:
            clicks.append((read(fields), fields))
        except (msgspec.MsgspecError, LookupError, ValueError, RecursionError) as error:
            poisons.append(_poison(fields, error))
    return clicks, poisons


def _poison(fields: Fields, error: Exception) -> Poison:
    return Poison(msgspec.msgpack.encode(named(fields)), str(error))
