"""`tracker rebuild`: ClickHouse's money tables made anew from PostgreSQL, beside the old ones and then in their place.

Nobody ships money meanwhile: facts wait in the outbox. All is read in one transaction, so that the tables before and
the tables after are of the same moment, and can be compared. Months change places one by one, each at once: analysts
see an old month or a new one, never half of one. Killed at any moment, it is started again and does all of it again.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tracker.errors import TrackerError, WarehouseQueryError
from tracker.ports import WarehouseEngine
from tracker.store.postgres.connect import Connection, create_pool
from tracker.store.postgres.faults import telling_when_away
from tracker.store.postgres.own import own_connection
from tracker.store.warehouse.facts_again import facts_again, oldest_tag_fact
from tracker.store.warehouse.fingerprint import Fingerprint, fingerprint
from tracker.store.warehouse.migrate import make_again
from tracker.store.warehouse.money_entries import MONEY_TABLES, decode, inserting
from tracker.store.warehouse.poison import Poison, Quarantine, store_all_but_poison
from tracker.store.warehouse.rows import TAG_REPORTS, HashShopper, Table
from tracker.store.warehouse.ship_money import SHIPPING_LOCK, SOURCE, MoneyShipper
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import Telemetry

_BESIDE = {table: f"{table.name}_anew" for table in MONEY_TABLES}
_PARTITIONS = """
SELECT DISTINCT partition FROM system.parts WHERE database = '{}' AND table = '{}' AND active ORDER BY partition
"""
_ENGINE = "SELECT engine, engine_full FROM system.tables WHERE database = '{}' AND name = '{}'"
_REPLICATED = re.compile(r"^Replicated(\w*MergeTree)(\()'[^']*', '[^']*'(?:, )?")

Told = Callable[[int], Awaitable[None]]  # how many facts have been made again


@dataclass(frozen=True, slots=True)
class Rebuilt:
    table: str
    before: Fingerprint
    after: Fingerprint


class Rebuild:
    def __init__(self, threads: EngineThreads, dsn: str, hash_shopper: HashShopper, telemetry: Telemetry) -> None:
        self._threads = threads
        self._dsn = dsn
        self._hash_shopper = hash_shopper
        self._telemetry = telemetry

    async def run(self, told: Told) -> list[Rebuilt]:
        """Raises TrackerError: then the tables are as they were, or some months are anew already; do it again."""
        try:
            async with await create_pool(self._dsn, max_size=1) as pool:
                quarantine = Quarantine(pool, self._telemetry)
                shipper = MoneyShipper(self._threads, pool, quarantine, self._hash_shopper, self._telemetry)
                await self._threads.run(_make_sure_that_they_exist)
                async with self._alone() as connection:
                    await shipper.ship_by(connection)
                    before = {table: await fingerprint(self._threads, table, table.name) for table in MONEY_TABLES}
                    await self._build(connection, quarantine, told)
                    after = {table: await fingerprint(self._threads, table, _BESIDE[table]) for table in MONEY_TABLES}
                    for table in MONEY_TABLES:
                        await self._put_in_place(table)
        except WarehouseQueryError as error:
            raise TrackerError(f"ClickHouse refused a step; start it again: {error}") from error
        return [Rebuilt(table.name, before[table], after[table]) for table in MONEY_TABLES]

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Connection]:
        """Inside one transaction that sees PostgreSQL as of one moment, while nobody ships."""
        async with own_connection(self._dsn) as connection:
            with telling_when_away():
                await connection.execute("SELECT pg_advisory_lock($1)", SHIPPING_LOCK)
                transaction = connection.transaction(isolation="repeatable_read")
                await transaction.start()
            yield connection
            with telling_when_away():
                await transaction.commit()

    async def _build(self, connection: Connection, quarantine: Quarantine, told: Told) -> None:
        for table, beside in _BESIDE.items():
            await self._threads.execute(f"DROP TABLE IF EXISTS {beside}")  # of one that was killed
            await self._threads.execute(
                f"CREATE TABLE {beside} AS {table.name} ENGINE = {await self._engine_of(table)}"
            )
        await self._carry_over(connection)
        insert = inserting(self._threads, _BESIDE)
        made = 0
        async for kept in facts_again(connection):
            entries, poisons = decode(kept, self._hash_shopper)
            refused = await store_all_but_poison(entries, insert)
            poisons += [Poison(entry.kept.body, str(error)) for entry, error in refused]
            await quarantine.take(SOURCE, poisons)  # where they have been since they were first shipped
            made += len(kept)
            await told(made)

    async def _engine_of(self, table: Table) -> str:
        """Beside a replicated table a plain one: its months are handed over all the same, and no second name is taken
        in ZooKeeper."""
        [[engine, full]] = await self._threads.rows(_ENGINE.format(*table.name.split(".")))
        if engine == "Distributed":
            raise TrackerError(
                f"{table.name} is spread over shards: `tracker rebuild` works on one server's own tables."
            )
        return _REPLICATED.sub(r"\1\2", full)

    async def _carry_over(self, connection: Connection) -> None:
        """Reports of the tag that were shipped before PostgreSQL kept them are nowhere else. They go first: of equal
        reports the last one counts."""
        oldest = await oldest_tag_fact(connection)
        earlier = "" if oldest is None else f" WHERE reported_at_us < {int(oldest.timestamp() * 1_000_000)}"
        columns = ", ".join(TAG_REPORTS.columns)
        old, beside = TAG_REPORTS.name, _BESIDE[TAG_REPORTS]
        copied = f"SELECT {columns} FROM {old} FINAL{earlier}"  # noqa: S608 - names of our own
        await self._threads.execute(f"INSERT INTO {beside} ({columns}) {copied}")

    async def _put_in_place(self, table: Table) -> None:
        beside = _BESIDE[table]
        anew = await self._partitions(beside)
        for partition in anew:
            await self._threads.execute(f"ALTER TABLE {table.name} REPLACE PARTITION {partition} FROM {beside}")
        for partition in await self._partitions(table.name):
            if partition not in anew:
                await self._threads.execute(f"ALTER TABLE {table.name} DROP PARTITION {partition}")
        await self._threads.execute(f"DROP TABLE {beside}")

    async def _partitions(self, name: str) -> list[str]:
        return [partition for [partition] in await self._threads.rows(_PARTITIONS.format(*name.split(".")))]


def _make_sure_that_they_exist(engine: WarehouseEngine) -> None:
    """One that was dropped is made again, empty, as the migrations made it."""
    for table in MONEY_TABLES:
        make_again(engine, table.name)
