"""A month that is over becomes one part, once; the month that goes on is ClickHouse's own business."""

from datetime import UTC, datetime, timedelta

from tests.store.factories import click_fact
from tests.warehouse.setting import DAY, Warehouse, ask, postback_fact, put, row_of
from tracker.store.warehouse.closed_months import merge_closed_months
from tracker.store.warehouse.rows import CLICKS

DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
_PARTS = """
SELECT table, partition, toString(count()) FROM system.parts
WHERE database = 'tracker' AND active AND rows > 0 AND table IN ('clicks', 'postbacks')
GROUP BY table, partition ORDER BY table, partition
"""


async def parts(warehouse: Warehouse) -> dict[tuple[str, str], int]:
    return {(table, month): int(count) for table, month, count in await warehouse.threads.rows(_PARTS)}


async def test_a_month_is_merged_a_day_after_it_is_over(warehouse: Warehouse) -> None:
    warehouse.engine.execute("SYSTEM STOP MERGES tracker.clicks")
    put(warehouse.engine, click_fact(1), click_fact(2), click_fact(3, after=20 * DAY), times=2)
    put(warehouse.engine, postback_fact())
    await merge_closed_months(warehouse.threads, DECEMBER + timedelta(hours=23))
    assert await parts(warehouse) == {("clicks", "202611"): 4, ("clicks", "202612"): 2, ("postbacks", "202611"): 1}
    warehouse.engine.execute("SYSTEM START MERGES tracker.clicks")

    await merge_closed_months(warehouse.threads, DECEMBER + timedelta(days=1))

    there = await parts(warehouse)
    assert (there["clicks", "202611"], there["postbacks", "202611"]) == (1, 1)
    assert ask(warehouse.engine, "SELECT count() FROM clicks") == [(3,)]
    assert await merge_closed_months(warehouse.threads, DECEMBER + timedelta(days=1)) == 0


async def test_parts_are_merged_column_by_column(warehouse: Warehouse) -> None:
    engine = warehouse.engine
    engine.execute("SYSTEM STOP MERGES tracker.clicks")
    some = [row_of(click_fact(number, after=number, deep_link="x" * 10_000)) for number in range(600)]
    for _ in range(2):  # each a part of one file, and together more than one file takes
        engine.insert(CLICKS.name, CLICKS.columns, some)
    engine.execute("SYSTEM START MERGES tracker.clicks")
    engine.execute("OPTIMIZE TABLE tracker.clicks FINAL")
    merged = "SELECT rows, part_type FROM system.parts WHERE active AND database = 'tracker' AND table = 'clicks'"
    setting = (
        "SELECT value FROM system.merge_tree_settings WHERE name = 'vertical_merge_algorithm_min_rows_to_activate'"
    )
    assert engine.query(merged, format_="TSV") == b"600\tWide\n"
    assert engine.query(setting, format_="TSV") == b"1\n"


async def test_a_month_of_one_insert_with_a_click_twice_is_merged_too(warehouse: Warehouse) -> None:
    twice = [row_of(click_fact(1))] * 2
    warehouse.engine.insert(CLICKS.name, CLICKS.columns, twice)
    await merge_closed_months(warehouse.threads, DECEMBER + timedelta(days=1))
    rows = "SELECT toString(sum(rows)) FROM system.parts WHERE active AND database = 'tracker' AND table = 'clicks'"
    assert await warehouse.threads.rows(rows) == [["1"]]
    assert await merge_closed_months(warehouse.threads, DECEMBER + timedelta(days=1)) == 0
