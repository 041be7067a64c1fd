"""Files as partners send them: any separator, encoding and decimal sign, Excel, Admitad's XML and JSON."""

import codecs
import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tracker.core.reconciliation import StatementRow
from tracker.core.report import Status
from tracker.core.statement import StatementAmounts, StatementFormat, StatementProfile
from tracker.errors import ConfigurationError
from tracker.reconcile.read import Words, read_row
from tracker.reconcile.source import format_of, open_statement
from tracker.reconcile.statuses import known_words
from tracker.reconcile.sums import parse_amount
from tracker.reconcile.text import examine

WORDS = {"Ждёт": "pending", "Подтверждён": "approved", "Отменён": "declined"}


def read(
    path: Path, profile: StatementProfile | None = None, encoding: str | None = None
) -> tuple[list[StatementRow], list[str]]:
    """The rows, and `place: problem`."""
    profile = profile or StatementProfile(statuses=tuple(WORDS.items()))
    words = Words.of(profile, "Europe/Moscow", known_words(format_of(path, profile), {}))
    rows, told = [], []
    for record in open_statement(path, examine(path, encoding).encoding, profile, lambda _: None):
        row, problems = read_row(record, words)
        rows += [row] if row else []
        told += [f"{problem.place}: {problem.sentence}" for problem in problems]
    return rows, told


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


# Every sign that any of the encodings knows, controls apart.
_letters = st.characters(codec="windows-1251", categories=("L", "N", "P", "S", "Zs"))
_order = st.tuples(
    st.text(_letters, min_size=1, max_size=20).map(str.strip).filter(bool),
    st.decimals(min_value=0, max_value=9_999_999, places=2),
    st.sampled_from(sorted(WORDS)),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    orders=st.lists(_order, min_size=1, max_size=8),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "windows-1251"]),
    decimal=st.sampled_from(".,"),
    thousands=st.sampled_from(["", " ", "\u00a0"]),
    quoted=st.booleans(),
)
def test_a_table_is_read_as_it_was_written(
    tmp_path: Path, orders: list[tuple[str, Decimal, str]], separator: str, encoding: str, decimal: str,
    thousands: str, *, quoted: bool,
) -> None:  # fmt: skip
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerow(["Статус", "Номер заказа", "Сумма"])
    for order_id, amount, status in orders:
        sum_ = f"{amount:,.2f}".replace(",", thousands).replace(".", decimal)
        writer.writerow([status, order_id, sum_])
    path = tmp_path / "statement.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    profile = StatementProfile(statuses=tuple(WORDS.items()), amounts=StatementAmounts(decimal))
    order_ids = [order_id for order_id, _, _ in orders]
    assume(not any(order_id.lower().startswith(("итого", "всего", "total")) for order_id in order_ids))

    rows, problems = read(path, profile)

    assert problems == []
    assert [(row.order_id, row.goods, row.status) for row in rows] == [
        (order_id, amount, Status(WORDS[status])) for order_id, amount, status in orders
    ]


@pytest.mark.parametrize(
    ("text", "decimal", "amount"),
    [
        ("1234.50", None, "1234.50"),
        ("1234,50", None, "1234.50"),
        ("1 234,50", None, "1234.50"),
        ("1\u00a0234\u202f567,5 ₽", None, "1234567.5"),
        ("1.234,56", None, "1234.56"),
        ("1,234.56", None, "1234.56"),
        ("1,234,567", None, "1234567"),
        ("1.234", None, "1.234"),
        ("1,234", None, None),  # a thousand, or a decimal comma
        ("1,234", ",", "1.234"),
        ("1,234", ".", "1234"),
        ("1.234", ",", "1234"),
        ("12.5", ",", "12.5"),
        ("−15,00 руб.", None, "-15.00"),
        ("12 34", None, None),
        ("1e5", None, None),
        ("NaN", None, None),
        ("", None, None),
        ("1.2.3,4,5", None, None),
    ],
)
def test_a_sum_is_read_where_it_cannot_mean_another(text: str, decimal: str | None, amount: str | None) -> None:
    assert parse_amount(text, decimal) == (None if amount is None else Decimal(amount))


