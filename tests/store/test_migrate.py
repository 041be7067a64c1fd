"""The schema is brought up to date once, whoever starts, and never behind anybody's back."""

import asyncio

import asyncpg
import pytest

from tests.running import free_port
from tracker.errors import ConfigurationError, StoreUnavailableError
from tracker.store.migrate import migrate_postgres, migrations

pytestmark = pytest.mark.every_postgres


@pytest.fixture
async def empty_dsn(postgres_dsn: str) -> str:
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    return postgres_dsn


async def test_every_file_is_applied_once_and_in_order(empty_dsn: str) -> None:
    assert await migrate_postgres(empty_dsn) == list(migrations())
    assert await migrate_postgres(empty_dsn) == []


async def test_a_server_that_is_away_is_told_in_a_sentence() -> None:
    with pytest.raises(StoreUnavailableError, match="PostgreSQL did not answer"):
        await migrate_postgres(f"postgresql://tracker@127.0.0.1:{free_port()}/tracker")


async def test_two_processes_may_start_together(empty_dsn: str) -> None:
    applied = await asyncio.gather(*(migrate_postgres(empty_dsn) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, len(migrations())]


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE schema_migrations SET checksum = 'x' WHERE name = '001_terms.sql'", "001_terms.sql was changed"),
        ("INSERT INTO schema_migrations VALUES ('999_future.sql', 'x')", "does not know; start the newer one"),
    ],
)
async def test_a_database_that_is_not_as_we_left_it_is_not_touched(postgres_dsn: str, sql: str, sentence: str) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute(sql)
    await connection.close()
    with pytest.raises(ConfigurationError, match=sentence):
        await migrate_postgres(postgres_dsn)
