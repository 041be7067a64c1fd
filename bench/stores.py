"""The bundled stores alone, with nothing in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from tests.running import data_folder
from tracker.embedded.lock import DataFolderLock
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.valkey import EmbeddedValkey
from tracker.store.migrate import migrate_postgres


@dataclass(frozen=True, slots=True)
class Stores:
    data: Path
    valkey: Redis
    valkey_url: str
    dsn: str


@asynccontextmanager
async def bundled_valkey(*, maxmemory: str = "4gb") -> AsyncIterator[tuple[Path, Redis]]:
    """In that data folder."""
    with data_folder() as data:
        data.mkdir(mode=0o711)
        with DataFolderLock(data):
            server = EmbeddedValkey(data, maxmemory=maxmemory)
            await server.start()
            client: Redis = Redis.from_url(server.url)
            try:
                yield data, client
            finally:
                await client.aclose()
                await server.stop()


@asynccontextmanager
async def bundled_stores(*, maxmemory: str = "4gb") -> AsyncIterator[Stores]:
    with data_folder() as data:
        data.mkdir(mode=0o711)
        with DataFolderLock(data):
            valkey, postgres = EmbeddedValkey(data, maxmemory=maxmemory), EmbeddedPostgres(data)
            await valkey.start()
            await postgres.start()
            client: Redis = Redis.from_url(valkey.url)
            try:
                await migrate_postgres(postgres.dsn)
                yield Stores(data, client, valkey.url, postgres.dsn)
            finally:
                await client.aclose()
                await postgres.stop()
                await valkey.stop()


async def cpu_seconds(valkey: Redis) -> float:
    """Of the server itself since it was started."""
    used = await valkey.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])