def test_what_stands_around_a_table_is_left_out(tmp_path: Path) -> None:
    text = "Акт сверки;июнь\n\norder_id;amount;status;order_time\nA-1;10;approved;24.11.2026 15:04\n\nИтого;10;;\n"
    rows, problems = read(written(tmp_path / "s.csv", text))
    assert problems == []
    assert rows == [
        StatementRow(
            place=4, order_id="A-1", goods=Decimal(10), status=Status.APPROVED, hold=False,
            order_time=datetime(2026, 11, 24, 12, 4, tzinfo=UTC),
        )
    ]  # fmt: skip


def test_every_problem_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        'order_id,amount,status,order_time\nA-1,"1,234",approved,\n"A\n2",x,done,never\n,5,approved,\nA-3,5,approved,\n'
    )
    rows, problems = read(written(tmp_path / "s.csv", text))
    assert [(row.order_id, row.unread) for row in rows] == [("A-1", True), ("A\n2", True), ("A-3", False)]
    assert [one.split(":")[0] for one in problems] == ["2", "3", "3", "3", "5"]
    assert "amounts: decimal" in problems[0]
    assert "'done' is not known" in problems[1]
    assert problems[4] == "5: no order id"


def test_a_row_without_a_status_means_what_partners_yaml_says(tmp_path: Path) -> None:
    path = written(tmp_path / "s.csv", "order_id,amount\nA-1,10\n")
    assert [row.status for row in read(path)[0]] == [None]
    assert [row.status for row in read(path, StatementProfile(status="approved"))[0]] == [Status.APPROVED]


@pytest.mark.parametrize(
    ("written_as", "day_only"),
    [
        ("24.11.2026", True), ("2026-11-24", True), ("2026-11-24 00:00:00", True), ("2026-11-24T00:00:00Z", True),
        ("24.11.2026 00:01", False), ("2026-11-24T00:00:01Z", False), ("1795478401", False),
    ],
)  # fmt: skip
def test_a_day_or_its_midnight_is_no_time(tmp_path: Path, written_as: str, *, day_only: bool) -> None:
    [row], _ = read(written(tmp_path / "s.csv", f"order_id,order_time\nA-1,{written_as}\n"))
    assert row.order_time is not None
    assert row.day_only is day_only


def test_a_sum_without_a_currency_is_in_the_partner_s_own(tmp_path: Path) -> None:
    path = written(tmp_path / "s.csv", "order_id,amount,currency\nA-1,1,\nA-2,1,RUR\n")
    words = Words.of(StatementProfile(), "Europe/Moscow", {}, "USD")
    rows = open_statement(path, "utf-8", StatementProfile(), lambda _: None)
    assert [row.currency for row, _ in (read_row(record, words) for record in rows) if row] == ["USD", "RUB"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("s.csv", "number,sum\n1,2\n", "there are 'number', 'sum'"),
        ("s.csv", "", "there are none"),
        ("s.pdf", "order_id,amount\n", "statement: format:"),
        ("s.xlsx", "order_id,amount\n", "is not an Excel file"),
        ("s.xml", "<Payments><Payment>", "is not XML"),
        ("s.xml", "<Payments/>", "has no <Payment>"),
        ("s.xml", '<!DOCTYPE x [<!ENTITY a "aa">]><Payments/>', "declares a document type"),
        ("s.xml", "<a>" * 100, "more than 64 deep"),
        ("s.xml", f"<a b='{'x' * 2_000_000}'/>", "has a tag of more than"),
        ("s.json", '{"results": [{"order_id": "1", "cart"', "is not JSON behind record 0"),
        ("s.json", '[{"number": 1, "sum": 2}]', "there are 'number', 'sum'"),
        ("s.json", "[" * 100_000, "is not JSON"),
    ],
)
def test_a_file_that_is_no_statement_is_refused_with_what_it_holds(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told.replace("(", r"\(")):
        read(written(tmp_path / name, text))


def test_a_column_that_the_map_names_must_be_there(tmp_path: Path) -> None:
    path = written(tmp_path / "s.csv", "order_id,amount\n1,2\n")
    with pytest.raises(ConfigurationError, match="no column 'Статус'; there are 'order_id', 'amount'"):
        read(path, StatementProfile(mapping=(("status", "Статус"),)))


@pytest.mark.parametrize("column", ["Сумма, руб.", "Сумма (RUB)", "сумма заказа ₽", "Сумма, рублей"])
def test_a_sum_is_known_with_its_unit_behind_it(tmp_path: Path, column: str) -> None:
    [row], _ = read(written(tmp_path / "s.csv", f"Номер заказа;{column};Статус\nN-1;1500,00;подтвержден\n"))
    assert row.goods == Decimal("1500.00")


