"""PostgreSQL's outbox -> ClickHouse: money, and the tag's reports. A fact leaves it when its rows are on disk."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
import msgspec

from tracker.core.facts import PostbackFact, ReconciliationFact, RevisionFact, TagFact
from tracker.store.ledger.faults import telling_when_away
from tracker.store.postgres.connect import CONFIRM, Pool
from tracker.store.warehouse.poison import Poison, Quarantine, store_all_but_poison
from tracker.store.warehouse.rows import (
    LINES,
    POSTBACKS,
    RECONCILIATIONS,
    REVISIONS,
    TAG_REPORTS,
    HashShopper,
    Row,
    Table,
    by_month,
    line_rows,
    postback_row,
    reconciliation_row,
    revision_row,
    tag_row,
)
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import BACKLOG, BATCH_SECONDS, OLDEST_OUTBOX, SHIPPED, Telemetry

SOURCE = "outbox"
BATCH = 2_000

_READ = "SELECT id, kind, body FROM outbox ORDER BY id LIMIT $1"
_DELETE = "DELETE FROM outbox WHERE id = ANY ($1)"
# Counting them all would cost as much as shipping them.
_BACKLOG = "SELECT coalesce((SELECT max(id) FROM outbox) - (SELECT min(id) FROM outbox) + 1, 0)"

# A conversion's lines come before it: whoever sees it sees them.
_TABLES = (POSTBACKS, LINES, REVISIONS, TAG_REPORTS, RECONCILIATIONS)
_postbacks = msgspec.msgpack.Decoder(PostbackFact)
_tags = msgspec.msgpack.Decoder(TagFact)
_reconciliations = msgspec.msgpack.Decoder(ReconciliationFact)
_revisions = msgspec.msgpack.Decoder(RevisionFact)


@dataclass(frozen=True, slots=True)
class _Entry:
    body: bytes
    told_at_us: int
    rows: dict[Table, list[Row]] = field(default_factory=dict)


class MoneyShipper:
    def __init__(
        self,
        threads: EngineThreads,
        pool: Pool,
        quarantine: Quarantine,
        hash_shopper: HashShopper,
        telemetry: Telemetry,
    ) -> None:
        self._threads = threads
        self._pool = pool
        self._quarantine = quarantine
        self._hash_shopper = hash_shopper
        self._telemetry = telemetry
        self._seconds = telemetry.histogram(BATCH_SECONDS, SOURCE)

    async def ship(self) -> None:
        """All that is in the outbox now. Raises StoreUnavailableError: what has not arrived is still in it."""
        while True:
            with telling_when_away():
                records = await self._pool.fetch(_READ, BATCH)
                if records:
                    await self._pool.execute(CONFIRM)
                self._telemetry.gauge(BACKLOG, await self._pool.fetchval(_BACKLOG), SOURCE)
            await self._store(records)
            if len(records) < BATCH:
                self._telemetry.gauge(BACKLOG, 0, SOURCE)
                self._telemetry.gauge(OLDEST_OUTBOX, 0)
                return

    async def _store(self, records: Sequence[asyncpg.Record]) -> None:
        if not records:
            return
        entries, poisons = self._decode(records)
        if entries:
            self._telemetry.gauge(OLDEST_OUTBOX, max(time.time() - entries[0].told_at_us / 1_000_000, 0))
        begun = time.perf_counter()
        refused = await store_all_but_poison(entries, self._insert)
        self._seconds.observe(time.perf_counter() - begun)
        await self._quarantine.take(SOURCE, poisons + [Poison(entry.body, str(error)) for entry, error in refused])
        with telling_when_away():
            await self._pool.execute(_DELETE, [record["id"] for record in records])
        for table in _TABLES:
            stored = len(_rows(table, entries)) - len(_rows(table, [entry for entry, _ in refused]))
            self._telemetry.count(SHIPPED, table.name, by=stored)

    def _decode(self, records: Sequence[asyncpg.Record]) -> tuple[list[_Entry], list[Poison]]:
        entries: list[_Entry] = []
        poisons: list[Poison] = []
        for record in records:
            try:
                entries.append(self._entry(record["kind"], record["body"]))
            except (msgspec.MsgspecError, ValueError) as error:
                poisons.append(Poison(record["body"], str(error)))
        return entries, poisons

    def _entry(self, kind: str, body: bytes) -> _Entry:
        if kind == "postback":
            postback = _postbacks.decode(body)
            return _Entry(body, postback.received_at_us, {POSTBACKS: [postback_row(postback)]})
        if kind == "tag":
            tag = _tags.decode(body)
            return _Entry(body, tag.reported_at_us, {TAG_REPORTS: [tag_row(tag)]})
        if kind == "reconciliation":
            compared = _reconciliations.decode(body)
            return _Entry(body, compared.reconciled_at_us, {RECONCILIATIONS: [reconciliation_row(compared)]})
        fact = _revisions.decode(body)
        rows = {REVISIONS: [revision_row(fact, self._hash_shopper)], LINES: line_rows(fact)}
        return _Entry(body, fact.revised_at_us, rows)

    async def _insert(self, entries: Sequence[_Entry]) -> None:
        for table in _TABLES:
            for rows in by_month(table, _rows(table, entries)):
                await self._threads.insert(table.name, table.columns, rows)


def _rows(table: Table, entries: Sequence[_Entry]) -> list[Row]:
    return [row for entry in entries for row in entry.rows.get(table, ())]
