"""The stores of `serve`: embedded ones are started, Valkey and PostgreSQL side by side, and kept alive; those of the
operator's own are looked at."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tracker import app
from tracker.embedded.keep_alive import keep_alive
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.server import EmbeddedServer
from tracker.embedded.valkey import EmbeddedValkey
from tracker.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stores:
    """They may still load. `valkey` and `postgres` end when they answer, or raise TrackerError: they cannot be used."""

    valkey_url: str
    postgres_url: str
    valkey: asyncio.Task[None]
    postgres: asyncio.Task[None]

    @property
    def environment(self) -> dict[str, str]:
        """As our children's settings."""
        return {"TRACKER_VALKEY_URL": self.valkey_url, "TRACKER_POSTGRES_URL": self.postgres_url}


@asynccontextmanager
async def starting_stores(settings: Settings, stopping: asyncio.Event) -> AsyncIterator[Stores]:
    """Enters once they are the right ones: the operator's own were looked at, ours run over our folders with our
    settings. Ours are stopped behind the block. Raises TrackerError when one cannot be used."""
    valkey, postgres = EmbeddedValkey(settings.data), EmbeddedPostgres(settings.data)
    async with AsyncExitStack() as stack:
        if settings.valkey_url is None:
            starting_valkey = stack.enter_async_context(_kept_alive(valkey, stopping))
        else:
            starting_valkey = app.check_valkey_server(settings.valkey_url, settings.valkey_replicas)
        if settings.postgres_url is None:
            starting_postgres = stack.enter_async_context(_kept_alive(postgres, stopping))
        else:
            starting_postgres = app.check_postgres_server(settings.postgres_url)
        starts = asyncio.create_task(starting_valkey), asyncio.create_task(starting_postgres)
        try:
            await asyncio.gather(_begun(valkey, starts[0]), _begun(postgres, starts[1]))
            yield Stores(settings.valkey_url or valkey.url, settings.postgres_url or postgres.dsn, *starts)
        finally:
            await asyncio.gather(*starts, return_exceptions=True)


async def _begun(server: EmbeddedServer, start: asyncio.Task[None]) -> None:
    """Raises what `start` raises before that."""
    begun = asyncio.create_task(server.begun.wait())
    await asyncio.wait({begun, start}, return_when=asyncio.FIRST_COMPLETED)
    begun.cancel()
    if start.done():
        start.result()


@asynccontextmanager
async def _kept_alive(server: EmbeddedServer, stopping: asyncio.Event) -> AsyncIterator[None]:
    """Running inside the block, started again if it ends, stopped behind it."""
    await server.start()
    watch = asyncio.create_task(keep_alive(server, stopping=stopping, log=log))
    try:
        yield
    finally:
        stopping.set()
        await watch
        await server.stop()
