"""Every reason is explained to the shopper, and every purchase is in one of three states."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tracker.core.reasons import Flag, Reason
from tracker.core.report import Status
from tracker.ports import Purchase
from tracker.reports.shopper.period import State, Totals, read_period, state_of, totals
from tracker.reports.shopper.reasons import REASONS

NOW = datetime(2026, 11, 24, 21, 30, tzinfo=UTC)  # already the 25th in Moscow


def purchase(status: Status, cashback: int = 50, *, hold: bool = False, reasons: tuple[Reason, ...] = ()) -> Purchase:
    return Purchase(
        partner_id="lab",
        order_id="A-1",
        status=status,
        hold=hold,
        cashback=cashback,
        base=Decimal("1000.00"),
        currency="RUB",
        reasons=reasons,
        flags=(),
        click_id="c" * 30,
        at=NOW,
        confirm_by=NOW + timedelta(days=90),
        first_approved_at=None,
        revised_at=NOW,
    )


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_reason_and_every_flag_that_concerns_a_shopper_says_what_happened_and_what_to_do(language: str) -> None:
    # Whether the partner states the order's time is no business of the shopper's.
    assert set(REASONS[language]) == {*Reason, *Flag} - {Flag.ORDER_TIME_UNKNOWN}
    assert all(what.endswith(".") and advice.endswith(".") for what, advice in REASONS[language].values())


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (purchase(Status.PENDING), State.PENDING),
        (purchase(Status.APPROVED, hold=True), State.PENDING),
        (purchase(Status.APPROVED), State.ACCRUED),
        (purchase(Status.DECLINED, 0), State.REJECTED),
        (purchase(Status.APPROVED, 0, reasons=(Reason.PARTNER_APP,)), State.REJECTED),
        (purchase(Status.PENDING, 0, reasons=(Reason.AD_BLOCKER,)), State.REJECTED),
    ],
)
def test_a_purchase_is_pending_accrued_or_rejected(one: Purchase, state: State) -> None:
    assert state_of(one) is state


def test_totals_are_what_is_accrued_and_what_is_still_to_come() -> None:
    found = [
        purchase(Status.PENDING),
        purchase(Status.APPROVED),
        purchase(Status.APPROVED),
        purchase(Status.DECLINED, 0),
    ]

    assert totals(found) == Totals(pending=50, accrued=100)


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ({}, date(2026, 7, 28), date(2026, 11, 25)),
        ({"from": "2026-11-01", "until": "2026-11-30"}, date(2026, 11, 1), date(2026, 11, 30)),
        ({"from": "2026-11-30", "until": "2026-11-01"}, date(2026, 11, 1), date(2026, 11, 30)),
        ({"from": "yesterday", "until": "' OR 1=1"}, date(2026, 7, 28), date(2026, 11, 25)),
        ({"from": "1999-12-31", "until": "2101-01-01"}, date(2026, 7, 28), date(2026, 11, 25)),
        ({"from": "0001-01-01", "until": "9999-12-31"}, date(2026, 7, 28), date(2026, 11, 25)),
        ({"from": "2000-01-01", "until": "2100-12-31"}, date(2000, 1, 1), date(2100, 12, 31)),
    ],
)
def test_a_period_is_of_moscow_days_both_inclusive(said: dict[str, str], first: date, last: date) -> None:
    period = read_period(said, NOW, "Europe/Moscow")

    assert (period.first, period.last) == (first, last)
    assert period.since == datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(hours=3)
    assert period.until - period.since == timedelta(days=(last - first).days + 1)
