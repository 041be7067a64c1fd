"""Upkeep of a cluster: months that are no longer kept go from every node, those that are over are its operator's."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from tests.clusters.clickhouse_cluster import NAME, ClickHouseCluster, running_cluster
from tests.clusters.facts import PATIENCE_SECONDS
from tests.store.factories import click_fact
from tests.warehouse.setting import DAY, Warehouse, put, tag_fact, until
from tracker.store.retention import Keep, Retention
from tracker.store.warehouse.closed_months import merge_closed_months
from tracker.store.warehouse.counted_months import count_closed_months
from tracker.store.warehouse.migrate import migrate_clickhouse
from tracker.store.warehouse.native import NativeEngine
from tracker.store.warehouse.threads import EngineThreads

pytestmark = pytest.mark.slow

cluster = pytest.fixture(scope="module")(running_cluster)
CLICKS = [click_fact(number, after=(number % 2) * 20 * DAY) for number in range(16)]  # of November and December


@pytest_asyncio.fixture(loop_scope="session")
async def warehouse(cluster: ClickHouseCluster, valkey: Redis, postgres_dsn: str) -> AsyncIterator[Warehouse]:
    """With clicks of two months and a report of each, on both shards."""
    engine = NativeEngine(cluster.url, NAME)
    threads = EngineThreads(engine)
    migrate_clickhouse(engine)
    for table in ("clicks", "tag_reports"):
        engine.execute(f"TRUNCATE TABLE tracker.{table}")
    put(engine, *CLICKS)
    put(engine, *(tag_fact(place, click_id=click.click_id) for place, click in enumerate(CLICKS)))
    async with asyncpg.create_pool(postgres_dsn, min_size=0, max_size=2) as pool:
        yield Warehouse(engine, threads, valkey, postgres_dsn, pool)
    await threads.close()


def everywhere(cluster: ClickHouseCluster, sql: str) -> set[object]:
    """What the nodes answer, each of what it has itself."""
    return {value for node in cluster.nodes for (value,) in node.rows(sql)}


async def test_a_month_that_is_no_longer_kept_goes_from_every_node(
    cluster: ClickHouseCluster, warehouse: Warehouse
) -> None:
    months = "SELECT DISTINCT toYYYYMM(clicked_at) FROM tracker.clicks_local"
    assert everywhere(cluster, months) == {202611, 202612}
    may = datetime(2027, 5, 1, tzinfo=UTC)
    changed = await Retention(warehouse.threads, warehouse.dsn, Keep(5, 0), lambda: may).run()
    assert changed == {"months of tracker.clicks": 1, "months of tracker.tag_reports": 1}
    await until(lambda: everywhere(cluster, months) == {202612}, PATIENCE_SECONDS)


async def test_months_that_are_over_are_left_to_the_operator_of_a_cluster(warehouse: Warehouse) -> None:
    put(warehouse.engine, *CLICKS, times=2)
    december = datetime(2026, 12, 20, tzinfo=UTC)
    assert await merge_closed_months(warehouse.threads, december) == 0
    assert await count_closed_months(warehouse.threads, december) == 0
