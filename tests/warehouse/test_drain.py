"""The drain: every fact once, in batches that are all there or not at all; nothing is removed before it has arrived."""

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tests.store.factories import click_fact
from tests.stores import either_valkey_url  # noqa: F401 - each test on either server
from tests.warehouse.engines import Away, Rows, WatchedEngine
from tests.warehouse.setting import (
    DAY,
    Warehouse,
    ask,
    hash_shopper,
    line_fact,
    postback_fact,
    revision_fact,
    tag_fact,
    until,
)
from tracker.core.facts import ClickFact
from tracker.errors import PoisonError, StoreUnavailableError
from tracker.store.clicks import FACT_FIELD, REPEAT_FIELD, STREAMS
from tracker.store.warehouse import drain, ship_clicks, ship_money
from tracker.store.warehouse.rows import CLICKS
from tracker.telemetry import BACKLOG, OLDEST_CLICK, QUARANTINED, SHIP_FAILURES, SHIPPED

CLICK_ID = CLICKS.columns.index("click_id")


def clicks(count: int, **changes: object) -> list[ClickFact]:
    """Over all streams."""
    return [click_fact(number, shard=number, **changes) for number in range(count)]  # type: ignore[arg-type]


async def test_a_click_is_there_a_second_after_it_was_recorded(warehouse: Warehouse) -> None:
    async with warehouse.draining():
        await warehouse.drain_once()
        recorded = time.monotonic()
        await warehouse.record(click_fact(), click_fact(1, shard=6))
        await warehouse.post(postback_fact(), revision_fact())
        await until(lambda: warehouse.count("SELECT count() FROM clicks") == 2)
        await until(lambda: warehouse.count("SELECT count() FROM conversions") == 1)
        assert time.monotonic() - recorded < 1.5
        await until(lambda: emptied(warehouse))
    assert warehouse.telemetry.value(SHIPPED, "tracker.clicks") == 2
    assert warehouse.telemetry.value(SHIPPED, "tracker.postbacks") == 1
    assert warehouse.telemetry.value(SHIPPED, "tracker.conversion_lines") == 1


async def test_a_report_of_the_tag_is_shipped_with_its_checks(warehouse: Warehouse) -> None:
    reports = [tag_fact(), tag_fact(1, kind="landing", order_id="", checks=[], final=False, after=2)]
    await warehouse.post(*reports, postback_fact())
    await warehouse.drain_once()
    assert await warehouse.waiting_facts() == 0
    shown = "SELECT report_id, kind, final, order_id, checks FROM tag_reports ORDER BY report_id"
    assert ask(warehouse.engine, shown) == [
        ("report-0", "confirmation", 1, "A-1", ["ad_blocker:ok:high", "cookies:ok:high"]),
        ("report-1", "landing", 0, "", []),
    ]
    assert warehouse.telemetry.value(SHIPPED, "tracker.tag_reports") == 2
    assert warehouse.telemetry.value(SHIPPED, "tracker.postbacks") == 1


async def emptied(warehouse: Warehouse) -> bool:
    return await warehouse.waiting_clicks() == 0 and await warehouse.waiting_facts() == 0


async def test_when_it_stops_all_that_was_there_has_been_shipped(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship_clicks, "PER_STREAM", 3)
    monkeypatch.setattr(ship_money, "BATCH", 3)
    await warehouse.record(*clicks(200))
    await warehouse.post(*(postback_fact(number) for number in range(20)))
    await warehouse.drain_once()
    assert await emptied(warehouse)
    assert warehouse.count("SELECT count() FROM clicks") == 200
    assert warehouse.count("SELECT count() FROM postbacks") == 20
    assert warehouse.telemetry.value(BACKLOG, "clicks") == 0
    assert warehouse.telemetry.value(OLDEST_CLICK) == 0


async def test_a_stop_in_the_middle_of_a_pass_is_followed_by_a_last_one(warehouse: Warehouse) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    late = click_fact(1)

    def stop_and_record(_table: str, _rows: Rows) -> None:
        if not stopping.is_set():
            asyncio.run_coroutine_threadsafe(warehouse.record(late), loop).result(5)
            loop.call_soon_threadsafe(stopping.set)

    await warehouse.record(click_fact())
    await warehouse.drain(WatchedEngine(warehouse.engine, after=stop_and_record)).run(stopping)
    assert warehouse.count("SELECT count() FROM clicks") == 2
    assert await warehouse.waiting_clicks() == 0


