"""The daily run that lets go of what is kept for a time only, in the warehouse process."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.warehouse.setting import Warehouse
from tracker.app.retaining import keep_retaining
from tracker.keys import load_or_make
from tracker.settings import read_settings
from tracker.store.erase.postgres import tombstone
from tracker.store.retention import TOMBSTONE_DAYS

DAY = 86_400
TOMBSTONES = "SELECT count(*) FROM erased_shoppers"


@asynccontextmanager
async def retaining(warehouse: Warehouse, data: Path) -> AsyncIterator[asyncio.Task[None]]:
    settings = read_settings({"TRACKER_DATA": str(data), "TRACKER_POSTGRES_URL": warehouse.dsn})
    stopping = asyncio.Event()
    task = asyncio.create_task(keep_retaining(settings, warehouse.threads, stopping))
    try:
        async with asyncio.timeout(20):
            yield task
    finally:
        stopping.set()
        await task


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.02)


async def an_old_tombstone(warehouse: Warehouse) -> None:
    async with warehouse.pool.acquire() as connection:
        long_ago = datetime.now(UTC) - timedelta(days=TOMBSTONE_DAYS + 1)
        await tombstone(connection, 7, "erased-1", long_ago)  # type: ignore[arg-type]


async def test_nothing_goes_by_a_clock_that_leapt_ahead(
    warehouse: Warehouse, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for day in range(8):
        load_or_make(tmp_path, [], now=time.time() - 400 * DAY + day * DAY)
    await an_old_tombstone(warehouse)
    async with retaining(warehouse, tmp_path):
        await until(lambda: "leapt far ahead" in caplog.text)
    assert await warehouse.pool.fetchval(TOMBSTONES) == 1


async def test_a_run_that_fails_in_any_way_is_followed_by_another(
    warehouse: Warehouse, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.app.retaining._AGAIN_SECONDS", 0.05)
    caplog.set_level(logging.INFO)
    for day in range(8):
        load_or_make(tmp_path, [], now=time.time() - (8 - day) * DAY)
    await an_old_tombstone(warehouse)
    await warehouse.pool.execute("ALTER TABLE erased_shoppers RENAME TO erased_shoppers_later")
    async with retaining(warehouse, tmp_path):
        try:
            await until(lambda: 'relation "erased_shoppers" does not exist' in caplog.text)
        finally:
            await warehouse.pool.execute("ALTER TABLE erased_shoppers_later RENAME TO erased_shoppers")
        await until(lambda: "no longer kept: tombstones" in caplog.text)
    assert await warehouse.pool.fetchval(TOMBSTONES) == 0
