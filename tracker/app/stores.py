"""Everything that remembers, opened for one process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from tracker.app.engines import open_server
from tracker.app.installation import journal_folder, warehouse_socket, with_embedded
from tracker.keys import Keys
from tracker.postback.came_later import CameLater
from tracker.postback.ingest import Ingest
from tracker.postback.named import NamedClicks
from tracker.redirect.click_id import SignedClickIds
from tracker.reports.analysts.table import Ask
from tracker.reports.guard import guarded
from tracker.settings import Settings
from tracker.store.clicks import ClickStore
from tracker.store.erase.tombstones import ForgetfulFinder, Tombstones
from tracker.store.find_click import FindClick, OldClicks
from tracker.store.journal import Journal, JournaledClicks
from tracker.store.ledger import Ledger, open_ledger
from tracker.store.valkey_client import Valkey, open_valkey
from tracker.store.warehouse.old_clicks import EngineOldClicks, SocketOldClicks
from tracker.store.warehouse.rows import shopper_hash
from tracker.store.warehouse.shopper_clicks import EngineShopperClicks, SocketShopperClicks
from tracker.store.warehouse.socket_client import WarehouseClient
from tracker.store.warehouse.threads import EngineThreads
from tracker.store.watch import WatchedClicks, watch_postgres, watch_valkey
from tracker.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Warehouse:
    """ClickHouse as every process but the one that holds the embedded engine sees it."""

    old_clicks: OldClicks
    shopper_clicks: EngineShopperClicks | SocketShopperClicks
    query: Ask


async def answer_analyst(
    threads: EngineThreads, sql: str, format_: str, parameters: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """What the analysts' port would answer. Raises WarehouseQueryError or StoreUnavailableError."""
    statement = await guarded(threads, sql, parameters)
    return await threads.query_as_analyst(statement.sql, format_=statement.format_ or format_, parameters=parameters)


@dataclass(frozen=True, slots=True)
class Stores:
    valkey: Valkey
    clicks: ClickStore
    ledger: Ledger
    click_ids: SignedClickIds
    find_click: ForgetfulFinder
    tombstones: Tombstones
    ingest: Ingest

    def came_later(self) -> CameLater:
        return CameLater(self.ledger, NamedClicks(self.click_ids, self.find_click))


@asynccontextmanager
async def open_warehouse(settings: Settings) -> AsyncIterator[Warehouse]:
    """A server directly, the embedded engine through its process. Neither needs to be there yet."""
    if settings.clickhouse_url:
        async with open_server(settings) as threads:
            yield Warehouse(EngineOldClicks(threads), EngineShopperClicks(threads), partial(answer_analyst, threads))
    else:
        client = WarehouseClient(warehouse_socket(settings))
        try:
            yield Warehouse(SocketOldClicks(client), SocketShopperClicks(client), client.query)
        finally:
            await client.close()


@asynccontextmanager
async def open_stores(
    settings: Settings, secrets: Keys, old_clicks: OldClicks, telemetry: Telemetry | None = None
) -> AsyncIterator[Stores]:
    """Valkey and PostgreSQL, embedded or servers. They need not be there yet."""
    addresses = with_embedded(settings)
    valkey = open_valkey(addresses.valkey_url or "")
    try:
        async with open_ledger(addresses.postgres_url or "", watch=watch_postgres(telemetry)) as ledger:
            watch = watch_valkey(telemetry)
            clicks = ClickStore(valkey, hot_days=settings.hot_days, replicas=settings.valkey_replicas, watch=watch)
            click_ids = SignedClickIds(secrets.click)
            tombstones = Tombstones(ledger.fetch, shopper_hash(bytes.fromhex(secrets.shopper_hash)))
            found = FindClick(WatchedClicks(clicks, watch), old_clicks, journal_folder(settings).may_hold)
            find_click = ForgetfulFinder(found, tombstones)
            ingest = Ingest(ledger, click_ids, find_click)
            async with tombstones.kept_fresh():
                yield Stores(valkey, clicks, ledger, click_ids, find_click, tombstones, ingest)
    finally:
        await valkey.aclose()


@asynccontextmanager
async def journaled_clicks(settings: Settings, stores: Stores, telemetry: Telemetry) -> AsyncIterator[JournaledClicks]:
    """Clicks go to Valkey, or to the journal until it takes them again: inside the block, and once more behind it."""
    clicks = JournaledClicks(stores.clicks, Journal(journal_folder(settings)), telemetry)
    stopping = asyncio.Event()
    replaying = asyncio.create_task(clicks.keep_replaying(stopping))
    try:
        yield clicks
    finally:
        stopping.set()
        await replaying