async def test_a_repeat_is_told_by_the_stream(warehouse: Warehouse) -> None:
    fact = click_fact(traffic=["datacenter"])
    fields = {FACT_FIELD: msgspec.msgpack.encode(fact), REPEAT_FIELD: b"1"}
    await warehouse.add_entries([(fact.click_id, fields)])
    await warehouse.drain_once()
    assert ask(warehouse.engine, "SELECT traffic, valid FROM clicks") == [(["datacenter", "repeat"], 0)]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_nothing_is_removed_before_it_is_inserted_and_what_is_inserted_twice_counts_once(
    warehouse: Warehouse, moment: str
) -> None:
    def fail(table: str, _rows: Rows) -> None:
        if table in ("tracker.clicks", "tracker.conversion_revisions"):
            raise StoreUnavailableError("The answer was lost.")

    await warehouse.record(*clicks(20))
    await warehouse.post(postback_fact(), revision_fact())
    engine = WatchedEngine(warehouse.engine)
    setattr(engine, moment, fail)
    await warehouse.drain_once(engine)
    assert await warehouse.waiting_clicks() == 20
    assert await warehouse.waiting_facts() == 2
    assert warehouse.telemetry.value(SHIP_FAILURES, "clicks") == 1
    assert warehouse.telemetry.value(SHIP_FAILURES, "outbox") == 1
    assert warehouse.telemetry.value(OLDEST_CLICK) > 0

    await warehouse.drain_once()
    assert await emptied(warehouse)
    assert warehouse.count("SELECT count() FROM clicks") == 20
    assert warehouse.count("SELECT count() FROM conversion_revisions") == 1
    assert ask(warehouse.engine, "SELECT sum(cashback), sum(commission) FROM conversions") == [(50, 80)]


async def test_a_warehouse_that_is_away_is_waited_for(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "PAUSE_SECONDS", 0.05)
    away = Away()
    async with warehouse.draining(WatchedEngine(warehouse.engine, before=away)):
        await warehouse.record(*clicks(5))
        await until(lambda: away.refused >= 2)
        assert await warehouse.waiting_clicks() == 5
        away.back.set()
        await until(lambda: emptied(warehouse))
    assert warehouse.count("SELECT count() FROM clicks") == 5


async def test_clicks_go_on_while_postgresql_is_away_and_money_while_valkey_is(warehouse: Warehouse) -> None:
    await warehouse.record(click_fact())
    await warehouse.post(postback_fact())
    nowhere: Redis = Redis.from_url("unix:///nowhere/valkey.sock", retry=Retry(NoBackoff(), 0))
    stopping = asyncio.Event()
    stopping.set()
    await warehouse.drain(valkey=nowhere).run(stopping)
    assert await warehouse.waiting_facts() == 0
    assert await warehouse.waiting_clicks() == 1

    await warehouse.post(postback_fact(1))
    dsn, warehouse.dsn = warehouse.dsn, "postgresql://nobody@/nothing?host=/nowhere"
    await warehouse.drain_once()
    warehouse.dsn = dsn
    assert await warehouse.waiting_clicks() == 0
    assert await warehouse.waiting_facts() == 1


async def test_only_what_was_read_is_removed(warehouse: Warehouse) -> None:
    loop = asyncio.get_running_loop()
    late = [click_fact(100 + number, shard=number) for number in range(16)]

    def record_more(_table: str, _rows: Rows) -> None:
        asyncio.run_coroutine_threadsafe(warehouse.record(*late), loop).result(5)

    await warehouse.record(*clicks(16))
    await warehouse.drain_once(WatchedEngine(warehouse.engine, after=record_more))
    assert await warehouse.waiting_clicks() == 16
    assert warehouse.count("SELECT count() FROM clicks") == 16


@pytest.mark.parametrize("kept", [0, 3, 4])
async def test_a_server_that_took_over_with_fewer_clicks_and_a_slower_clock_loses_none_of_its_own(
    warehouse: Warehouse, kept: int
) -> None:
    """A replica lacks the last clicks of its primary, and gives ids by its own clock: they may lie before what was
    read of the primary and is to be removed."""
    read, late = clicks(16 * 5)[5::16], click_fact(500, shard=5)
    loop = asyncio.get_running_loop()

    async def take_over() -> None:
        entries: Any = await warehouse.valkey.xrange(STREAMS[5])
        await warehouse.valkey.delete(STREAMS[5])
        for entry_id, fields in entries[:kept]:
            await warehouse.valkey.xadd(STREAMS[5], fields, id=entry_id)
        milliseconds, number = entries[kept][0].split(b"-")
        its_own = b"%b-%d" % (milliseconds, int(number))
        await warehouse.valkey.xadd(STREAMS[5], {FACT_FIELD: msgspec.msgpack.encode(late)}, id=its_own)

    await warehouse.record(*read)
    taking = WatchedEngine(
        warehouse.engine, after=lambda _table, _rows: asyncio.run_coroutine_threadsafe(take_over(), loop).result(5)
    )
    await warehouse.drain_once(taking)
    assert await warehouse.waiting_clicks() == kept + 1
    await warehouse.drain_once()
    assert await warehouse.waiting_clicks() == 0
    stored = {row[0] for row in ask(warehouse.engine, "SELECT click_id FROM clicks")}
    assert stored == {fact.click_id for fact in (*read, late)}


