"""Money in ClickHouse is a copy: dropped and made again from PostgreSQL, it is the same to the last byte."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import asyncpg
import msgspec
import pytest

from tests.postback.setting import open_setting
from tests.reconcile.month import plan, reconcile
from tests.reconcile.month_books import fill_books, write_statement
from tests.warehouse.engines import WatchedEngine
from tests.warehouse.setting import (
    KEY,
    Warehouse,
    ask,
    postback_fact,
    revision_fact,
    rows_of,
    tag_fact,
    until,
)
from tracker.core.facts import TagFact
from tracker.ports import WarehouseEngine
from tracker.postback.confirm import TakeTagReport
from tracker.store.warehouse.fingerprint import fingerprint
from tracker.store.warehouse.money_entries import MONEY_TABLES
from tracker.store.warehouse.rebuild import Rebuild, Rebuilt
from tracker.store.warehouse.rows import TAG_REPORTS, shopper_hash
from tracker.store.warehouse.threads import EngineThreads

DAY = 86_400
NAMES = [table.name for table in MONEY_TABLES]


async def ignore(_: int) -> None:
    """Nobody looks on."""


def rebuild(warehouse: Warehouse, engine: WarehouseEngine | None = None) -> Rebuild:
    threads = warehouse.threads if engine is None else EngineThreads(engine)
    return Rebuild(threads, warehouse.dsn, shopper_hash(KEY), warehouse.telemetry)


async def hashes(warehouse: Warehouse) -> dict[str, str]:
    return {table.name: (await fingerprint(warehouse.threads, table, table.name)).hash for table in MONEY_TABLES}


def of(rebuilt: Sequence[Rebuilt], when: str) -> dict[str, str]:
    return {one.table: getattr(one, when).hash for one in rebuilt}


async def live(warehouse: Warehouse) -> None:
    """A history of every kind of fact, over two months, as the tracker itself writes it."""
    async with open_setting(warehouse.dsn) as setting:
        for order in range(6):
            await setting.report(order_id=f"R-{order}", amount="1000.00", status="pending")
            setting.wait(days=4)
            await setting.report(
                order_id=f"R-{order}", amount="1500.00", status="approved", line_id="1", line_count="2"
            )
        await setting.report(order_id="R-0", amount="0.00", status="declined")
        await setting.send("order_id=L-1&click_id=nobodys&amount=10.00&status=pending")
        await setting.send("order_id=L-2&amount=ten")
        tags = TakeTagReport(setting.ledger)
        report = tag_fact(partner_id="lab", order_id="R-1")
        await tags.take(report)
        await tags.take(msgspec.structs.replace(report, report_id="landing-1", kind="landing", order_id=""))
        # Sent again by the tag a second later: the same report, and the last of the two counts.
        again = msgspec.structs.replace(report, report_id="landing-2", kind="landing", order_id="")
        await setting.ledger.ship(again)
        later = msgspec.structs.replace(again, reported_at_us=again.reported_at_us + 1_000_000, tab="unknown")
        await setting.ledger.ship(later)


async def compare_a_statement(warehouse: Warehouse, folder: Path) -> None:
    planted = plan(100)
    await fill_books(warehouse.dsn, planted)  # by COPY, past the outbox: a rebuild ships it all the same
    write_statement(folder / "statement.csv", planted)
    await reconcile(warehouse.dsn, folder / "statement.csv")
    await rebuild(warehouse).run(ignore)


async def test_dropped_tables_are_made_again_with_equal_hashes(warehouse: Warehouse, tmp_path: Path) -> None:
    await compare_a_statement(warehouse, tmp_path)
    await live(warehouse)
    await warehouse.drain_once()
    before = await hashes(warehouse)
    seen = ask(warehouse.engine, "SELECT * FROM conversions ORDER BY order_id")
    assert all(warehouse.count(f"SELECT count() FROM {name}") > 0 for name in ("tag_reports", "reconciliations"))

    for name in NAMES:
        warehouse.engine.execute(f"DROP TABLE {name} SYNC")
    await rebuild(warehouse).run(ignore)

    assert await hashes(warehouse) == before
    assert ask(warehouse.engine, "SELECT * FROM conversions ORDER BY order_id") == seen
    made = warehouse.engine.query("SHOW CREATE TABLE tracker.postbacks", format_="TSVRaw").decode()
    assert "fsync_after_insert = 1, fsync_part_directory = 1" in made


async def test_a_rebuild_of_what_is_right_says_so_and_changes_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    await compare_a_statement(warehouse, tmp_path)
    await live(warehouse)
    await warehouse.drain_once()
    before = await hashes(warehouse)

    rebuilt = await rebuild(warehouse).run(ignore)

    assert of(rebuilt, "before") == of(rebuilt, "after") == before == await hashes(warehouse)
    left = warehouse.engine.query("SELECT name FROM system.tables WHERE name LIKE '%anew'", format_="TSV")
    assert left == b""


async def test_what_is_wrong_in_clickhouse_is_told_and_put_right(warehouse: Warehouse) -> None:
    """A row too many, of a month of its own, a row too few, and a sum that somebody changed."""
    await live(warehouse)
    await warehouse.drain_once()
    right = await hashes(warehouse)
    [(table, rows), _] = rows_of(revision_fact("INVENTED", after=400 * DAY))
    warehouse.engine.insert(table.name, table.columns, rows)
    settings = "SETTINGS mutations_sync = 1"
    warehouse.engine.execute(f"ALTER TABLE tracker.postbacks DELETE WHERE order_id = 'R-3' {settings}")
    warehouse.engine.execute(
        f"ALTER TABLE tracker.conversion_lines UPDATE accrual = 1 WHERE order_id = 'R-4' {settings}"
    )

    rebuilt = await rebuild(warehouse).run(ignore)

    assert of(rebuilt, "after") == right == await hashes(warehouse)
    wrong = {one.table for one in rebuilt if one.before != one.after}
    assert wrong == {"tracker.conversion_revisions", "tracker.postbacks", "tracker.conversion_lines"}


class Died(BaseException):
    """Nothing behind it is run, as after kill -9."""


@dataclass
class Killed(WatchedEngine):
    """Dies at the statement of that number."""

    at: int = 0

    def execute(self, sql: str) -> None:
        self.at -= 1
        if self.at == 0:
            raise Died
        super().execute(sql)


@pytest.mark.parametrize("at", [4, 12, 14])  # built half, one month of two in place, one table of five
async def test_killed_in_the_middle_it_is_done_again(warehouse: Warehouse, at: int) -> None:
    await live(warehouse)
    await warehouse.drain_once()
    before = await hashes(warehouse)

    with pytest.raises(Died):
        await rebuild(warehouse, Killed(warehouse.engine, at=at)).run(ignore)
    assert await hashes(warehouse) == before, "no month is ever half there"

    rebuilt = await rebuild(warehouse).run(ignore)
    assert of(rebuilt, "before") == of(rebuilt, "after") == before


async def test_facts_that_arrive_meanwhile_wait_and_are_shipped_afterwards(warehouse: Warehouse) -> None:
    await live(warehouse)
    await warehouse.drain_once()
    arrived = asyncio.Event()

    async def one_more(_: int) -> None:
        if not arrived.is_set():
            arrived.set()
            await warehouse.post(postback_fact(7, version=9))
            await until_nothing_is_shipped()

    async def until_nothing_is_shipped() -> None:
        """The drain has looked at the outbox since, and left it alone."""
        await asyncio.sleep(0)
        await warehouse.drain_once()
        assert await warehouse.waiting_facts() == 1

    async with warehouse.draining():
        rebuilt = await rebuild(warehouse).run(one_more)
        assert of(rebuilt, "before") == of(rebuilt, "after")
        await until(lambda: warehouse.count("SELECT count() FROM postbacks WHERE postback_id = '019abc-7'") == 1)
    assert arrived.is_set()
    assert await warehouse.waiting_facts() == 0


async def test_a_rebuild_waits_for_the_batch_that_is_being_shipped(warehouse: Warehouse) -> None:
    """What waits in the outbox is shipped first, so the hashes before and after are of the same facts."""
    await live(warehouse)

    rebuilt = await rebuild(warehouse).run(ignore)

    assert of(rebuilt, "before") == of(rebuilt, "after") == await hashes(warehouse)
    assert await warehouse.waiting_facts() == 0


async def test_reports_of_the_tag_that_postgres_never_kept_are_carried_over(warehouse: Warehouse) -> None:
    """An installation that was updated: its older reports are in ClickHouse alone."""
    old: TagFact = tag_fact(1, after=-40 * DAY)
    for table, rows in rows_of(old):
        warehouse.engine.insert(table.name, table.columns, rows)
    await warehouse.post(tag_fact(2))
    await warehouse.drain_once()
    before = (await hashes(warehouse))[TAG_REPORTS.name]

    rebuilt = await rebuild(warehouse).run(ignore)

    assert of(rebuilt, "after")[TAG_REPORTS.name] == before
    assert warehouse.count("SELECT count() FROM tag_reports") == 2


async def test_poison_stays_in_quarantine_and_is_there_once(warehouse: Warehouse) -> None:
    await live(warehouse)
    await warehouse.pool.execute("ALTER TABLE conversion_revisions DISABLE TRIGGER USER")
    fact = msgspec.msgpack.encode(revision_fact(base=Decimal(10) ** 30))
    await warehouse.pool.execute(
        "UPDATE conversion_revisions SET fact = $1 WHERE order_id = 'R-5' AND revision = 1", fact
    )
    await rebuild(warehouse).run(ignore)
    await rebuild(warehouse).run(ignore)

    assert [(source, event) for source, event, _ in await warehouse.quarantined()] == [("outbox", fact)]


async def test_every_kind_of_fact_of_the_outbox_can_be_made_again(warehouse: Warehouse) -> None:
    """A new kind that nobody keeps would be lost at a rebuild."""
    connection = await asyncpg.connect(warehouse.dsn)
    rule = await connection.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'outbox_kind_check'"
    )
    await connection.close()
    kinds = {word for word in rule.split("'") if word.isidentifier()} - {"text", "CHECK", "ARRAY", "ANY", "kind"}
    assert kinds == {"postback", "revision", "tag", "reconciliation"}
