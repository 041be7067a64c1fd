"""The real embedded engine, opened once: a process can open one folder only. Each test begins with empty tables."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from tests.warehouse.setting import TABLES, Warehouse
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrate_clickhouse
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import Telemetry


@pytest.fixture(scope="session")
def engine(stores_folder: Path) -> Iterator[EmbeddedEngine]:
    opened = EmbeddedEngine(stores_folder / "warehouse")
    migrate_clickhouse(opened)
    yield opened
    opened.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine_threads(engine: EmbeddedEngine) -> AsyncIterator[EngineThreads]:
    threads = EngineThreads(engine)
    yield threads
    await threads.close()


@pytest.fixture
def threads(engine: EmbeddedEngine, engine_threads: EngineThreads) -> EngineThreads:
    for table in TABLES:
        if engine.query(f"SELECT 1 FROM {table.name} LIMIT 1", format_="TSV"):
            engine.execute(f"TRUNCATE TABLE {table.name}")
    return engine_threads


@pytest_asyncio.fixture(loop_scope="session")
async def warehouse(
    engine: EmbeddedEngine, threads: EngineThreads, valkey: Redis, postgres_dsn: str
) -> AsyncIterator[Warehouse]:
    pool = await asyncpg.create_pool(postgres_dsn, min_size=0, max_size=2)
    async with pool:
        yield Warehouse(engine, threads, valkey, postgres_dsn, pool, Telemetry())