async def test_one_insert_touches_one_month(warehouse: Warehouse) -> None:
    engine = WatchedEngine(warehouse.engine)
    await warehouse.record(*(click_fact(number + 3, after=number * 10 * DAY) for number in range(-3, 4)))
    await warehouse.post(*(revision_fact(f"A-{number}", after=number * 10 * DAY) for number in range(-3, 4)))
    await warehouse.drain_once(engine)
    months = [("tracker.clicks", 3), ("tracker.conversion_revisions", 3), ("tracker.conversion_lines", 3)]
    for table, count in months:
        assert len([name for name, _ in engine.inserts if name == table]) == count
        parts = "SELECT count(), uniqExact(partition), min(rows) > 0 FROM system.parts WHERE active"
        [[parts_, partitions, _]] = msgspec.json.decode(
            warehouse.engine.query(f"{parts} AND concat(database, '.', table) = '{table}'")
        )["data"]
        assert (parts_, partitions) == (count, count)


async def test_a_full_batch_is_followed_at_once_and_read_while_it_is_inserted(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship_clicks, "PER_STREAM", 10)
    await warehouse.record(*clicks(16 * 25))
    engine = WatchedEngine(warehouse.engine)
    await warehouse.drain_once(engine)
    assert [rows for _, rows in engine.inserts] == [160, 160, 80]
    assert warehouse.count("SELECT count() FROM clicks") == 400


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({FACT_FIELD: b"\xc1 no msgpack"}, "MessagePack"),
        ({FACT_FIELD: msgspec.msgpack.encode(["too", "short"])}, "length"),
        ({FACT_FIELD: msgspec.msgpack.encode(click_fact())[:-3]}, "truncated"),
        ({b"other": b"field"}, "f"),
        ({FACT_FIELD: msgspec.msgpack.encode(click_fact(checks=[("cookies", "ok", "high")]))}, "length"),
        ({FACT_FIELD: msgspec.msgpack.encode(click_fact(checks=[("cookies", "ok", "high", "", -1)]))}, "check_ms"),
        ({FACT_FIELD: msgspec.msgpack.encode(click_fact()).replace(b"lamoda", b"l\xff\xfeoda")}, "utf-8"),
        ({FACT_FIELD: msgspec.msgpack.encode(click_fact())[:-1] + b"\x91" * 9_999 + b"\xc0"}, "recursion"),
    ],
)
async def test_an_entry_that_is_no_click_goes_to_quarantine_and_the_rest_goes_on(
    warehouse: Warehouse, fields: dict[bytes, bytes], said: str
) -> None:
    good = clicks(40)
    await warehouse.record(*good[:20])
    await warehouse.add_entries([(good[3].click_id, fields)])
    await warehouse.record(*good[20:])
    await warehouse.drain_once()
    assert warehouse.count("SELECT count() FROM clicks") == 40
    assert await warehouse.waiting_clicks() == 0
    [(source, event, error)] = await warehouse.quarantined()
    assert source == "clicks"
    assert msgspec.msgpack.decode(event) == fields
    assert said in error
    assert warehouse.telemetry.value(QUARANTINED, "clicks") == 1


@pytest.mark.parametrize("places", [{0}, {63}, {17, 18, 40}, set(range(64))])
async def test_poison_is_found_by_halving_and_the_rest_goes_on(warehouse: Warehouse, places: set[int]) -> None:
    facts = clicks(64)
    for place in places:
        facts[place] = msgspec.structs.replace(facts[place], rate=Decimal("0.123456789"))
    await warehouse.record(*facts)
    await warehouse.drain_once()
    stored = {row[0] for row in ask(warehouse.engine, "SELECT click_id FROM clicks")}
    assert stored == {fact.click_id for place, fact in enumerate(facts) if place not in places}
    kept = [
        msgspec.msgpack.decode(msgspec.msgpack.decode(event)[FACT_FIELD], type=ClickFact)
        for _, event, _ in await warehouse.quarantined()
    ]
    assert {fact.click_id for fact in kept} == {facts[place].click_id for place in places}
    assert all("rate" in error for _, _, error in await warehouse.quarantined())
    assert await warehouse.waiting_clicks() == 0
    assert warehouse.telemetry.value(SHIPPED, "tracker.clicks") == 64 - len(places)


