"""PostgreSQL itself refuses what must never happen to money, whoever asks."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import asyncpg
import pytest

from tests.core.factories import CLICK, CLICKED_AT, LAB
from tests.postback.setting import ORDER, Setting, open_setting, other_terms
from tests.running import free_port
from tracker.core.reasons import MessageCode
from tracker.core.report import BasketLine, Report, Status
from tracker.errors import StoreUnavailableError
from tracker.ports import Change, OrderChange, RawPostback
from tracker.postback.kept import new_postback_id, postback_fact
from tracker.store.ledger import open_ledger
from tracker.store.ledger.rows import entry_id

pytestmark = pytest.mark.every_postgres


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        yield opened


@pytest.mark.parametrize(
    "table",
    [
        "terms_versions", "terms_in_force", "postbacks", "order_messages", "order_clicks", "found_clicks", "overrides",
        "conversion_revisions", "ledger_entries", "exchange_rates",
    ],
)  # fmt: skip
@pytest.mark.parametrize("sql", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET {} = {}"])
async def test_what_was_written_is_never_changed_or_deleted(setting: Setting, table: str, sql: str) -> None:
    await setting.report(amount="1000.00", status="approved")
    column = await setting.value(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position OFFSET 1",
        table,
    )
    with pytest.raises(asyncpg.RaiseError, match="never changed or deleted"):
        await setting.rows(sql.format(table, column, column))


async def test_entries_that_do_not_balance_are_refused_at_commit(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved")
    insert = "INSERT INTO ledger_entries VALUES (gen_random_uuid(), 'lab', 'A-1', 1, $1, $2, now())"
    with pytest.raises(asyncpg.RaiseError, match="lab/A-1 revision 1 do not sum to zero"):
        await setting.rows(insert, "available:thief", 100)
    connection = await asyncpg.connect(setting.dsn)
    async with connection.transaction():
        await connection.execute(insert, "available:shopper-1", 100)
        await connection.execute(insert, "receivable:lab", -100)
    await connection.close()


async def test_the_same_entry_cannot_be_written_twice(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved")
    ids = {row["id"] for row in await setting.rows("SELECT id FROM ledger_entries")}
    accounts = ("receivable:lab", "available:shopper-1")
    assert ids == {entry_id("lab", ORDER, 1, account) for account in accounts}
    assert entry_id("a", "bc", 1, "d") != entry_id("ab", "c", 1, "d")
    with pytest.raises(asyncpg.UniqueViolationError):
        await setting.rows("INSERT INTO ledger_entries SELECT * FROM ledger_entries")


@pytest.mark.parametrize(
    ("kind", "reason", "staff"), [("release", " ", "anna"), ("release", "x", ""), ("pay", "x", "y")]
)
async def test_an_override_has_a_kind_a_reason_and_a_name(setting: Setting, kind: str, reason: str, staff: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await setting.rows(
            "INSERT INTO overrides (partner_id, order_id, kind, reason, staff, at)"
            " VALUES ('lab', 'A', $1, $2, $3, now())",
            kind,
            reason,
            staff,
        )


async def test_a_change_of_an_order_that_has_moved_on_is_left_out_whole(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved")
    before = await setting.known()
    await setting.report(amount="900.00", status="approved")
    raw = RawPostback(new_postback_id(setting.now, b"0" * 10), setting.now, "lab", "generic", "GET", "", "", b"")
    fact = postback_fact(raw, MessageCode.DUPLICATE)
    assert await setting.ledger.write(Change(fact=fact, raw=raw, orders=(OrderChange(before),))) is False
    assert await setting.value("SELECT count(*) FROM postbacks") == 2


async def test_sums_times_and_text_come_back_exactly(setting: Setting) -> None:
    report = Report(
        order_id="заказ\t№ 1 \\N 'x' \"y\" 😀",
        line_id="1",
        click_id=CLICK.click_id,
        status=Status.APPROVED,
        goods=Decimal("1234567890123.10"),
        commission=Decimal("0.00"),
        event_time=datetime(2019, 3, 2, 1, 2, 3, 456_789, tzinfo=timezone(timedelta(hours=3))),
        sums_as_sent=(("amount", "1 234 567 890 123,10"),),
    )
    raw = RawPostback(
        new_postback_id(setting.now, b"1" * 10), setting.now, "lab", "generic", "POST", "é=\\x00", "", bytes(range(256))
    )
    await setting.ingest.take(raw, report)
    message = (await setting.known(report.order_id)).order.messages[0]
    assert message.report == report
    assert str(message.report.goods) == "1234567890123.10"
    assert message.click == CLICK
    assert await setting.value("SELECT body FROM postbacks") == bytes(range(256))
    assert await setting.value("SELECT base FROM conversions") == Decimal("1234567890123.10")


async def test_a_basket_comes_back_exactly(setting: Setting) -> None:
    lines = (
        BasketLine("1", Decimal("10.50"), "a", Status.DECLINED),
        BasketLine("№ 2", Decimal("-5.10")),
        BasketLine("3", None),
    )
    report = Report(order_id=ORDER, click_id=CLICK.click_id, status=Status.APPROVED, basket=lines)
    raw = RawPostback(new_postback_id(setting.now, b"2" * 10), setting.now, "lab", "generic", "GET", "", "", b"")
    await setting.ingest.take(raw, report)
    assert (await setting.known()).order.messages[0].report == report


async def test_terms_are_added_and_never_replaced(setting: Setting) -> None:
    other = other_terms("lab-2")
    await setting.ledger.put_in_force([LAB, other])
    forged = other_terms("lab-1", minimum_purchase=Decimal(5))
    await setting.ledger.put_in_force([forged])
    async with open_ledger(setting.dsn) as elsewhere:
        assert await elsewhere.terms(["lab-1", "lab-2"]) == {"lab-1": LAB, "lab-2": other}
        with pytest.raises(KeyError):
            await elsewhere.terms(["lab-3"])


async def test_a_ledger_can_be_opened_while_postgresql_is_away() -> None:
    async with open_ledger(f"postgresql://tracker@127.0.0.1:{free_port()}/tracker") as ledger:
        with pytest.raises(StoreUnavailableError, match="PostgreSQL did not answer"):
            await ledger.load("lab", ORDER)


def test_ids_of_requests_grow_with_time_and_are_version_7() -> None:
    ids = [new_postback_id(CLICKED_AT + timedelta(milliseconds=step), b"\xff" * 10) for step in range(3)]
    assert ids == sorted(set(ids))
    assert [one[14] for one in ids] == ["7"] * 3
    assert {one[19] for one in ids} <= set("89ab")
    assert datetime.fromtimestamp(int(ids[0].replace("-", "")[:12], 16) / 1000, UTC) == CLICKED_AT
