"""The rebuild on a server of the oldest version: its partitions are exchanged as the embedded engine's are."""

import asyncio

import pytest
from redis.asyncio import Redis

from tests.postback.setting import open_setting
from tests.warehouse.setting import KEY
from tests.warehouse.test_native import server, url
from tracker.store.warehouse.drain import Drain
from tracker.store.warehouse.fingerprint import fingerprint
from tracker.store.warehouse.migrate import migrate_clickhouse
from tracker.store.warehouse.money_entries import MONEY_TABLES
from tracker.store.warehouse.native import NativeEngine
from tracker.store.warehouse.rebuild import Rebuild
from tracker.store.warehouse.rows import shopper_hash
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import Telemetry

pytestmark = pytest.mark.slow

__all__ = ["server", "url"]


async def test_on_a_server_the_hashes_are_equal_too(server: NativeEngine, valkey: Redis, postgres_dsn: str) -> None:
    migrate_clickhouse(server)
    threads = EngineThreads(server)
    async with open_setting(postgres_dsn) as setting:
        for order in range(3):
            await setting.report(order_id=f"R-{order}", amount="1000.00", status="pending")
            setting.wait(days=40)
            await setting.report(order_id=f"R-{order}", amount="1000.00", status="approved")
    stopping = asyncio.Event()
    stopping.set()
    await Drain(threads, valkey, postgres_dsn, shopper_hash_key=KEY, telemetry=Telemetry()).run(stopping)
    before = {table.name: await fingerprint(threads, table, table.name) for table in MONEY_TABLES}
    assert before["tracker.postbacks"].rows == 6
    server.execute("DROP TABLE tracker.postbacks")
    server.execute("ALTER TABLE tracker.conversion_revisions DROP PARTITION 202611")

    await Rebuild(threads, postgres_dsn, shopper_hash(KEY), Telemetry()).run(ignore)

    assert before == {table.name: await fingerprint(threads, table, table.name) for table in MONEY_TABLES}
    await threads.close()


async def ignore(_: int) -> None:
    """Nobody looks on."""
