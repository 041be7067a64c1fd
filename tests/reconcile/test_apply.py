"""`--apply`: the statement's word is taken by messages like any other, each change known by who made it and why."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from tests.core.factories import CLICK, CLICKED_AT, OTHER_CLICK
from tests.postback.setting import Setting, open_setting
from tests.reconcile.month import Seen
from tracker.app.reconciling import Statements
from tracker.core.reconciliation import Agreed, Cause, Difference, Kind, Ours, Run, Theirs
from tracker.core.report import Report, Status
from tracker.core.statement import StatementProfile
from tracker.reconcile.apply import Apply, Permission, message_of
from tracker.reconcile.flow import Reconcile, Statement
from tracker.reconcile.read import Words
from tracker.reconcile.statuses import COMMON
from tracker.reconcile.text import examine
from tracker.store.reconciliations import Reconciliations

HEADER = "order_id,click_id,amount,status,order_time\n"
WHEN = "2019-03-01T12:00:00Z"
NOW = CLICKED_AT + timedelta(days=35)
STAFF = Permission("Anna", "Act of June")


@dataclass
class Desk:
    setting: Setting
    path: Path

    async def compare(self, rows: str, header: str = HEADER) -> Run:
        self.path.write_text(header + rows)
        books = Reconciliations(self.setting.dsn)
        flow = Reconcile(books, new_id=lambda _: str(uuid4()), now=lambda: datetime.now(UTC))
        words = Words.of(StatementProfile(), "Europe/Moscow", COMMON)
        day = CLICKED_AT.date()
        statement = Statement("lab", self.path, examine(self.path), words, "Europe/Moscow", (day, day))
        return (await flow.run(statement, Seen())).run

    async def apply(self, rows: str, permission: Permission = STAFF) -> dict[str, int]:
        """As the command does: on what an earlier run of the file saw."""
        books = Reconciliations(self.setting.dsn)
        earlier = await self.compare(rows)
        run = await self.compare(rows)
        take = Statements(self.setting.ingest, "lab", lambda: NOW).take
        return (
            await Apply(books, take, lambda: datetime.now(UTC)).apply(run, earlier, permission, lambda _: None)
        ).results

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
    assert kept[0]["query"] == "row=3&order_id=B-2&status=approved&amount=800&order_time=2019-03-01T12:00:00+00:00"

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
    run = await desk.compare(rows)
    books = Reconciliations(desk.setting.dsn)
    apply = Apply(books, Statements(desk.setting.ingest, "lab", lambda: NOW).take, lambda: datetime.now(UTC))
    done = await apply.apply(run, earlier, STAFF, lambda _: None)
    assert "decided" not in done.results
    assert await desk.state("B-1") == ("approved", 700, 35)


def agreed(lines: tuple[tuple[str, str | None], ...] = (("", None),), **changes: object) -> Agreed:
    """Approved on both sides, of another sum."""
    theirs = Theirs(place=2, status=Status.APPROVED, goods=Decimal(900))
    ours = Ours(status=Status.APPROVED, base=Decimal(1000), at=CLICKED_AT, click_id=CLICK.click_id)
    said: dict[str, object] = {
        "order_id": "A-1", "kinds": (Kind.AMOUNT_DIFFERS,), "causes": (Cause.RETURN_NOT_TOLD,), "theirs": theirs,
        "ours": ours,
    }  # fmt: skip
    return Agreed(Difference(**(said | changes)), lines)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "line", "tariff"),
    [
        ((("", None),), "", None),
        ((("7", "food"),), "7", "food"),
        ((("7", "food"), ("8", "food")), "", "food"),
    ],
)
def test_a_sum_of_the_whole_order_is_said_of_its_only_line_or_of_all(
    lines: tuple[tuple[str, str | None], ...], line: str, tariff: str | None
) -> None:
    said = message_of(agreed(lines), decline_missing=False)
    assert said == Report(order_id="A-1", line_id=line, goods=Decimal(900), currency="RUB", tariff=tariff)


def test_a_sum_over_lines_of_several_tariffs_cannot_be_taken_over() -> None:
    assert message_of(agreed((("7", "food"), ("8", None))), decline_missing=False) == "lines of several tariffs"


def test_an_order_that_only_we_have_is_declined_when_the_partner_does_not_know_it() -> None:
    missing = agreed(kinds=(Kind.ONLY_OURS,), causes=(Cause.UNKNOWN_TO_PARTNER,), theirs=None)
    assert message_of(missing, decline_missing=False) == "not in the statement"
    assert message_of(missing, decline_missing=True) == Report(order_id="A-1", status=Status.DECLINED)
