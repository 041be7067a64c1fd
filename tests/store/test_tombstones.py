"""Who has been erased stays known: nothing that a look meets ends the looking."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from tests.warehouse.setting import KEY
from tracker.errors import StoreUnavailableError
from tracker.store.erase.postgres import tombstone
from tracker.store.erase.tombstones import Tombstones
from tracker.store.warehouse.rows import shopper_hash

SHOPPER = "shopper-7"


async def test_a_look_that_fails_in_any_way_is_followed_by_another(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is away for a while, as on a machine that is upgraded before the schema is."""
    monkeypatch.setattr("tracker.store.erase.tombstones.LOOK_SECONDS", 0.02)
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=2) as pool:
        await pool.execute("ALTER TABLE erased_shoppers RENAME TO erased_shoppers_later")
        hash_shopper = shopper_hash(KEY)
        failed = asyncio.Event()

        async def fetch(sql: str) -> list[asyncpg.Record]:
            try:
                return await pool.fetch(sql)
            except asyncpg.UndefinedTableError:
                failed.set()
                raise

        tombstones = Tombstones(fetch, hash_shopper)
        async with tombstones.kept_fresh(), asyncio.timeout(10):
            await failed.wait()
            await pool.execute("ALTER TABLE erased_shoppers_later RENAME TO erased_shoppers")
            async with pool.acquire() as connection:
                await tombstone(connection, hash_shopper(SHOPPER), "erased-1", datetime.now(UTC))  # type: ignore[arg-type]
            while not tombstones.is_erased(SHOPPER):
                await asyncio.sleep(0.02)


async def test_a_process_that_starts_with_postgresql_knows_who_was_erased_before_it_serves(postgres_dsn: str) -> None:
    hash_shopper = shopper_hash(KEY)
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=2) as pool:
        async with pool.acquire() as connection:
            await tombstone(connection, hash_shopper(SHOPPER), "erased-1", datetime.now(UTC))  # type: ignore[arg-type]
        starting = iter([True, True])

        async def fetch(sql: str) -> list[asyncpg.Record]:
            if next(starting, False):
                raise StoreUnavailableError("PostgreSQL is starting")
            return await pool.fetch(sql)

        tombstones = Tombstones(fetch, hash_shopper)
        async with tombstones.kept_fresh():
            assert tombstones.is_erased(SHOPPER)
