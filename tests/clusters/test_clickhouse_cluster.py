"""Two shards of two replicas and their ZooKeeper: whatever dies under load, every fact is on both replicas of one shard
once, and nowhere else (docs/clusters.md, docs/adr/0016)."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from tests.clickhouse import ClickHouseServer
from tests.clusters.clickhouse_cluster import NAME, ClickHouseCluster, running_cluster
from tests.clusters.facts import PATIENCE_SECONDS, Facts, wrong_facts
from tests.faults.results import is_soak, note
from tests.store.factories import SECOND, click_fact
from tests.warehouse.engines import WatchedEngine
from tests.warehouse.setting import (
    TABLES,
    Fact,
    Warehouse,
    postback_fact,
    put,
    revision_fact,
    row_of,
    rows_of,
    tag_fact,
    until,
)
from tracker.errors import StoreUnavailableError
from tracker.store.warehouse.migrate import migrate_clickhouse, migrations, run_statement, statements
from tracker.store.warehouse.native import NativeEngine
from tracker.store.warehouse.old_clicks import EngineOldClicks
from tracker.store.warehouse.rows import CLICKS, Table
from tracker.store.warehouse.threads import EngineThreads

pytestmark = pytest.mark.slow

KILLS = 20 if is_soak() else 2


cluster = pytest.fixture(scope="module")(running_cluster)


@pytest.fixture(scope="module")
def migrated(cluster: ClickHouseCluster) -> Iterator[NativeEngine]:
    engine = NativeEngine(cluster.url, NAME)
    assert migrate_clickhouse(engine)[0] == "001_base_tables.sql"
    yield engine
    engine.close()


@pytest.fixture
def engine(migrated: NativeEngine) -> NativeEngine:
    for table in TABLES:
        if migrated.query(f"SELECT 1 FROM {table.name} LIMIT 1", format_="TSV"):
            migrated.execute(f"TRUNCATE TABLE {table.name}")
    return migrated


@pytest_asyncio.fixture(loop_scope="session")
async def facts(engine: NativeEngine, valkey: Redis, postgres_dsn: str) -> AsyncIterator[Facts]:
    threads = EngineThreads(WatchedEngine(engine))  # which a test does not close
    async with asyncpg.create_pool(postgres_dsn, min_size=0, max_size=2) as pool:
        yield Facts(Warehouse(engine, threads, valkey, postgres_dsn, pool))
    await threads.close()


async def test_nodes_killed_under_load_lose_and_double_nothing(cluster: ClickHouseCluster, facts: Facts) -> None:
    chance = random.Random(20261129)  # noqa: S311 - a seed, so that a failure can be repeated
    async with facts.coming():
        for number in range(KILLS):
            await facts.some_arrive()
            await asyncio.sleep(chance.uniform(0, 0.2))  # anywhere within an insert
            victim = chance.choice(cluster.shards[number % 2])
            await asyncio.to_thread(victim.kill)
            await facts.one_attempt_fails()
            victim.start()
            await asyncio.to_thread(victim.until_ready)
        await facts.some_arrive()
    await judge(cluster, facts, "ClickHouse cluster: kill -9 of one node, then of one of the other shard", KILLS)


async def test_without_zookeeper_inserts_wait_and_nothing_is_lost(cluster: ClickHouseCluster, facts: Facts) -> None:
    rounds = 5 if is_soak() else 1
    async with facts.coming():
        for _ in range(rounds):
            await facts.some_arrive()
            cluster.zookeeper.kill()
            await facts.one_attempt_fails()
            cluster.zookeeper.start()
            await asyncio.to_thread(cluster.zookeeper.until_ready)
            await asyncio.to_thread(cluster.start_the_dead)
        await facts.some_arrive()
    await judge(cluster, facts, "ClickHouse cluster: ZooKeeper killed and started again", rounds)


async def judge(cluster: ClickHouseCluster, facts: Facts, fault: str, rounds: int) -> None:
    """Both replicas of each shard hold the same, and the shards together every fact once."""
    wrong = [await wrong_in_the_end(facts, [shard[replica] for shard in cluster.shards]) for replica in (0, 1)]
    seen = ", ".join(f"{len(names)} {table}" for table, names in facts.sent.items())
    failures = sum(map(len, wrong))
    note(fault, "every fact is on both replicas of one shard, once at read", rounds, failures, seen)
    assert wrong == [{}, {}]


async def wrong_in_the_end(facts: Facts, replicas: Sequence[ClickHouseServer]) -> dict[str, int]:
    """A part that nobody acknowledged may still be fetched."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (wrong := wrong_facts(facts.sent, replicas)) and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    return wrong


