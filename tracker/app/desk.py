"""What an operator or staff do with one command, beside a running tracker or without one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from tracker import keys
from tracker.app.books import migrate_books
from tracker.app.engines import engine_of, open_engine
from tracker.app.installation import check_postgres_server, load
from tracker.app.stores import answer_analyst, open_stores, open_warehouse
from tracker.embedded.errors import DataFolderInUseError
from tracker.embedded.lock import DataFolderLock
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.errors import TrackerError
from tracker.postback.came_later import Came
from tracker.postback.replay import Replayed, replay
from tracker.postback.staff import Staff
from tracker.settings import Settings
from tracker.store.warehouse.migrate import migrate_clickhouse


@asynccontextmanager
async def open_staff(settings: Settings) -> AsyncIterator[Staff]:
    """On the stores of a running tracker."""
    secrets = keys.load(settings.data)
    refuse_unless_running(settings)
    async with (
        open_warehouse(settings) as warehouse,
        open_stores(settings, secrets, warehouse.old_clicks) as stores,
    ):
        yield Staff(stores.ledger, stores.click_ids, stores.find_click, now=lambda: datetime.now(UTC))


async def replay_once(settings: Settings) -> tuple[Replayed, Came]:
    """On the stores of a running tracker."""
    secrets = keys.load(settings.data)
    programme = load(settings, secrets)
    refuse_unless_running(settings)
    async with (
        open_warehouse(settings) as warehouse,
        open_stores(settings, secrets, warehouse.old_clicks) as stores,
    ):
        replayed = await replay(stores.ledger, stores.ingest, programme.partners)
        return replayed, await stores.came_later().decide(datetime.now(UTC), all_at_once=True)


async def migrate(settings: Settings) -> list[str]:
    """Bring both schemas up to date; returns what was applied. A running tracker has done so already."""
    with DataFolderLock(settings.data):
        if settings.postgres_url:
            await check_postgres_server(settings.postgres_url)
            applied = await migrate_books(settings, settings.postgres_url)
        else:
            postgres = EmbeddedPostgres(settings.data)
            await postgres.start()
            try:
                applied = await migrate_books(settings, postgres.dsn)
            finally:
                await postgres.stop()
        engine = await asyncio.to_thread(engine_of, settings)
        try:
            return applied + await asyncio.to_thread(migrate_clickhouse, engine)
        finally:
            await asyncio.to_thread(engine.close)


async def query(settings: Settings, sql: str, format_: str) -> bytes:
    """Through the process that holds the engine; if no tracker runs here, on the engine itself."""
    if settings.clickhouse_url is None:
        keys.load(settings.data)  # says so when there is no installation
        try:
            with DataFolderLock(settings.data):
                async with open_engine(settings) as threads:
                    return await answer_analyst(threads, sql, format_)
        except DataFolderInUseError:
            pass  # a tracker runs: it holds the engine
    async with open_warehouse(settings) as warehouse:
        return await warehouse.query(sql, format_)


def refuse_unless_running(settings: Settings) -> None:
    """Embedded servers run with their tracker."""
    if settings.postgres_url is not None:
        return
    try:
        with DataFolderLock(settings.data):
            pass
    except DataFolderInUseError:
        return
    raise TrackerError(f"No tracker runs on the data folder {settings.data}: start `tracker serve` first.")
