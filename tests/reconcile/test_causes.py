"""Kinds and causes that a month's file cannot tell one by one; and that the docs name each of them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tracker.core.reconciliation import Cause, Kind, Known, Ours, Pair, Period, Theirs
from tracker.core.report import Status
from tracker.reconcile.compare import difference, their_rubles

SINCE, UNTIL = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
MIDDLE = SINCE + timedelta(days=15)
PERIOD = Period(SINCE, UNTIL)
A, P, D = Status.APPROVED, Status.PENDING, Status.DECLINED
SAME, AMOUNT, STATUS = Kind.MATCHED, Kind.AMOUNT_DIFFERS, Kind.STATUS_DIFFERS


def theirs(**said: Any) -> Theirs:
    return replace(Theirs(place=2, status=A, goods=Decimal(1000)), **said)


def ours(**stands: Any) -> Ours:
    ordinary = Ours(
        status=A, base=Decimal(1000), at=MIDDLE, rate=Decimal("0.05"), cashback=50, click_id="c" * 30
    )  # fmt: skip
    return replace(ordinary, **stands)


@pytest.mark.parametrize(
    ("said", "stands", "kinds", "causes", "cashback"),
    [
        ({}, {}, (SAME,), (), 0),
        ({"goods": Decimal("1000.00")}, {}, (SAME,), (), 0),
        ({"goods": None}, {}, (SAME,), (), 0),
        ({"status": None}, {"status": P}, (SAME,), (), 0),
        ({"status": D, "goods": None}, {"status": D, "base": Decimal(0), "cashback": 0}, (SAME,), (), 0),
        ({"goods": Decimal(900)}, {}, (AMOUNT,), (Cause.RETURN_NOT_TOLD,), -5),
        ({"goods": Decimal(1100)}, {"reasons": ("second_tab",), "cashback": 0}, (AMOUNT,), (Cause.MISSED_UPDATE,), 0),
        ({"goods": Decimal(1100)}, {"rate": None}, (AMOUNT,), (Cause.MISSED_UPDATE,), None),
        ({"goods": Decimal(1100)}, {"reasons": ("late",), "cashback": 0}, (AMOUNT,), (Cause.WINDOW,), 0),
        ({"goods": Decimal(1300), "delivery": Decimal(300)}, {}, (AMOUNT,), (Cause.DELIVERY,), 15),
        ({"goods": Decimal("1000.99")}, {}, (AMOUNT,), (Cause.ROUNDING,), 0),
        ({"goods": Decimal(10)}, {}, (AMOUNT,), (Cause.UNIT,), -49),
        ({"status": D}, {}, (STATUS,), (Cause.RETURN_NOT_TOLD,), -50),
        ({}, {"status": D, "base": Decimal(0), "cashback": 0}, (STATUS,), (Cause.STATEMENT_OLDER,), 50),
        ({"status": None}, {"status": D, "base": Decimal(0), "cashback": 0}, (STATUS,), (Cause.STATEMENT_OLDER,), 50),
        ({"status": None, "goods": Decimal(0)}, {"status": D, "base": Decimal(0), "cashback": 0}, (SAME,), (), 0),
        ({"hold": False}, {"hold": True}, (STATUS,), (Cause.MISSED_UPDATE,), 0),
        ({"hold": True}, {}, (STATUS,), (Cause.STATEMENT_OLDER,), 0),
        ({}, {"hold": True}, (SAME,), (), 0),
        ({"status": P, "hold": True}, {"status": P}, (SAME,), (), 0),
        ({"goods": None}, {"status": P, "flags": ("rate_missing",)}, (STATUS,), (Cause.OUR_HOLD,), 0),
        ({"goods": Decimal(900)}, {"status": P}, (AMOUNT, STATUS), (Cause.RETURN_NOT_TOLD, Cause.MISSED_UPDATE), -5),
        # 20 dollars at 90 rubles: the same in dollars is the same; the number alone says nothing.
        ({"goods": Decimal(20), "currency": "USD"}, {"currency": "USD", "goods": Decimal(20)}, (SAME,), (), 0),
        ({"goods": Decimal(20)}, {"currency": "USD", "goods": Decimal(20)}, (SAME,), (), 0),
        (
            {"goods": Decimal(18), "currency": "USD"},
            {"currency": "USD", "goods": Decimal(20), "base": Decimal(1800), "exchange_rate": Decimal(90),
             "cashback": 90},
            (AMOUNT,), (Cause.RETURN_NOT_TOLD,), -9,
        ),
        ({"goods": Decimal(20), "currency": "USD"}, {}, (AMOUNT,), (Cause.CURRENCY,), None),
        (
            {"goods": Decimal(1700), "currency": "RUB"},
            {"currency": "USD", "goods": Decimal(20), "base": Decimal(1800), "cashback": 90},
            (AMOUNT,), (Cause.CURRENCY,), -5,
        ),
    ],
)  # fmt: skip
def test_two_sides_compare(
    said: dict[str, Any],
    stands: dict[str, Any],
    kinds: tuple[Kind, ...],
    causes: tuple[Cause, ...],
    cashback: int | None,
) -> None:
    found = difference(Pair("A-1", theirs(**said), ours(**stands)), PERIOD, Known())
    assert (found.kinds, found.causes, found.cashback) == (kinds, causes, cashback)


@pytest.mark.parametrize(
    ("stands", "cause"),
    [
        ({}, Cause.UNKNOWN_TO_PARTNER),
        ({"click_id": ""}, Cause.UNMATCHED),
        ({"at": SINCE + timedelta(hours=14)}, Cause.TIME_ZONE),
        ({"at": UNTIL - timedelta(hours=14)}, Cause.TIME_ZONE),
        ({"at": SINCE + timedelta(hours=14, seconds=1)}, Cause.UNKNOWN_TO_PARTNER),
        ({"status": P}, Cause.LEFT_OUT),
    ],
)
def test_an_order_that_only_we_have(stands: dict[str, Any], cause: Cause) -> None:
    period = Period(SINCE, UNTIL, frozenset({A, D}))
    found = difference(Pair("A-1", None, ours(**stands)), period, Known())
    assert (found.kinds, found.causes, found.rubles, found.cashback) == (
        (Kind.ONLY_OURS,),
        (cause,),
        Decimal(-1000),
        -50,
    )


@pytest.mark.parametrize(
    ("verdicts", "cause", "codes"),
    [
        ((), Cause.LOST_POSTBACK, ()),
        (("amount_bad",), Cause.OUR_REFUSAL, ("amount_bad",)),
        (("amount_bad", "failed"), Cause.WAITING, ("failed",)),
    ],
)
def test_an_order_that_only_they_have(verdicts: tuple[str, ...], cause: Cause, codes: tuple[str, ...]) -> None:
    found = difference(Pair("A-1", theirs(currency="RUB"), None), PERIOD, Known(verdicts=verdicts))
    assert (found.kinds, found.causes, found.codes, found.rubles) == (
        (Kind.ONLY_THEIRS,),
        (cause,),
        codes,
        Decimal(1000),
    )


def test_a_sum_in_a_currency_without_a_rate_is_no_rubles() -> None:
    dollars = theirs(goods=Decimal(20), currency="USD")
    assert their_rubles(Pair("A-1", dollars, None)) is None
    assert their_rubles(Pair("A-1", theirs(), None)) is None
    rated = theirs(goods=Decimal(20), currency="USD", exchange_rate=Decimal(90))
    assert their_rubles(Pair("A-1", rated, None)) == 1800


def test_the_docs_explain_every_kind_and_every_cause() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reconciliation.md").read_text()
    explained = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert sorted(explained) == sorted([*Kind, *Cause])