def test_a_fact_and_its_repetition_meet_on_one_shard_whichever_host_is_asked(
    cluster: ClickHouseCluster, engine: NativeEngine
) -> None:
    first = [
        fact
        for number in range(8)
        for fact in (click_fact(number), postback_fact(number), revision_fact(f"order-{number}"), tag_fact(number))
    ]
    again = [
        fact
        for number in range(8)
        for fact in (
            postback_fact(number, version=2, verdict="decided"),  # decided anew
            revision_fact(f"order-{number}", 2, after=99_999),
            tag_fact(number, after=660),  # received again
        )
    ]
    for node in cluster.nodes[::3]:
        put_together(one_host(node), first)
        put_together(one_host(node), again)
    for table in {table for fact in first for table, _ in rows_of(fact)}:
        revisions = 2 if "conversion" in table.name else 1
        assert count(engine, f"{table.name} FINAL") == 8 * revisions
        for one, _ in cluster.shards:
            assert one.rows(f"SELECT 1 FROM {table.name}_local LIMIT 1"), f"{table.name} is on one shard alone"


def put_together(engine: NativeEngine, facts: Sequence[Fact]) -> None:
    """One insert a table."""
    together: dict[Table, list[tuple[Any, ...]]] = {}
    for fact in facts:
        for table, rows in rows_of(fact):
            together.setdefault(table, []).extend(rows)
    for table, rows in together.items():
        engine.insert(table.name, table.columns, rows)


def one_host(node: ClickHouseServer) -> NativeEngine:
    return NativeEngine(node.url, NAME)


def count(engine: NativeEngine, table: str) -> int:
    return int(engine.query(f"SELECT count() FROM {table}", format_="TSV"))


async def test_what_one_replica_has_not_is_not_acknowledged(cluster: ClickHouseCluster, engine: NativeEngine) -> None:
    """Unless the operator says so. And the same rows again are not taken for those of before: what failed is stored on
    both when it is repeated."""
    facts = [click_fact(number) for number in range(50)]
    rows = [row_of(fact) for fact in facts]
    victim = cluster.shards[0][1]
    victim.kill()
    try:
        with pytest.raises(StoreUnavailableError):
            engine.insert(CLICKS.name, CLICKS.columns, rows)
        NativeEngine(f"{cluster.url}&insert_quorum=1", NAME).insert(CLICKS.name, CLICKS.columns, rows)
    finally:
        victim.start()
        await asyncio.to_thread(victim.until_ready)
    await until(lambda: stored(engine, rows), PATIENCE_SECONDS)
    ids = "SELECT click_id FROM tracker.clicks_local"
    copies = [[set(node.rows(ids)) for node in shard] for shard in cluster.shards]
    assert [mine == other for mine, other in copies] == [True, True]
    assert {one for shard in copies for (one,) in shard[0]} == {fact.click_id for fact in facts}


def stored(engine: NativeEngine, rows: list[tuple[object, ...]]) -> bool:
    try:
        engine.insert(CLICKS.name, CLICKS.columns, rows)
    except StoreUnavailableError:
        return False
    return True


@pytest.mark.parametrize(("settings", "left"), [("?insert_deduplicate=1", 0), ("", 1)])
def test_rows_that_were_erased_can_come_again(cluster: ClickHouseCluster, settings: str, left: int) -> None:
    """A replicated table deduplicates inserts unless told otherwise: it acknowledges them and drops them."""
    node = cluster.nodes[0]
    table = f"default.erased_{left}"
    node.rows(f"CREATE TABLE {table} (id String) ENGINE = ReplicatedReplacingMergeTree('/{table}', '1') ORDER BY id")
    engine = NativeEngine(f"{node.url}{settings}")
    engine.insert(table, ("id",), [("a",)])
    node.rows(f"ALTER TABLE {table} DELETE WHERE 1")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while count(engine, table):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    engine.insert(table, ("id",), [("a",)])
    assert count(engine, table) == left
    engine.close()


async def test_a_host_that_is_half_dead_is_passed_over(cluster: ClickHouseCluster, engine: NativeEngine) -> None:
    """An old click is found all the same: what accepts a connection and says nothing costs seconds, once."""
    fact = click_fact()
    put(engine, fact)
    asked = cluster.nodes[0]
    finder = NativeEngine(cluster.url, NAME)  # asks `asked` first
    threads = EngineThreads(finder)
    old_clicks = EngineOldClicks(threads)
    assert await old_clicks.find(fact.click_id, SECOND)
    asked.freeze()
    try:
        began = time.monotonic()
        await until(lambda: found(old_clicks, fact.click_id), PATIENCE_SECONDS)
        first = time.monotonic() - began
        assert await old_clicks.find(fact.click_id, SECOND)
    finally:
        asked.thaw()
        await threads.close()
    note("ClickHouse cluster: a half-dead host", "a look-up goes to the next host", 1, 0, f"{first:.1f} s once")


async def found(old_clicks: EngineOldClicks, click_id: str) -> bool:
    try:
        return await old_clicks.find(click_id, SECOND) is not None
    except StoreUnavailableError:
        return False


def test_a_migration_that_was_killed_in_between_is_finished(engine: NativeEngine) -> None:
    """The tables have the column, what they are read through has it not yet."""
    engine.execute("DROP TABLE IF EXISTS tracker.clicks ON CLUSTER 'clicks'")
    for statement in statements(migrations()["005_evidence.sql"]):
        run_statement(engine, statement)
    put(engine, click_fact())
    assert engine.query("SELECT length(check_evidence) FROM tracker.clicks", format_="TSV") == b"4\n"
    assert migrate_clickhouse(engine) == []
