"""Rows that correct others, messages that state a whole basket, and any status after any other (C-13, L-07, L-11)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations, product
from typing import Any

import pytest

from tests.core.factories import CLICK, LAB, OTHER_CLICK, message, order, report, terms
from tracker.core.conversion import judge
from tracker.core.decision import Decision
from tracker.core.partner import Promotion, Reward, TermsVersion
from tracker.core.reasons import Flag, MessageCode, Reason
from tracker.core.report import BasketLine, Report, Status
from tracker.core.take import take

DAY = 86_400
FIXED = {"reward": Reward(fixed=Decimal(300))}


def decide(*reports: Report, version: TermsVersion = LAB) -> Decision:
    messages = [message(said, received=position) for position, said in enumerate(reports)]
    return judge(order(*messages), {LAB.version: version})


def row(goods: str | None, line_id: str, status: Status | None = Status.APPROVED, **more: Any) -> Report:
    return report(goods, status, line_id=line_id, **more)


def basket(*lines: BasketLine, status: Status | None = Status.APPROVED, **more: Any) -> Report:
    return report(None, status, basket=lines, **more)


def item(line_id: str, goods: str | None, **more: Any) -> BasketLine:
    return BasketLine(line_id, None if goods is None else Decimal(goods), **more)


@pytest.mark.parametrize(
    ("rows", "base", "cashback", "reasons"),
    [
        ([row("1000.00", "1"), row("-200.00", "r1")], "800.00", 40, ()),
        ([row("1000.00", "1"), row("500.00", "2"), row("-1000.00", "r1")], "500.00", 25, ()),
        ([row("1000.00", "1"), row("-1000.00", "r1")], "0", 0, (Reason.BELOW_MINIMUM,)),
        ([row("1000.00", "1"), row("-1500.00", "r1")], "0", 0, (Reason.BELOW_MINIMUM,)),
        ([report("1000.00"), row("-200.00", "r1")], "800.00", 40, ()),
        ([report("1000.00"), row("-200.00", "r1"), report("900.00")], "900.00", 45, ()),
        ([row("1000.00", "1"), row("-200.00", "r1"), row("-300.00", "r1")], "700.00", 35, ()),
        ([row("1000.00", "1"), row("-200.00", "r1"), row(None, "r1", Status.DECLINED)], "1000.00", 50, ()),
    ],
)
def test_a_correction_takes_back_what_it_says(
    rows: list[Report], base: str, cashback: int, reasons: tuple[Reason, ...]
) -> None:
    decided = decide(*rows)
    assert (decided.base, decided.cashback, decided.reasons) == (Decimal(base), cashback, reasons)
    assert decided.status is Status.APPROVED


@pytest.mark.parametrize(
    ("rows", "status", "hold"),
    [
        ([row("1000.00", "1"), row("-200.00", "r1", Status.PENDING)], Status.APPROVED, False),
        ([row("1000.00", "1"), row("-200.00", "r1", None)], Status.APPROVED, False),
        ([row("1000.00", "1"), row("-200.00", "r1", hold=True)], Status.APPROVED, False),
        ([row("1000.00", "1", Status.PENDING), row("-200.00", "r1")], Status.PENDING, False),
        ([row("1000.00", "1", Status.DECLINED), row("-200.00", "r1")], Status.DECLINED, False),
        ([row("-200.00", "r1")], Status.PENDING, False),
        ([row("1000.00", "1", line_count=2), row("-200.00", "r1")], Status.PENDING, False),
    ],
)
def test_a_correction_does_not_tell_how_the_order_stands(rows: list[Report], status: Status, *, hold: bool) -> None:
    decided = decide(*rows)
    assert (decided.status, decided.hold) == (status, hold)


def test_a_correction_may_come_before_what_it_corrects() -> None:
    rows = [row("1000.00", "1", at=5), row("500.00", "2", at=5), row("-200.00", "r1", at=6)]
    assert {decide(*each).cashback for each in permutations(rows)} == {65}


@pytest.mark.parametrize(("taken_back", "cashback"), [("-400.00", 300), ("-1000.00", 0), ("-1500.00", 0)])
def test_of_a_fixed_sum_a_correction_takes_nothing_until_nothing_is_left(taken_back: str, cashback: int) -> None:
    assert decide(row("1000.00", "1"), row(taken_back, "r1"), version=terms(**FIXED)).cashback == cashback


def test_a_correction_takes_back_by_its_own_tariff() -> None:
    version = terms(tariffs=(("a", Reward(rate=Decimal("0.10"))),))
    rows = [row("1000.00", "1"), row("1000.00", "2", tariff="a"), row("-500.00", "r2", tariff="a")]
    assert decide(*rows, version=version).cashback == 50 + 50
    much = [row("100.00", "1"), row("100.00", "2", tariff="a"), row("-190.00", "r2", tariff="a")]
    assert decide(*much, version=version).cashback == 0


@pytest.mark.parametrize("taken_back", [["-9000.00"], ["-1000.00"] * 9])
@pytest.mark.parametrize(
    ("lines", "accrual"),
    [
        ([row("10000.00", "1")], "50.00"),
        ([row("10000.00", "1"), row("10.00", "2")], "350.00"),
        ([row("5000.00", "1"), row("5000.00", "2")], "300.00"),
    ],
)
def test_many_small_corrections_beside_a_gift_are_one_large_one(
    lines: list[Report], accrual: str, taken_back: list[str]
) -> None:
    gift = replace(LAB, promotions=(Promotion(date(2019, 1, 1), date(2019, 12, 31), Reward(fixed=Decimal(300))),))
    corrections = [row(goods, f"r{number}") for number, goods in enumerate(taken_back)]
    assert decide(*lines, *corrections, version=gift).accrual == Decimal(accrual)


def test_a_correction_of_a_fixed_tariff_takes_back_by_what_other_lines_earn() -> None:
    version = terms(tariffs=(("gift", Reward(fixed=Decimal(300))),))
    rows = [row("10000.00", "1"), row("1000.00", "2", tariff="gift"), row("-2000.00", "r1", tariff="gift")]
    assert decide(*rows, version=version).cashback == 500 + 300 - 100
    assert decide(*rows[1:], row("1500.00", "3", tariff="gift"), version=version).cashback == 300


def test_after_the_window_a_correction_counts_and_a_new_line_does_not() -> None:
    rows = [
        row("1000.00", "1", at=DAY),
        row("500.00", "2", at=100 * DAY),
        row("-200.00", "r1", at=100 * DAY),
    ]
    decided = decide(*rows)
    assert (decided.base, decided.cashback, Flag.AFTER_WINDOW in decided.flags) == (Decimal("800.00"), 40, True)


def test_after_the_window_a_sum_of_the_order_stands_beside_a_correction_that_was_known() -> None:
    rows = [row("1000.00", "1", at=DAY), row("-50.00", "r1", at=DAY)]
    again = [report("1000.00", at=100 * DAY), row("-50.00", "r1", at=101 * DAY)]
    assert decide(*rows, *again).base == Decimal("950.00")


def test_after_the_window_announcing_more_lines_does_not_take_the_approval_back() -> None:
    decided = decide(row("1000.00", "1", line_count=1, at=DAY), row("1000.00", "1", line_count=2, at=100 * DAY))
    assert (decided.status, decided.cashback) == (Status.APPROVED, 50)


def test_a_basket_replaces_all_lines_and_what_it_does_not_say_is_said_of_each() -> None:
    decided = decide(
        row("1000.00", "1", Status.PENDING),
        row("700.00", "2", Status.PENDING),
        basket(item("1", "400.00"), item("3", "100.00", status=Status.DECLINED), item("4", "50.00"), settled=True),
    )
    assert [(line.line_id, line.goods, line.status) for line in decided.lines] == [
        ("1", Decimal("400.00"), Status.APPROVED),
        ("3", Decimal("100.00"), Status.DECLINED),
        ("4", Decimal("50.00"), Status.APPROVED),
    ]
    assert (decided.base, decided.cashback, decided.settled) == (Decimal("450.00"), 23, True)


def test_a_basket_line_earns_by_its_own_tariff() -> None:
    version = terms(tariffs=(("a", Reward(rate=Decimal("0.10"))),))
    assert decide(basket(item("1", "1000.00"), item("2", "1000.00", tariff="a")), version=version).cashback == 150


def test_a_basket_is_complete_and_its_commission_is_the_order_s() -> None:
    said = [report(line_id="1", line_count=5), basket(item("1", "10.00"), item("2", "90.00"), commission=Decimal(8))]
    assert (decide(*said).status, decide(*said).commission) == (Status.APPROVED, Decimal(8))
    later = basket(item("1", None, status=Status.DECLINED), item("2", "90.00"))
    assert decide(*said, later).commission == Decimal(8)


def test_a_line_that_a_basket_names_twice_is_two_lines() -> None:
    assert decide(basket(item("sku", "500.00"), item("sku", "500.00"))).base == Decimal("1000.00")


def test_a_basket_that_says_no_status_leaves_the_order_as_it_stood() -> None:
    assert decide(report("1000.00"), basket(item("1", "500.00"), status=None)).status is Status.APPROVED
    assert decide(report("1000.00"), basket(item("1", "500.00"), status=None)).cashback == 25


def test_a_line_after_a_basket_is_added_to_it_and_a_sum_of_the_order_replaces_it() -> None:
    said = [basket(item("1", "500.00"), item("2", "300.00")), row("100.00", "2")]
    assert decide(*said).base == Decimal("600.00")
    assert decide(*said, report("50.00")).base == Decimal("50.00")


def test_a_basket_sent_twice_is_a_duplicate() -> None:
    said = basket(item("1", "500.00"))
    known = take(order(), message(said), {LAB.version: LAB}).order
    assert take(known, message(said, received=1), {LAB.version: LAB}).code is MessageCode.DUPLICATE


@pytest.mark.parametrize(("one", "other"), list(product(Status, Status)))
@pytest.mark.parametrize(("held", "settled"), list(product([True, False], [True, False])))
def test_any_status_hold_and_settlement_may_follow_any_other(
    one: Status, other: Status, *, held: bool, settled: bool
) -> None:
    decided = decide(
        report("1000.00", one, hold=not held, settled=not settled), report(None, other, hold=held, settled=settled)
    )
    declined = other is Status.DECLINED
    assert decided.status is other
    assert decided.hold is (held and not declined)
    assert decided.settled is (settled and not declined)
    assert decided.cashback == (0 if declined else 50)
    assert decided.available is (other is Status.APPROVED and not held)


def test_stalled_is_approved_and_on_hold_until_the_money_is_there() -> None:
    stalled = [report("1000.00", hold=True)]
    assert (decide(*stalled).status, decide(*stalled).cashback, decide(*stalled).available) == (
        Status.APPROVED, 50, False,
    )  # fmt: skip
    assert decide(*stalled, report(None, None, hold=False, settled=True)).available


def test_a_decline_after_an_approval_is_told_from_one_that_never_was_approved() -> None:
    approved = report("1000.00", at=DAY)
    declined = report(None, Status.DECLINED, at=2 * DAY)
    reversed_ = decide(approved, declined)
    assert (reversed_.status, reversed_.first_approved_at) == (Status.DECLINED, approved.event_time)
    assert decide(report("1000.00", Status.PENDING), declined).first_approved_at is None


def test_a_message_that_names_a_click_not_found_yet_is_no_duplicate_of_one_that_names_another() -> None:
    """L-12: once it is found, it may own the order."""
    ours = message(report(click_id=CLICK.click_id))
    missing = message(report(click_id=OTHER_CLICK.click_id), received=1, click=None, problem=Reason.UNKNOWN_CLICK)
    forged = message(report(click_id="forged"), received=1, click=None, problem=Reason.BAD_SIGNATURE)
    known = order(ours)
    assert take(known, missing, {LAB.version: LAB}).order.messages == (ours, missing)
    assert take(known, forged, {LAB.version: LAB}).code is MessageCode.DUPLICATE
    twice = take(order(ours, missing), message(missing.report, received=2, click=None, problem=missing.problem), {
        LAB.version: LAB
    })  # fmt: skip
    assert (twice.code, len(twice.order.messages)) == (MessageCode.DUPLICATE, 3)


def test_a_duplicate_still_says_the_last_word_when_something_comes_late_between_the_two() -> None:
    """A deferred message is decided after both, with the time of its own receipt."""
    known = order(message(report("1000.00")))
    repeated = take(known, message(report("1000.00"), received=2), {LAB.version: LAB})
    assert (repeated.code, repeated.revised) == (MessageCode.DUPLICATE, False)
    late = take(repeated.order, message(report("49.90"), received=1), {LAB.version: LAB})
    assert (late.code, late.decision.cashback) == (MessageCode.OUTDATED, 50)


def test_what_repeats_a_click_that_may_yet_be_found_outlives_it() -> None:
    missing = message(report(click_id=OTHER_CLICK.click_id), click=None, problem=Reason.UNKNOWN_CLICK)
    nameless = message(report(), received=1, click=None, problem=Reason.UNKNOWN_CLICK)
    assert take(order(missing), nameless, {LAB.version: LAB}).order.messages == (missing, nameless)


def bought(line_id: str, goods: str | None, **more: Any) -> Report:
    return row(goods, line_id, Status.PENDING, **{"line_count": 3} | more)


REVISED = report("6000.00")


@pytest.mark.parametrize(
    "again",
    [
        bought("1", "1000.00"),
        bought("1", None),
        bought("3", "3000.00"),  # announced, and told only now
        bought("1", "1000.00", order_time=CLICK.clicked_at),
    ],
)
@pytest.mark.parametrize("times", [1, 2])
def test_a_sum_of_the_order_has_in_it_the_lines_that_only_repeat_themselves(again: Report, times: int) -> None:
    decided = decide(bought("1", "1000.00"), bought("2", "7000.00"), REVISED, *[again] * times)
    assert (decided.status, decided.base, decided.cashback) == (Status.APPROVED, Decimal("6000.00"), 300)


@pytest.mark.parametrize(
    "news",
    [
        bought("1", "900.00"),
        bought("1", None, tariff="hi"),
        row(None, "1", Status.DECLINED),
        bought("4", "500.00", line_count=None),
        bought("4", "500.00", line_count=2),
    ],
)
def test_what_a_line_says_for_the_first_time_replaces_the_sum_of_the_order(news: Report) -> None:
    told = [bought("1", "1000.00", line_count=None), bought("2", "7000.00", line_count=None), REVISED]
    assert [line.line_id for line in decide(*told, news).lines] == [news.line_id]


def test_a_correction_that_a_sum_of_the_order_replaced_is_not_taken_back_again() -> None:
    rows = [row("1000.00", "1"), row("-200.00", "r1"), report("800.00")]
    assert decide(*rows, row("-200.00", "r1")).base == Decimal("800.00")
    assert decide(*rows, row("-100.00", "r2")).base == Decimal("700.00")


def test_a_first_sum_after_the_window_is_late_though_the_line_known_before_is_declined() -> None:
    held = row("1000.00", "1", line_count=2, hold=True, at=0)
    declined = item("1", "49.90", status=Status.DECLINED)

    decided = decide(held, basket(declined, item("2", "20.00"), at=91 * 86_400))

    assert (decided.status, decided.cashback, decided.reasons) == (Status.APPROVED, 0, (Reason.LATE,))
