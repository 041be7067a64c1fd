"""A month that is over becomes one part, once; the month that goes on is ClickHouse's own business."""

from datetime import UTC, datetime, timedelta

from tests.store.factories import click_fact
from tests.warehouse.setting import DAY, Warehouse, ask, postback_fact, put
from tracker.store.warehouse.closed_months import merge_closed_months

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
