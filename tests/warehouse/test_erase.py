"""However many clicks a shopper has, and whatever else ClickHouse is at, an erasure ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web

from tests.store.factories import SECOND, click_fact
from tests.warehouse.setting import Warehouse, hash_shopper, put
from tracker.app.drain_process import LARGEST_STATEMENT
from tracker.app.installation import warehouse_socket
from tracker.app.upkeep import warehouse_upkeep
from tracker.app.upkeep_http import upkeep_of
from tracker.errors import StoreUnavailableError, WarehouseQueryError
from tracker.keys import load_or_make
from tracker.ports import WarehouseEngine
from tracker.settings import Settings, read_settings
from tracker.store.erase.clickhouse import Person, forget_in_clickhouse

SHOPPER = "shopper-0042"
PERSON = Person(hash_shopper(SHOPPER), "erased-0123456789", hash_shopper("erased-0123456789"))
BUSY = 40_000  # clicks
LEFT = f"SELECT count() FROM clicks WHERE shopper_hash = {PERSON.hash}"


@asynccontextmanager
async def warehouse_process(warehouse: Warehouse, data: Path) -> AsyncIterator[Settings]:
    """As other processes of ours reach it."""
    settings = read_settings({"TRACKER_DATA": str(data), "TRACKER_POSTGRES_URL": warehouse.dsn})
    app = web.Application(client_max_size=LARGEST_STATEMENT)
    app.add_routes(upkeep_of(warehouse.threads, settings, load_or_make(data, [])).routes())
    runner = web.AppRunner(app)
    await runner.setup()
    place = warehouse_socket(settings)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        await web.UnixSite(runner, str(place)).start()
        yield settings
    finally:
        await runner.cleanup()


@contextmanager
def never_done(engine: WarehouseEngine, mutation: str, mark: str) -> Iterator[None]:
    with suppress(WarehouseQueryError):  # the engine waits for it, the first time that it fails
        engine.execute(mutation)
    try:
        yield
    finally:
        engine.execute(f"KILL MUTATION WHERE database = 'tracker' AND position(command, '{mark}') > 0")


async def test_a_shopper_with_40000_clicks_is_erased(warehouse: Warehouse, tmp_path: Path) -> None:
    """Their ids are told, and those that a request of one piece could not hold are forgotten."""
    warehouse.engine.execute(
        "INSERT INTO tracker.clicks (click_id, shopper_id, shopper_hash, clicked_at, clicked_at_us) "
        f"SELECT concat('a', leftPad(toString(number), 29, '0')), '{SHOPPER}', {PERSON.hash}, {SECOND}, "
        f"{SECOND}000000 FROM numbers({BUSY})"
    )
    async with warehouse_process(warehouse, tmp_path) as settings, warehouse_upkeep(settings) as upkeep:
        click_ids = await upkeep.click_ids_of(PERSON)
        assert len(set(click_ids)) == BUSY
        changed = await upkeep.forget(PERSON, click_ids[:8_000])
    assert changed == {"tracker.clicks": BUSY, "tracker.conversion_revisions": 0}
    assert warehouse.count(LEFT) == 0


async def test_a_shopper_without_a_click_is_erased(warehouse: Warehouse, tmp_path: Path) -> None:
    async with warehouse_process(warehouse, tmp_path) as settings, warehouse_upkeep(settings) as upkeep:
        assert await upkeep.click_ids_of(PERSON) == []
        assert set((await upkeep.forget(PERSON, [])).values()) == {0}


async def test_another_mutation_that_is_never_done_holds_up_nobody(warehouse: Warehouse) -> None:
    put(warehouse.engine, click_fact())
    warehouse.engine.execute("CREATE TABLE tracker.notes (n UInt8) ENGINE = MergeTree ORDER BY n")
    try:
        warehouse.engine.execute("INSERT INTO tracker.notes SELECT 1")
        stuck = "ALTER TABLE tracker.notes DELETE WHERE throwIf(n = 1, 'stuck') = 1"
        with never_done(warehouse.engine, stuck, "stuck"):
            async with asyncio.timeout(20):
                await forget_in_clickhouse(warehouse.threads, PERSON, [click_fact().click_id])
    finally:
        warehouse.engine.execute("DROP TABLE tracker.notes")
    assert warehouse.count(LEFT) == 0


async def test_when_our_own_is_not_done_in_time_the_reason_is_told(warehouse: Warehouse) -> None:
    put(warehouse.engine, click_fact())
    stuck = f"ALTER TABLE tracker.clicks UPDATE banner = '{PERSON.stand_in}' WHERE throwIf(rate < 99, 'stuck') = 1"
    with never_done(warehouse.engine, stuck, "stuck"):
        async with asyncio.timeout(20):
            with pytest.raises(StoreUnavailableError, match=r"did not finish 2 mutations in time.*stuck"):
                await forget_in_clickhouse(warehouse.threads, PERSON, [], patience=2)
