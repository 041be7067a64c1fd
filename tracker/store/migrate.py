"""Brings PostgreSQL's schema up to date: numbered files, each once and in one transaction. Any number of processes may
start together."""

import hashlib
from collections.abc import Mapping
from importlib import resources

import asyncpg

from tracker.errors import ConfigurationError
from tracker.store.postgres.connect import connect
from tracker.store.postgres.faults import telling_when_away

# Any number will do, as long as nobody else uses it.
_LOCK = 7_201_945_337
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


async def migrate_postgres(dsn: str) -> list[str]:
    """Returns the names of what was applied now. Raises ConfigurationError when the database is not ours to change,
    StoreUnavailableError when it is away."""
    with telling_when_away():
        connection = await connect(dsn)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
            return await _apply(connection, migrations())
        finally:
            await connection.close()  # and so the lock


def migrations() -> dict[str, str]:
    """Every file by its name, in the order in which they are applied."""
    folder = resources.files("tracker.store") / "schema" / "postgres"
    files = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".sql")}
    return dict(sorted(files.items()))


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", files: Mapping[str, str]) -> list[str]:
    await connection.execute(_TABLE)
    applied = {row["name"]: row["checksum"] for row in await connection.fetch("SELECT * FROM schema_migrations")}
    problems = [
        f"The database has the migration {name}, which this version of the tracker does not know; start the newer one."
        for name in sorted(applied.keys() - files.keys())
    ]
    problems += [
        f"The migration {name} was changed after it had been applied; restore the file and add a new one."
        for name in sorted(applied.keys() & files.keys())
        if applied[name] != _checksum(files[name])
    ]
    if problems:
        raise ConfigurationError(problems)
    new = [name for name in files if name not in applied]
    for name in new:
        async with connection.transaction():
            await connection.execute(files[name])
            await connection.execute(
                "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", name, _checksum(files[name])
            )
    return new


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