async def test_what_only_clickhouse_finds_poisonous_is_found_too(warehouse: Warehouse) -> None:
    poison = click_fact(7, shard=7).click_id

    def refuse(_table: str, rows: Rows) -> None:
        if any(row[CLICK_ID] == poison for row in rows):
            raise PoisonError("ClickHouse can never store this.")

    await warehouse.record(*clicks(20))
    await warehouse.drain_once(WatchedEngine(warehouse.engine, before=refuse))
    assert warehouse.count("SELECT count() FROM clicks") == 19
    assert len(await warehouse.quarantined()) == 1


async def test_poison_stays_until_it_is_in_quarantine_and_is_there_once(warehouse: Warehouse) -> None:
    await warehouse.record(click_fact(rate=Decimal("0.123456789")), click_fact(1))
    await warehouse.pool.execute("ALTER TABLE quarantine RENAME TO elsewhere")
    with pytest.raises(BaseExceptionGroup):
        await warehouse.drain_once()
    assert await warehouse.waiting_clicks() == 2
    await warehouse.pool.execute("ALTER TABLE elsewhere RENAME TO quarantine")

    entries = await warehouse.valkey.xrange(STREAMS[5])
    assert entries is not None
    await warehouse.pool.execute(
        "INSERT INTO quarantine (source, event, error) VALUES ('clicks', $1, 'before the kill')",
        msgspec.msgpack.encode(entries[0][1]),
    )
    await warehouse.drain_once()
    assert [error for _, _, error in await warehouse.quarantined()] == ["before the kill"]
    assert await warehouse.waiting_clicks() == 0


def _bad_line() -> bytes:
    return msgspec.msgpack.encode(revision_fact("A-9", lines=[line_fact(), line_fact("2", goods=Decimal("0.00001"))]))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("postback", lambda: b"\xc1"),
        ("postback", lambda: msgspec.msgpack.encode(revision_fact())),
        ("postback", lambda: msgspec.msgpack.encode(postback_fact(http_status=70_000))),
        ("revision", lambda: msgspec.msgpack.encode(revision_fact(base=Decimal("1e-13")))),
        ("tag", lambda: msgspec.msgpack.encode(revision_fact())),
        ("tag", lambda: msgspec.msgpack.encode(tag_fact(checks=[("ad_blocker", "ok", "high", "", 2**32)]))),
        ("revision", _bad_line),
    ],
)
async def test_a_poisonous_money_fact_goes_to_quarantine_whole(
    warehouse: Warehouse, kind: str, body: Callable[[], bytes]
) -> None:
    await warehouse.post(*(postback_fact(number) for number in range(5)), revision_fact("A-1"))
    await warehouse.post_raw((kind, body()))
    await warehouse.post(revision_fact("A-2"))
    await warehouse.drain_once()
    assert warehouse.count("SELECT count() FROM postbacks") == 5
    assert warehouse.count("SELECT count() FROM conversions") == 2
    assert warehouse.count("SELECT count() FROM conversion_lines") == 2
    [(source, event, _)] = await warehouse.quarantined()
    assert (source, event) == ("outbox", body())
    assert await warehouse.waiting_facts() == 0
    assert warehouse.telemetry.value(SHIPPED, "tracker.postbacks") == 5
    assert warehouse.telemetry.value(SHIPPED, "tracker.conversion_lines") == 2


async def test_a_shopper_is_a_keyed_hash_to_analysts(warehouse: Warehouse) -> None:
    await warehouse.record(*clicks(3, shopper_id="shopper-1"), click_fact(9, shopper_id=""))
    await warehouse.post(revision_fact(shopper_id="shopper-1"))
    await warehouse.drain_once()
    both = "SELECT DISTINCT c.shopper_hash FROM clicks c INNER JOIN conversions o ON o.shopper_hash = c.shopper_hash"
    assert ask(warehouse.engine, both) == [(hash_shopper("shopper-1"),)]
    assert ask(warehouse.engine, "SELECT count() FROM clicks WHERE shopper_hash = 0") == [(1,)]
