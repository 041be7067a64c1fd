"""The drain: ships clicks and money to ClickHouse for ever, each at its own pace, and all that is left at the end."""

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import asyncpg

from tracker.errors import StoreUnavailableError
from tracker.store.erase.tombstones import Tombstones
from tracker.store.postgres.connect import Pool, create_pool
from tracker.store.postgres.faults import telling_when_away
from tracker.store.valkey_client import Valkey
from tracker.store.warehouse.poison import Quarantine
from tracker.store.warehouse.rows import shopper_hash
from tracker.store.warehouse.ship_clicks import SOURCE as CLICKS
from tracker.store.warehouse.ship_clicks import ClickShipper
from tracker.store.warehouse.ship_money import SOURCE as OUTBOX
from tracker.store.warehouse.ship_money import MoneyShipper
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import EMPTIED, SHIP_FAILURES, Telemetry

log = logging.getLogger(__name__)

# Facts of half a second are one insert: ClickHouse wants few large parts. And nobody waits longer to see a click.
PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
POSTGRES_SECONDS = 30.0


class Drain:
    def __init__(
        self, threads: EngineThreads, valkey: Valkey, dsn: str, *, shopper_hash_key: bytes, telemetry: Telemetry
    ) -> None:
        self._threads = threads
        self._valkey = valkey
        self._dsn = dsn
        self._hash_shopper = shopper_hash(shopper_hash_key)
        self._telemetry = telemetry

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set and what was there then is shipped. A store that is away is waited for, but not when
        stopping: what it holds stays there."""
        pool = await create_pool(self._dsn, max_size=2, command_timeout=POSTGRES_SECONDS)
        quarantine = Quarantine(pool, self._telemetry)
        tombstones = Tombstones(partial(_fetch, pool), self._hash_shopper)
        clicks = ClickShipper(self._threads, self._valkey, quarantine, self._hash_shopper, self._telemetry, tombstones)
        money = MoneyShipper(self._threads, pool, quarantine, self._hash_shopper, self._telemetry)
        with _few_collections():
            async with pool, tombstones.kept_fresh(), asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_shipping(CLICKS, clicks.ship, pool, stopping))
                tasks.create_task(self._keep_shipping(OUTBOX, money.ship, pool, stopping))

    async def _keep_shipping(
        self, source: str, ship: Callable[[], Awaitable[None]], pool: Pool, stopping: asyncio.Event
    ) -> None:
        pause = PAUSE_SECONDS
        is_last = False
        while not is_last:
            is_last = stopping.is_set()
            try:
                await ship()
                self._telemetry.gauge(EMPTIED, time.time(), source)
                pause = PAUSE_SECONDS
            except StoreUnavailableError as error:
                await pool.expire_connections()
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                self._telemetry.count(SHIP_FAILURES, source)
                log.warning("%s: nothing is lost, tried again in %s s: %s", source, pause, error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)


async def _fetch(pool: Pool, sql: str) -> list[asyncpg.Record]:
    with telling_when_away():
        return await pool.fetch(sql)


@contextmanager
def _few_collections() -> Iterator[None]:
    """A batch is a hundred thousand objects without a cycle: to walk them again and again halves the speed."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
