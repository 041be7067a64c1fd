"""Fixtures: the real embedded stores, started once a test run. `conftest.py` imports them.

`valkey` is emptied before each test; `postgres_dsn` is a database of the test's own, copied from a migrated template.
With the mark `every_postgres` a test gets it twice: in the bundled PostgreSQL, and in the oldest one that we support.
A module that imports `either_valkey_url` has each of its tests on Debian's Redis, too.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import NamedTuple

import asyncpg
import psutil
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tests.clusters.postgres import PostgresServer
from tests.clusters.valkey_servers import Server, redis_program, running_server
from tracker.embedded.errors import DataFolderInUseError
from tracker.embedded.lock import DataFolderLock
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.valkey import EmbeddedValkey

FOLDERS = "tracker-tests-"
YOUNG_SECONDS = 60
TEMPLATE = "tracker_template"
database_numbers = count(1)


@pytest.fixture(scope="session")
def stores_folder() -> Iterator[Path]:
    """Not below pytest's own folder: that is closed to the user whom PostgreSQL runs as when the tests run as root."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=FOLDERS))
    folder.chmod(0o711)
    with DataFolderLock(folder):
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def valkey_server(stores_folder: Path) -> AsyncIterator[EmbeddedValkey]:
    server = EmbeddedValkey(stores_folder)
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server(stores_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(stores_folder)
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_server(stores_folder: Path) -> AsyncIterator[Server]:
    program = redis_program()
    if program is None:
        pytest.skip("Debian's redis-server is not installed: tests/packages.sh does it")
    async with running_server(stores_folder / "redis", program) as server:
        yield server


@pytest.fixture
def valkey_url(valkey_server: EmbeddedValkey) -> str:
    return valkey_server.url


@pytest.fixture(name="valkey_url", params=["valkey", pytest.param("redis", marks=pytest.mark.slow)])
def either_valkey_url(request: pytest.FixtureRequest) -> str:
    server: EmbeddedValkey | Server = request.getfixturevalue(f"{request.param}_server")
    return server.url


@pytest_asyncio.fixture(loop_scope="session")
async def valkey(valkey_url: str) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(valkey_url, retry=Retry(NoBackoff(), 0))
    await client.flushall()
    yield client
    await client.aclose()


class Databases(NamedTuple):
    """A server that has the template. `dsn_of` is the address of one of its databases."""

    dsn_of: Callable[[str], str]


@pytest_asyncio.fixture(loop_scope="session")
async def postgres_dsn(databases: Databases) -> AsyncIterator[str]:
    name = f"test_{next(database_numbers)}"
    admin = await asyncpg.connect(databases.dsn_of("postgres"))
    # Through the write-ahead log: the other way to copy waits for two checkpoints.
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY wal_log")
    yield databases.dsn_of(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def databases(request: pytest.FixtureRequest, postgres_kind: str) -> Databases:
    found: Databases = request.getfixturevalue(f"{postgres_kind}_databases")
    return found


@pytest.fixture
def postgres_kind() -> str:
    return "bundled"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bundled_databases(postgres_server: EmbeddedPostgres) -> Databases:
    await _make_template(postgres_server.dsn_of, "")
    return Databases(postgres_server.dsn_of)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def debian_databases(debian_postgres: PostgresServer) -> Databases:
    """An operator's database may sort as people do: nothing may depend on the order of bytes."""
    await _make_template(debian_postgres.dsn, "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'ru-RU'")
    return Databases(debian_postgres.dsn)


async def _make_template(dsn_of: Callable[[str], str], how: str) -> None:
    admin = await asyncpg.connect(dsn_of("postgres"))
    await admin.execute(f"CREATE DATABASE {TEMPLATE} {how}")
    await admin.close()
    await _migrate(dsn_of(TEMPLATE))


async def _migrate(dsn: str) -> None:
    if find_spec("tracker.store.migrate") is not None:  # the supervisor's own tests run without it
        await import_module("tracker.store.migrate").migrate_postgres(dsn)


def _sweep() -> None:
    """Ends the servers of test runs that were killed, and removes their folders. A living run holds its lock."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
        try:
            age = time.time() - folder.stat().st_mtime
            if folder.stat().st_uid != os.geteuid() or age < YOUNG_SECONDS:
                continue  # another run may just have made it, and lock it in a moment
            with DataFolderLock(folder):
                for process in psutil.process_iter():
                    if _works_below(process, folder):
                        process.send_signal(signal.SIGKILL)
                shutil.rmtree(folder, ignore_errors=True)
        except (DataFolderInUseError, FileNotFoundError):
            continue


def _works_below(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(folder)
    except (psutil.Error, OSError):
        return False
