"""The whole tracker on a ClickHouse server of its operator's, as old as they come (18.16): no views there, and nothing
lost. Then how fast the drain ships into one."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import aiohttp
import asyncpg
import msgspec
import pytest
import pytest_asyncio
from clickhouse_driver.errors import Error as ClickHouseError
from redis.asyncio import Redis

from tests import browsing
from tests.clickhouse import ClickHouseServer, clickhouse_folder, skip_unless_installed
from tests.faults.results import is_soak, note
from tests.journeys.test_old_clicks import verdict
from tests.journeys.test_staff_work import click_out, report
from tests.running import RunningTracker, data_folder, secrets_of
from tests.store.factories import click_fact
from tests.warehouse.setting import Warehouse, until
from tracker.core.facts import ReconciliationFact
from tracker.errors import StoreUnavailableError
from tracker.store.warehouse.migrate import migrate_clickhouse
from tracker.store.warehouse.native import NativeEngine
from tracker.store.warehouse.threads import EngineThreads

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 90
KILLS = 20 if is_soak() else 2
BACKLOG = 200_000 if is_soak() else 10_000  # clicks
# By table, what names one of its facts.
NAMES = {"clicks": "click_id", "postbacks": "postback_id", "conversion_revisions": "order_id"}


@pytest.fixture(scope="module")
def server() -> Iterator[ClickHouseServer]:
    """Not started yet."""
    with clickhouse_folder() as folder:
        server = ClickHouseServer(folder)
        yield server
        server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session", name="old")
async def tracker_on_an_old_server(server: ClickHouseServer) -> AsyncIterator[RunningTracker]:
    """Started while the server is away."""
    skip_unless_installed()
    with data_folder() as data:
        async with RunningTracker(
            data, more={"TRACKER_CLICKHOUSE_URL": server.url}, without=("warehouse", "drain")
        ) as running:
            yield running


@dataclass
class Shoppers:
    """Each clicks, buys, and has the purchase approved; what was answered, and so must be there."""

    tracker: RunningTracker
    click_ids: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)

    async def one_buys(self) -> None:
        number = len(self.click_ids)
        self.click_ids.append(await click_out(self.tracker, f"shopper-{number}"))
        assert await report(self.tracker, click_id=self.click_ids[-1], order_id=f"ORDER-{number}") == "decided"
        self.orders.append(f"ORDER-{number}")

    async def keep_buying(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            await self.one_buys()


@pytest.fixture(scope="module")
def shoppers(old: RunningTracker) -> Shoppers:
    return Shoppers(old)


async def test_a_server_that_is_not_there_yet_is_waited_for(
    old: RunningTracker, server: ClickHouseServer, shoppers: Shoppers
) -> None:
    for _ in range(5):
        await shoppers.one_buys()
    ok = dict.fromkeys(("valkey", "postgres", "journal"), "ok")
    assert await ready(old) == ok | dict.fromkeys(("warehouse", "drain"), "away")
    assert old.find("drain") is not None

    server.start()
    await until(lambda: everything_is_there(server, shoppers), PATIENCE_SECONDS)


async def test_the_operator_is_told_in_a_sentence_what_an_old_server_lacks(old: RunningTracker) -> None:
    told = [json.loads(line)["message"] for line in old.log.read_text().splitlines() if "is older than" in line]
    assert [text for text in told if "003_analytics.sql" in text and "002_on_disk" in text] == told
    assert len(told) == 1
    assert "18.16 is older than 24.8: no views, so no reports" in told[0]
    assert "a power cut may take back the inserts of its last seconds" in told[0]

    assert (await ready(old))["warehouse"].startswith("ClickHouse 18.16 is too old for the views")
    reports = f"{old.url}/reports?token={secrets_of(old).reports}&lang=en"
    async with browsing.new_browser() as browser, browser.get(reports) as answer:
        assert answer.status == 501
        assert "The ClickHouse server is too old for reports" in await answer.text()
    asked = old.try_command("query", "SELECT count() FROM analytics.clicks")
    assert asked.returncode == 1
    assert "too old for the views" in asked.stderr
    assert "Traceback" not in asked.stderr + old.log.read_text()


async def test_a_server_killed_again_and_again_under_load_loses_and_doubles_nothing(
    old: RunningTracker, server: ClickHouseServer, shoppers: Shoppers
) -> None:
    ended = asyncio.Event()
    buying = asyncio.create_task(shoppers.keep_buying(ended))
    for _ in range(KILLS):
        seen = len(facts_there(server, "clicks"))
        await until(lambda seen=seen: len(facts_there(server, "clicks")) > seen, PATIENCE_SECONDS)
        await asyncio.to_thread(server.kill)
        before = len(shoppers.click_ids)
        await until(lambda before=before: len(shoppers.click_ids) > before, PATIENCE_SECONDS)  # nobody notices
        server.start()
        await asyncio.to_thread(server.until_ready)
    ended.set()
    await buying
    await reconcile(old)
    await until(lambda: everything_is_there(server, shoppers), PATIENCE_SECONDS)
    await until(lambda: server.rows("SELECT order_id FROM tracker.reconciliation_lines FINAL") == [("ORDER-0",)])

    wrong = [table for table in NAMES if len(facts_there(server, table)) != len(set(facts_there(server, table)))]
    seen_text = f"{len(shoppers.click_ids)} clicks, {len(shoppers.orders)} orders"
    must_hold = "every click and order that was answered is there once at read"
    note("ClickHouse server (18.16) killed -9 under load", must_hold, KILLS, len(wrong), seen_text)
    assert wrong == []
    assert len(server.rows("SELECT line_id FROM tracker.conversion_lines FINAL")) == len(shoppers.orders)


async def test_an_old_click_is_found_on_the_server(
    old: RunningTracker, server: ClickHouseServer, shoppers: Shoppers
) -> None:
    """And waited for while the server is away."""
    await shoppers.one_buys()
    await until(lambda: everything_is_there(server, shoppers), PATIENCE_SECONDS)
    await forget_young_clicks(old)
    assert await report(old, click_id=shoppers.click_ids[0], order_id="OLD-1") == "decided"
    server.kill()
    assert await report(old, click_id=shoppers.click_ids[1], order_id="OLD-2") == "deferred"
    server.start()

    async def is_decided() -> bool:
        return await verdict(old, "OLD-2") == "decided"

    await until(is_decided, PATIENCE_SECONDS)


async def ready(tracker: RunningTracker) -> dict[str, str]:
    async with aiohttp.ClientSession() as client, client.get(f"{tracker.url}/readyz") as answer:
        assert answer.status == 200
        said: dict[str, str] = await answer.json()
        return said


def facts_there(server: ClickHouseServer, table: str) -> list[object]:
    """What the server holds at read: our views would say the same, and need a newer one."""
    try:
        return [one for (one,) in server.rows(f"SELECT {NAMES[table]} FROM tracker.{table} FINAL")]
    except (ClickHouseError, OSError, EOFError):
        return []


def everything_is_there(server: ClickHouseServer, shoppers: Shoppers) -> bool:
    return (
        set(shoppers.click_ids) <= set(facts_there(server, "clicks"))
        and set(shoppers.orders) <= set(facts_there(server, "conversion_revisions"))
        and len(shoppers.orders) <= len(facts_there(server, "postbacks"))
    )


async def forget_young_clicks(tracker: RunningTracker) -> None:
    client = Redis.from_url(tracker.valkey_url)
    keys = [key async for key in client.scan_iter("h{*")]
    await client.delete(*keys)
    await client.aclose()


async def reconcile(tracker: RunningTracker) -> None:
    """As a comparison with a statement writes it."""
    fact = ReconciliationFact(
        "run-1", 1_764_000_000_000_000, "lab", "july.csv", "ORDER-0", ["amount"], ["return"], [], "approved",
        "approved", Decimal("900.00"), Decimal("1000.00"), "RUB", Decimal("-100.00"), -5, "", 0,
    )  # fmt: skip
    connection = await asyncpg.connect(tracker.postgres_dsn)
    body = msgspec.msgpack.encode(fact)
    await connection.execute("INSERT INTO outbox (kind, body) VALUES ('reconciliation', $1)", body)
    await connection.close()


async def test_a_backlog_is_drained_into_a_server(server: ClickHouseServer, valkey: Redis, postgres_dsn: str) -> None:
    """A figure, and no loss. The server had been away: all of it waits in the streams."""
    server.stop()
    engine = NativeEngine(server.url)
    threads = EngineThreads(engine)
    async with asyncpg.create_pool(postgres_dsn, min_size=0, max_size=2) as pool:
        warehouse = Warehouse(engine, threads, valkey, postgres_dsn, pool)
        facts = [click_fact(number, shard=number % 1024) for number in range(BACKLOG)]
        for first in range(0, BACKLOG, 5_000):
            await warehouse.record(*facts[first : first + 5_000])
        await warehouse.drain_once()
        assert await warehouse.waiting_clicks() == BACKLOG
        server.start()
        await asyncio.to_thread(server.until_ready)
        await until(lambda: _migrated(engine), PATIENCE_SECONDS)
        await asyncio.to_thread(engine.execute, "TRUNCATE TABLE tracker.clicks")
        began, worked = time.monotonic(), time.process_time()
        await warehouse.drain_once()
        seconds, cpu_seconds = time.monotonic() - began, time.process_time() - worked
        assert await warehouse.waiting_clicks() == 0
    await threads.close()
    there = set(facts_there(server, "clicks"))
    missing = len({fact.click_id for fact in facts} - there)
    figure = (
        f"{BACKLOG / seconds:,.0f} clicks a second; {BACKLOG / cpu_seconds:,.0f} a second of the drain's own CPU time"
    )
    note("ClickHouse server away, backlog drained over the native protocol", "nothing lost", 1, missing, figure)
    assert missing == 0


async def _migrated(engine: NativeEngine) -> bool:
    """Not at once: a host that did not answer a moment ago is not asked again."""
    try:
        await asyncio.to_thread(migrate_clickhouse, engine)
    except StoreUnavailableError:
        return False
    return True
