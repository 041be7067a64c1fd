"""ClickHouse: the embedded engine, or a server.

Either comes with a client that takes as long to import as the rest of a process. Only the one that is used is imported,
and by who uses it: a web worker on the embedded engine asks its process, and needs neither.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tracker.app.installation import warehouse_folder
from tracker.ports import WarehouseEngine
from tracker.settings import Settings
from tracker.store.warehouse.migrate import migrate_clickhouse
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import BROKEN_PARTS, Telemetry

log = logging.getLogger(__name__)


def engine_of(settings: Settings, telemetry: Telemetry | None = None) -> WarehouseEngine:
    if settings.clickhouse_url:
        return _server(settings)
    from tracker.store.warehouse.embedded import EmbeddedEngine

    engine = EmbeddedEngine(warehouse_folder(settings) / "clickhouse")
    if telemetry is not None:
        telemetry.gauge(BROKEN_PARTS, engine.broken_parts)
    return engine


@asynccontextmanager
async def open_engine(settings: Settings, telemetry: Telemetry | None = None) -> AsyncIterator[EngineThreads]:
    """The embedded engine, which only one process can hold, its schema up to date; or a server, which may be away."""
    threads = EngineThreads(await asyncio.to_thread(engine_of, settings, telemetry))
    try:
        if settings.clickhouse_url is None:
            await bring_up_to_date(threads)
        yield threads
    finally:
        await threads.close()


@asynccontextmanager
async def open_server(settings: Settings) -> AsyncIterator[EngineThreads]:
    """Which may be away."""
    threads = EngineThreads(_server(settings))
    try:
        yield threads
    finally:
        await threads.close()


async def bring_up_to_date(threads: EngineThreads) -> None:
    for name in await threads.change(migrate_clickhouse):
        log.info("ClickHouse: applied %s", name)


def _server(settings: Settings) -> WarehouseEngine:
    from tracker.store.warehouse.native import NativeEngine

    return NativeEngine(settings.clickhouse_url or "", settings.clickhouse_cluster)
