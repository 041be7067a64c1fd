"""A month that is over is answered by its counts, and they never say anything else than its clicks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.store.factories import click_fact
from tests.warehouse.setting import DAY, Warehouse, ask, put
from tracker.core.facts import ClickFact
from tracker.ports import WarehouseEngine
from tracker.store.warehouse.closed_months import merge_closed_months
from tracker.store.warehouse.counted_months import count_closed_months
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.threads import EngineThreads

AFTER_IT = datetime(2026, 12, 5, tzinfo=UTC)
BLOCKED = ("ad_blocker", "found", "high", "", 0)
FINE = ("cookies", "ok", "high", "", 0)
TABLES = ("tracker.counted_parts", "tracker.counted_clicks", "tracker.counted_checks")
# The same by the clicks themselves.
DAILY = "SELECT partner_id, toString(day), clicks, valid_clicks FROM partner_daily ORDER BY ALL"
DAILY_BY_CLICKS = """
SELECT partner_id, toString(day), count(), sum(valid) FROM clicks WHERE outcome != 'stopped' GROUP BY ALL ORDER BY ALL
"""
CHECKS = """
SELECT toString(day), check, finding, outcome, refused, device, sum(asked) FROM check_daily GROUP BY ALL ORDER BY ALL
"""
CHECKS_BY_CLICKS = """
SELECT toString(day), check, finding, outcome, refused, device, count()
FROM check_outcomes WHERE place = 'page' GROUP BY ALL ORDER BY ALL
"""


@pytest.fixture(autouse=True)
def nothing_is_counted(engine: EmbeddedEngine) -> Iterator[None]:
    """What a test plants must not be another's."""
    yield
    for table in TABLES:
        engine.execute(f"TRUNCATE TABLE {table}")


def month() -> list[ClickFact]:
    """Clicks of November, and one of December."""
    asked: dict[str, Any] = {"script": "page-1", "checks": [BLOCKED, FINE]}
    return [
        click_fact(0, **asked, refusals=["ad_blocker"], outcome="stopped"),
        click_fact(1, **asked, refusals=["ad_blocker"]),
        click_fact(2, **asked, device="phone"),
        click_fact(3, traffic=["repeat"]),
        click_fact(4, partner="other", after=DAY),
        click_fact(5, after=20 * DAY, **asked),
    ]


def right(warehouse: Warehouse) -> bool:
    engine = warehouse.engine
    return ask(engine, DAILY) == ask(engine, DAILY_BY_CLICKS) and ask(engine, CHECKS) == ask(engine, CHECKS_BY_CLICKS)


def plant(engine: WarehouseEngine) -> None:
    """A count that no click bears out: whoever sees it has read the counts."""
    engine.execute(
        "INSERT INTO tracker.counted_clicks (part, month, partner_id, day, clicks, valid_clicks)"
        " SELECT part, month, 'planted', '2026-11-11', 1, 1 FROM tracker.counted_months"
    )


def reads_counts(warehouse: Warehouse) -> bool:
    return ask(warehouse.engine, "SELECT count() FROM partner_daily WHERE partner_id = 'planted'") == [(1,)]


async def close(warehouse: Warehouse, threads: EngineThreads | None = None) -> int:
    await merge_closed_months(warehouse.threads, AFTER_IT)
    return await count_closed_months(threads or warehouse.threads, AFTER_IT)


async def test_a_month_that_is_over_is_counted_once_and_read_from_its_counts(warehouse: Warehouse) -> None:
    put(warehouse.engine, *month(), times=2)
    before = ask(warehouse.engine, DAILY), ask(warehouse.engine, CHECKS)

    assert [await close(warehouse), await close(warehouse)] == [1, 0]

    assert (ask(warehouse.engine, DAILY), ask(warehouse.engine, CHECKS)) == before
    assert right(warehouse)
    assert ask(warehouse.engine, "SELECT sum(clicks), sum(valid_clicks) FROM partner_daily") == [(5, 4)]
    plant(warehouse.engine)
    assert reads_counts(warehouse)


async def test_the_month_that_goes_on_is_not_counted(warehouse: Warehouse) -> None:
    put(warehouse.engine, click_fact(0, after=20 * DAY))
    assert await close(warehouse) == 0
    put(warehouse.engine, click_fact(1, after=20 * DAY))
    assert right(warehouse)


async def test_a_late_click_is_counted_at_once_and_a_repeated_one_is_not(warehouse: Warehouse) -> None:
    put(warehouse.engine, *month())
    await close(warehouse)
    plant(warehouse.engine)

    put(warehouse.engine, click_fact(9, partner="late", script="page-1"), month()[1], times=2)

    assert right(warehouse)
    assert not reads_counts(warehouse)
    assert await close(warehouse) == 1
    assert right(warehouse)


async def test_a_click_that_is_changed_is_counted_as_it_is_now(warehouse: Warehouse) -> None:
    put(warehouse.engine, *month())
    await close(warehouse)
    plant(warehouse.engine)

    warehouse.engine.execute("ALTER TABLE tracker.clicks UPDATE device = 'tablet' WHERE 1 SETTINGS mutations_sync = 1")

    assert right(warehouse)
    assert not reads_counts(warehouse)


async def test_a_month_that_is_let_go_of_takes_its_counts_along(warehouse: Warehouse) -> None:
    put(warehouse.engine, *month())
    await close(warehouse)

    warehouse.engine.execute("ALTER TABLE tracker.clicks DROP PARTITION 202611")

    assert right(warehouse)
    await close(warehouse)
    for table in TABLES:
        assert await warehouse.threads.rows(f"SELECT part FROM {table}") == []


async def test_counts_that_a_question_may_still_read_are_kept_beside_the_new_ones(warehouse: Warehouse) -> None:
    put(warehouse.engine, *month())
    await close(warehouse)
    put(warehouse.engine, click_fact(9))
    await close(warehouse)
    assert len(await warehouse.threads.rows("SELECT part FROM tracker.counted_parts")) == 2
    assert right(warehouse)


class Disturbed(EngineThreads):
    """Something happens when the checks have been counted."""

    def __init__(self, warehouse: Warehouse, happens: BaseException | ClickFact) -> None:
        super().__init__(warehouse.engine)
        self._happens = happens

    async def execute(self, sql: str) -> None:
        await super().execute(sql)
        if "INSERT INTO tracker.counted_checks" in sql:
            if isinstance(self._happens, BaseException):
                raise self._happens
            await self.change(lambda engine: put(engine, self._happens))  # type: ignore[arg-type]


async def test_a_click_that_arrives_while_its_month_is_counted_is_in_the_next_count(warehouse: Warehouse) -> None:
    put(warehouse.engine, *month())
    assert await close(warehouse, Disturbed(warehouse, click_fact(9))) == 0
    assert right(warehouse)
    assert await close(warehouse) == 1
    assert right(warehouse)


async def test_counts_of_one_who_was_killed_are_in_no_answer(warehouse: Warehouse) -> None:
    put(warehouse.engine, *month())
    with pytest.raises(KeyboardInterrupt):
        await close(warehouse, Disturbed(warehouse, KeyboardInterrupt()))
    assert right(warehouse)
    assert await close(warehouse) == 1
    assert right(warehouse)


def test_both_halves_of_a_view_are_told_the_same_months(engine: EmbeddedEngine) -> None:
    """What a view asks of the engine: a `WITH (SELECT ...)` is asked once, however often it is named."""
    once = "WITH (SELECT rand64()) AS told SELECT told AS one UNION ALL SELECT told AS one"
    assert ask(engine, f"SELECT uniqExact(one), count() FROM ({once})") == [(1, 2)]