def test_a_column_of_sums_that_nobody_named_is_not_overlooked(tmp_path: Path) -> None:
    path = written(tmp_path / "s.csv", "order_id;К оплате;status\nN-1;1 500,00;approved\n")
    with pytest.raises(ConfigurationError, match=r"'К оплате' looks like one; name it .* map: amount"):
        read(path)


def test_text_in_another_encoding_than_told_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "s.csv", "order_id,amount\nЗаказ,2\n", "windows-1251")
    with pytest.raises(ConfigurationError, match="is not utf-8 text"):
        read(path, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="--encoding klingon"):
        examine(path, "klingon")
    assert codecs.lookup(examine(path).encoding).name == "cp1251"


def test_an_excel_file_keeps_exact_sums_dates_and_long_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Отчёт"])
    sheet.append(["Номер заказа", None, "Сумма", "Статус", "Дата заказа"])
    sheet.append(["A-1", None, 0.1 + 0.2, "approved", datetime(2026, 11, 24, 15, 4, 5)])  # noqa: DTZ001 - as Excel keeps it
    sheet.append([123456789012345, None, "1 234,50", "declined", "24.11.2026"])
    sheet.append([None, "a note"])
    book.save(tmp_path / "s.xlsx")
    rows, problems = read(tmp_path / "s.xlsx")
    assert problems == []
    assert [(row.place, row.order_id, row.goods, row.order_time) for row in rows] == [
        (3, "A-1", Decimal("0.3"), datetime(2026, 11, 24, 12, 4, 5, tzinfo=UTC)),
        (4, "123456789012345", Decimal("1234.50"), datetime(2026, 11, 23, 21, tzinfo=UTC)),
    ]


def test_an_excel_file_with_a_document_type_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "aa">]><workbook/>')
    with pytest.raises(ConfigurationError, match="declares a document type"):
        read(tmp_path / "s.xlsx")


@pytest.mark.parametrize("quotes", ['""', "“”", "»«"])
def test_admitad_s_revision_file_is_read_with_any_quotes(tmp_path: Path, quotes: str) -> None:
    text = (
        f"<Payments xmlns={quotes[0]}http://admitad.com/payments-revision{quotes[1]}>\n"
        "<Payment><OrderID>123456</OrderID><Status>1</Status><OrderAmount>1000.50</OrderAmount>"
        "<Reward>100</Reward><Comment>Returned &amp; more</Comment></Payment>\n"
        "<Payment><OrderID>123457</OrderID><Status>2</Status></Payment></Payments>"
    )
    rows, problems = read(written(tmp_path / "s.xml", text))
    assert problems == []
    assert rows == [
        StatementRow(
            place=2, order_id="123456", status=Status.APPROVED, hold=False, goods=Decimal("1000.50"),
            commission=Decimal(100),
        ),
        StatementRow(place=3, order_id="123457", status=Status.DECLINED, hold=False),
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["api", "list", "lines"])
def test_admitad_s_actions_are_read_in_every_form_of_json(tmp_path: Path, form: str) -> None:
    actions = [
        {
            "order_id": f"A-{number}", "action_id": number, "cart": 1000.10, "payment": "80.05", "currency": "RUB",
            "status": "approved_but_stalled", "action_date": "2026-11-24 15:04:05", "subid4": "click", "tariff": None,
        }
        for number in range(2_000)
    ]  # fmt: skip
    text = {
        "api": json.dumps({"_meta": {"count": 2000}, "results": actions}, indent=1),
        "list": json.dumps(actions),
        "lines": "\n".join(map(json.dumps, actions)),
    }[form]
    profile = StatementProfile(format=StatementFormat.ADMITAD_JSON)
    rows, problems = read(written(tmp_path / "s.txt", text), profile)
    assert problems == []
    assert len(rows) == 2_000
    assert rows[1] == StatementRow(
        place=2, order_id="A-1", line_id="1", click_id="click", status=Status.APPROVED, hold=True,
        goods=Decimal("1000.1"), commission=Decimal("80.05"), currency="RUB",
        order_time=datetime(2026, 11, 24, 12, 4, 5, tzinfo=UTC),
    )  # fmt: skip
