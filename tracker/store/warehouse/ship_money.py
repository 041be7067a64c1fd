"""PostgreSQL's outbox -> ClickHouse: money, and the tag's reports. A fact leaves it when its rows are on disk."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tracker.core.unix_time import moment
from tracker.store.postgres.connect import CONFIRM, Connection, Pool, Pooled
from tracker.store.postgres.faults import telling_when_away
from tracker.store.warehouse.money_entries import MONEY_TABLES, Entry, Kept, decode, inserting, rows_of
from tracker.store.warehouse.poison import Poison, Quarantine, store_all_but_poison
from tracker.store.warehouse.rows import HashShopper
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import BACKLOG, BATCH_SECONDS, OLDEST_OUTBOX, SHIPPED, Telemetry

SOURCE = "outbox"
BATCH = 2_000
# Whoever ships shares it, whoever builds the tables anew has it alone. Any number that nobody else uses.
SHIPPING_LOCK = 7_201_945_339

_READ = "SELECT id, kind, body FROM outbox ORDER BY id LIMIT $1"
# Only who deletes a report keeps it: two drains may have shipped it.
_DELETE = """
WITH gone AS (DELETE FROM outbox WHERE id = ANY ($1) RETURNING id)
INSERT INTO tag_facts (reported_at, click_ids, body)
SELECT t.reported_at, array_remove(ARRAY[t.click_id, t.cookie_click_id], ''), t.body
FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::bytea[])
    AS t(id, reported_at, click_id, cookie_click_id, body)
JOIN gone USING (id)
ORDER BY t.id
"""
# Counting them all would cost as much as shipping them.
_BACKLOG = "SELECT coalesce((SELECT max(id) FROM outbox) - (SELECT min(id) FROM outbox) + 1, 0)"


class MoneyShipper:
    def __init__(
        self,
        threads: EngineThreads,
        pool: Pool,
        quarantine: Quarantine,
        hash_shopper: HashShopper,
        telemetry: Telemetry,
    ) -> None:
        self._pool = pool
        self._quarantine = quarantine
        self._hash_shopper = hash_shopper
        self._telemetry = telemetry
        self._seconds = telemetry.histogram(BATCH_SECONDS, SOURCE)
        self._insert = inserting(threads)

    async def ship(self) -> None:
        """All that is in the outbox now; nothing while the tables are being built anew. Raises StoreUnavailableError:
        what has not arrived is still in it."""
        async with self._turn() as connection:
            if connection is not None:
                await self.ship_by(connection)

    async def ship_by(self, connection: "Connection | Pooled") -> None:
        """All that this connection sees in the outbox. Raises StoreUnavailableError."""
        while True:
            with telling_when_away():
                records = await connection.fetch(_READ, BATCH)
                if records:
                    await connection.execute(CONFIRM)
                self._telemetry.gauge(BACKLOG, await connection.fetchval(_BACKLOG), SOURCE)
            await self._store(connection, [Kept(*record) for record in records])
            if len(records) < BATCH:
                self._telemetry.gauge(BACKLOG, 0, SOURCE)
                self._telemetry.gauge(OLDEST_OUTBOX, 0)
                return

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator["Pooled | None"]:
        """None: somebody builds the tables anew. The lock ends with the connection, however that ends."""
        with telling_when_away():
            connection = await self._pool.acquire()
        try:
            with telling_when_away():
                free = await connection.fetchval("SELECT pg_try_advisory_lock_shared($1)", SHIPPING_LOCK)
            yield connection if free else None
        finally:
            with telling_when_away():
                await self._pool.release(connection)  # which gives back its locks

    async def _store(self, connection: "Connection | Pooled", kept: Sequence[Kept]) -> None:
        if not kept:
            return
        entries, poisons = decode(kept, self._hash_shopper)
        if entries:
            self._telemetry.gauge(OLDEST_OUTBOX, max(time.time() - entries[0].told_at_us / 1_000_000, 0))
        begun = time.perf_counter()
        refused = await store_all_but_poison(entries, self._insert)
        self._seconds.observe(time.perf_counter() - begun)
        await self._quarantine.take(SOURCE, poisons + [Poison(entry.kept.body, str(error)) for entry, error in refused])
        never = {entry.kept.id for entry, _ in refused}
        stored = [entry for entry in entries if entry.kept.id not in never]
        with telling_when_away():
            await connection.execute(_DELETE, [one.id for one in kept], *_tag_columns(stored))
        for table in MONEY_TABLES:
            self._telemetry.count(SHIPPED, table.name, by=len(rows_of(table, stored)))


def _tag_columns(entries: Sequence[Entry]) -> list[list[object]]:
    rows = [
        (
            entry.kept.id,
            moment(entry.tag.reported_at_us),
            entry.tag.click_id,
            entry.tag.cookie_click_id,
            entry.kept.body,
        )
        for entry in entries
        if entry.tag is not None
    ]
    return [list(column) for column in zip(*rows, strict=True)] or [[], [], [], [], []]
