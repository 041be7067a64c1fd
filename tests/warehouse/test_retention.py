"""What is kept for a time only goes by whole months, says so in the audit, and never is money."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.postback.setting import open_setting
from tests.store.factories import CLICKED_AT, click_fact
from tests.warehouse.setting import KEY, Warehouse, ask, tag_fact
from tracker.store.erase.postgres import tombstone
from tracker.store.retention import Keep, Retention
from tracker.store.warehouse.rebuild import Rebuild
from tracker.store.warehouse.rows import shopper_hash

DAY = 86_400


def retention(warehouse: Warehouse, now: datetime, *, months: int = 0, days: int = 0) -> Retention:
    return Retention(warehouse.threads, warehouse.dsn, Keep(months, days), lambda: now)


async def acts(warehouse: Warehouse) -> list[dict[str, object]]:
    rows = await warehouse.pool.fetch("SELECT kind, at, staff, reason, changed FROM upkeep_acts ORDER BY id")
    return [{**row, "changed": json.loads(row["changed"])} for row in rows]


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (datetime(2027, 4, 30, 23, 59, 59, tzinfo=UTC), [202611, 202612]),
        (datetime(2027, 5, 1, tzinfo=UTC), [202612]),
        (datetime(2027, 6, 1, tzinfo=UTC), []),
    ],
)
async def test_clicks_and_tag_reports_go_when_their_month_is_over_by_as_many_months(
    warehouse: Warehouse, now: datetime, left: list[int]
) -> None:
    await warehouse.record(click_fact(1), click_fact(2, after=20 * DAY))
    await warehouse.post(tag_fact(1), tag_fact(2, after=20 * DAY))
    await warehouse.drain_once()

    await retention(warehouse, now, months=5).run()

    for table in ("clicks", "tag_reports"):
        time = "clicked_at" if table == "clicks" else "reported_at"
        assert ask(warehouse.engine, f"SELECT toYYYYMM({time}) FROM {table} ORDER BY 1") == [(month,) for month in left]
    assert await warehouse.pool.fetchval("SELECT count(*) FROM tag_facts") == len(left)
    assert [act["kind"] for act in await acts(warehouse)] == ["retention"] * (len(left) < 2)


async def test_a_second_run_finds_nothing_and_says_nothing(warehouse: Warehouse) -> None:
    await warehouse.record(click_fact(1))
    await warehouse.drain_once()
    late = retention(warehouse, CLICKED_AT + timedelta(days=400), months=5, days=120)
    assert await late.run() == {"months of tracker.clicks": 1}
    assert await late.run() == {}
    [act] = await acts(warehouse)
    assert (act["staff"], act["reason"]) == (
        "the tracker", "clicks and tag reports from before 2027-07 are no longer kept",
    )  # fmt: skip


async def test_address_hashes_of_postbacks_go_everywhere_and_nothing_else_of_them(warehouse: Warehouse) -> None:
    async with open_setting(warehouse.dsn) as setting:
        await setting.report(order_id="R-1", amount="1000.00", status="approved")
        setting.wait(days=60)
        await setting.report(order_id="R-2", amount="1000.00", status="approved")
        balances = await setting.balances()
        await warehouse.drain_once()
        without = "SELECT id, received_at, query, verdict FROM postbacks ORDER BY id"
        before = await setting.rows(without)

        await retention(warehouse, setting.now + timedelta(days=100), days=120).run()

        hashes = [row["address_hash"] for row in await setting.rows("SELECT address_hash FROM postbacks ORDER BY id")]
        assert hashes == [0, 7]
        assert await setting.rows(without) == before
        assert await setting.balances() == balances
    rebuild = Rebuild(warehouse.threads, warehouse.dsn, shopper_hash(KEY), warehouse.telemetry)

    async def ignore(_: int) -> None:
        """Nobody looks on."""

    rebuilt = await rebuild.run(ignore)
    assert [one.table for one in rebuilt if one.before != one.after] == []
    assert ask(warehouse.engine, "SELECT address_hash FROM postbacks ORDER BY received_at") == [(0,), (7,)]
    assert [act["changed"] for act in await acts(warehouse)] == [{"postbacks": 1}]


async def test_by_default_clicks_stay_for_ever_and_a_tombstone_for_a_month(warehouse: Warehouse) -> None:
    await warehouse.record(click_fact(1))
    await warehouse.drain_once()
    async with warehouse.pool.acquire() as connection:
        await tombstone(connection, 2**64 - 1, "erased-1", CLICKED_AT)  # type: ignore[arg-type]
    await retention(warehouse, CLICKED_AT + timedelta(days=30)).run()
    assert await warehouse.pool.fetchval("SELECT stand_in FROM erased_shoppers") == "erased-1"
    in_years = await retention(warehouse, CLICKED_AT + timedelta(days=4000)).run()
    assert in_years == {"tombstones of erased shoppers": 1}
    assert warehouse.count("SELECT count() FROM clicks") == 1


async def test_a_click_of_an_erased_shopper_that_comes_out_of_a_stream_is_the_stand_in_s(warehouse: Warehouse) -> None:
    """Out of a journal, say, weeks after the erasure."""
    fact = msgspec.structs.replace(click_fact(1), deep_link="https://lab.example/shoes")
    async with warehouse.pool.acquire() as connection:
        await tombstone(connection, shopper_hash(KEY)(fact.shopper_id), "erased-1", CLICKED_AT)  # type: ignore[arg-type]
    await warehouse.record(fact, click_fact(2, shopper_id="another"))
    await warehouse.drain_once()

    rows = warehouse.engine.query(
        "SELECT shopper_id, browser_id, deep_link, toString(address_hash), address_net FROM tracker.clicks ORDER BY 1",
        format_="TSV",
    )
    assert rows == b"another\t0123456789abcdef0123\t\t2\t203.0.113.0/24\nerased-1\t\t\t0\t\n"
