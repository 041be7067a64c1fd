"""`statement:` of partners.yaml."""

from pathlib import Path

import pytest

from tests.test_partners import SHOP, SOURCES, problems
from tracker.core.report import Status
from tracker.core.statement import StatementAmounts, StatementFormat, StatementProfile
from tracker.partners import load_programme
from tracker.reconcile.read import Words
from tracker.reconcile.statuses import known_words

STATEMENT = """
    statement:
      format: csv
      map: {order_id: Номер заказа, status: 7}
      statuses: {1: approved, Ждём оплаты: approved+hold}
      status: approved
      amounts: {decimal: ",", unit: minor}
      timezone: Asia/Tokyo
      time_format: "%d.%m.%y %H:%M"
"""


def test_a_partner_s_statement_is_read(tmp_path: Path) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(SHOP.rstrip() + STATEMENT)
    profile = load_programme(path, SOURCES).partners["shop"].statement
    assert profile == StatementProfile(
        format=StatementFormat.CSV,
        mapping=(("order_id", "Номер заказа"), ("status", "7")),
        statuses=(("1", "approved"), ("Ждём оплаты", "approved+hold")),
        status="approved",
        amounts=StatementAmounts(",", minor=True),
        timezone="Asia/Tokyo",
        time_format="%d.%m.%y %H:%M",
    )
    words = Words.of(profile, "Europe/Moscow", known_words(StatementFormat.CSV, {"1": (Status.DECLINED, None)}))
    assert words.statuses["1"] == (Status.APPROVED, False)
    assert words.statuses["ждём оплаты"] == (Status.APPROVED, True)


def test_without_it_all_is_found_out(tmp_path: Path) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(SHOP)
    assert load_programme(path, SOURCES).partners["shop"].statement == StatementProfile()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("{map: {sum: Сумма}}", "'order_id'"),
        ("{format: pdf}", "pdf is not one of 'csv', 'xlsx', 'admitad-xml' or 'admitad-json'"),
        ("{statuses: {Да: yes}}", "is not one of 'pending'"),
        ("{timezone: Moscow}", "Moscow is not a time zone"),
        ("{time_format: '%H:%M'}", "%H:%M is not a form of times"),
        ("{columns: {}}", "unknown key"),
    ],
)
def test_a_wrong_one_is_told_with_its_line(tmp_path: Path, statement: str, told: str) -> None:
    text = f"{SHOP.rstrip()}\n    statement: {statement}\n"
    [problem] = problems(tmp_path, text)
    assert f":{len(text.splitlines())}: " in problem
    assert told in problem
