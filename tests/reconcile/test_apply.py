"""`--apply`: the statement's word is taken by messages like any other, each change known by who made it and why."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from tests.core.factories import CLICKED_AT, OTHER_CLICK
from tests.postback.setting import Setting, open_setting, partner
from tests.reconcile.month import Seen
from tracker.app.reconciling import Statements, default_currency
from tracker.core.reconciliation import Run
from tracker.core.statement import StatementProfile
from tracker.reconcile.apply import Apply, Permission
from tracker.reconcile.flow import Reconcile, Statement
from tracker.reconcile.read import Words
from tracker.reconcile.statuses import COMMON
from tracker.reconcile.text import examine
from tracker.store.reconciliations import Reconciliations

HEADER = "order_id,click_id,amount,status,order_time\n"
WHEN = "2019-03-01T12:00:00Z"
NOW = CLICKED_AT + timedelta(days=35)
STAFF = Permission("Anna", "Act of June")
RUBLES = frozenset({"RUB"})


@dataclass
class Desk:
    setting: Setting
    path: Path

    async def compare(self, rows: str, header: str = HEADER) -> Run:
        self.path.write_text(header + rows)
        books = Reconciliations(self.setting.dsn)
        flow = Reconcile(books, new_id=lambda _: str(uuid4()), now=lambda: datetime.now(UTC))
        words = Words.of(StatementProfile(), "Europe/Moscow", COMMON, default_currency(partner()))
        day = CLICKED_AT.date()
        statement = Statement("lab", self.path, examine(self.path), words, "Europe/Moscow", (day, day))
        return (await flow.run(statement, Seen())).run

    async def apply(self, rows: str, permission: Permission = STAFF) -> dict[str, int]:
        """As the command does: on what an earlier run of the file saw."""
        return await self.take(await self.compare(rows), await self.compare(rows), permission)

    async def take(self, earlier: Run, run: Run, permission: Permission = STAFF) -> dict[str, int]:
        take = Statements(self.setting.ingest, "lab", lambda: NOW).take
        apply = Apply(Reconciliations(self.setting.dsn), take, lambda: datetime.now(UTC), RUBLES)
        applied = await apply.apply(run, earlier, permission, lambda _: None)
        return applied.taken | applied.left

    async def state(self, order_id: str) -> tuple[str, Decimal | int, int]:
        [row] = await self.setting.rows("SELECT status, base, cashback FROM conversions WHERE order_id = $1", order_id)
        return row["status"], row["base"], row["cashback"]


@pytest.fixture
async def desk(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_setting(postgres_dsn) as setting:
        for order_id in ("B-1", "B-2", "B-3", "B-4"):
            await setting.report(order_id=order_id, amount="1000", status="approved", order_time=WHEN)
        yield Desk(setting, tmp_path / "june.csv")


ROWS = (
    f"B-1,,1000,approved,{WHEN}\n"
    f"B-2,,800,approved,{WHEN}\n"
    f"B-3,,1000,declined,{WHEN}\n"
    f"L-1,{OTHER_CLICK.click_id},2000,approved,{WHEN}\n"
    f"L-2,,500,approved,{WHEN}\n"
)


async def test_rows_of_one_order_add_up_and_a_line_named_twice_is_restated(desk: Desk) -> None:
    rows = ["order_id,line_id,amount,status,currency", "B-1,1,900,approved,", "B-1,2,400,approved,"]
    rows += ["B-1,1,600,approved,", "B-2,1,700,approved,", "B-2,2,300,declined,"]
    rows += ["B-3,,500,approved,", "B-3,,500,approved,", "B-4,1,500,approved,RUB", "B-4,2,500,approved,USD"]
    run = await desk.compare("\n".join(rows), header="")
    assert (run.totals.orders, run.totals.causes) == ({"matched": 2, "amount_differs": 1}, {"return_not_told": 1})
    assert (run.totals.theirs, run.totals.ours, run.totals.unread) == (Decimal(2700), Decimal(3000), 1)


async def test_each_difference_is_taken_over_with_an_audit_trail_and_twice_changes_nothing(desk: Desk) -> None:
    assert await desk.apply(ROWS) == {"decided": 3, "no click id": 1, "not in the statement": 1}

    assert await desk.state("B-1") == ("approved", 1000, 50)
    assert await desk.state("B-2") == ("approved", 800, 40)
    assert await desk.state("B-3") == ("declined", 0, 0)
    assert await desk.state("L-1") == ("approved", 2000, 100)
    assert (await desk.state("B-4"))[0] == "approved"
    assert sum((await desk.setting.balances()).values()) == 0
    kept = await desk.setting.rows(
        """SELECT a.staff, a.reason, r.order_id, r.result, p.method, p.query FROM reconciliation_results r
        JOIN reconciliation_applications a USING (reconciliation_id) LEFT JOIN postbacks p ON p.id = r.postback_id
        ORDER BY r.order_id"""
    )
    assert [(row["order_id"], row["result"], row["method"]) for row in kept] == [
        ("B-2", "decided", "STATEMENT"),
        ("B-3", "decided", "STATEMENT"),
        ("B-4", "not in the statement", None),
        ("L-1", "decided", "STATEMENT"),
        ("L-2", "no click id", None),
    ]
    assert {(row["staff"], row["reason"]) for row in kept} == {("Anna", "Act of June")}
    assert (
        kept[0]["query"]
        == "row=3&order_id=B-2&status=approved&amount=800&currency=RUB&order_time=2019-03-01T12:00:00+00:00"
    )

    revisions = await desk.setting.value("SELECT count(*) FROM conversion_revisions")
    assert await desk.apply(ROWS) == {"no click id": 1, "not in the statement": 1}
    assert await desk.setting.value("SELECT count(*) FROM conversion_revisions") == revisions


async def test_what_the_statement_does_not_name_is_declined_only_when_asked(desk: Desk) -> None:
    rows = f"B-1,,1000,approved,{WHEN}\nB-2,,1000,declined,{WHEN}\nB-3,,1000,approved,{WHEN}\n"
    # The order was made at 15:00 of a single day: within 14 hours of its edge nothing is declined.
    permission = Permission("Anna", "Act", decline_missing=True)
    assert await desk.apply(rows, permission) == {"decided": 1, "not in the statement, since time_zone": 1}


async def test_news_since_the_first_comparison_is_not_overwritten(desk: Desk) -> None:
    rows = f"B-1,,900,approved,{WHEN}\n"
    earlier = await desk.compare(rows)
    await desk.setting.report(order_id="B-1", amount="700", status="approved")
    assert "decided" not in await desk.take(earlier, await desk.compare(rows))
    assert await desk.state("B-1") == ("approved", 700, 35)


async def test_an_order_that_the_partner_held_is_paid_when_the_statement_approves_it(desk: Desk) -> None:
    for order_id, status in (("H-1", "pending"), ("H-2", "approved")):
        await desk.setting.report(order_id=order_id, amount="1000", status=status, hold="1", order_time=WHEN)
    rows = f"H-1,,1000,approved,{WHEN}\nH-2,,1000,approved,{WHEN}\n"
    assert (await desk.apply(rows))["decided"] == 2
    held = await desk.setting.rows("SELECT status, hold FROM conversions WHERE order_id LIKE 'H-%'")
    assert [(row["status"], row["hold"]) for row in held] == [("approved", False)] * 2
    assert (await desk.compare(rows)).totals.orders == {"matched": 2, "only_ours": 4}


async def test_a_lost_order_of_a_statement_with_days_alone_is_not_held_and_has_no_order_time(desk: Desk) -> None:
    day = f"{CLICKED_AT:%d.%m.%Y}"
    assert (await desk.apply(f"L-1,{OTHER_CLICK.click_id},2000,approved,{day}\n"))["decided"] == 1
    [row] = await desk.setting.rows("SELECT hold, ordered_at FROM conversions WHERE order_id = 'L-1'")
    assert (row["hold"], row["ordered_at"]) == (False, None)


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        (f"B-1,,100000,approved,{WHEN}\n", "unit: mend statement.amounts first"),
        (f"D-1,,1300,approved,{WHEN}\n", "delivery: mend statement.amounts first"),
        (f"B-1,,1000,pending,{WHEN}\n", "statement_older"),
    ],
)
async def test_what_is_likely_misread_or_older_is_not_taken(desk: Desk, row: str, cause: str) -> None:
    await desk.setting.report(order_id="D-1", amount="1000", delivery="300", status="approved", order_time=WHEN)
    before = [await desk.state(order_id) for order_id in ("B-1", "D-1")]
    done = await desk.apply(row)
    assert done == {cause: 1, "not in the statement": 4}
    assert [await desk.state(order_id) for order_id in ("B-1", "D-1")] == before


async def test_an_older_statement_pays_what_was_declined_since_only_when_asked(desk: Desk) -> None:
    await desk.setting.report(order_id="B-2", status="declined")
    rows = f"B-2,,1000,approved,{WHEN}\n"
    assert (await desk.apply(rows))["statement_older"] == 1
    assert (await desk.state("B-2"))[0] == "declined"
    assert (await desk.apply(rows, Permission("Anna", "Act", take_older=True)))["decided"] == 1
    assert (await desk.state("B-2"))[0] == "approved"


async def test_a_declined_order_that_a_statement_without_statuses_pays_is_a_difference(desk: Desk) -> None:
    await desk.setting.report(order_id="B-3", status="declined")
    run = await desk.compare(f"B-3,,1000,{WHEN}\n", header="order_id,click_id,amount,order_time\n")
    assert run.totals.orders == {"status_differs": 1, "only_ours": 3}
    assert (run.totals.theirs, run.totals.ours) == (Decimal(1000), Decimal(3000))


async def test_of_a_statement_in_kopecks_no_lost_order_is_taken(desk: Desk) -> None:
    rows = f"B-1,,100000,approved,{WHEN}\nL-1,{OTHER_CLICK.click_id},200000,approved,{WHEN}\n"
    done = await desk.apply(rows)
    assert done["sums misread: mend statement.amounts first"] == 1
    assert "decided" not in done
