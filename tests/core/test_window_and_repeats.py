"""What was once wrong: repeats that hid news, and news after the window that hid returns or took credits away."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from tests.core.factories import CLICK, CLICKED_AT, LAB, message, order, report
from tracker.core.conversion import judge
from tracker.core.decision import Decision
from tracker.core.order import Message, Order, Override, OverrideKind
from tracker.core.partner import Promotion, Reward, TermsVersion
from tracker.core.reasons import Flag, Reason
from tracker.core.report import Status
from tracker.core.take import take

DAY = 86_400
TARIFFS = (("lo", Reward(rate=Decimal("0.01"))), ("hi", Reward(rate=Decimal("0.10"))))


def deliver(*messages: Message, terms: TermsVersion = LAB) -> Decision:
    known, decision = order(), None
    for one in messages:
        taken = take(known, one, {terms.version: terms})
        known, decision = taken.order, taken.decision
    assert decision is not None
    return decision


def credited_late(*messages: Message, on_day: int) -> Order:
    override = Override(OverrideKind.CREDIT_LATE, "a receipt", "anna", CLICKED_AT + timedelta(days=on_day))
    return replace(order(*messages), overrides=(override,))


# Repeats


@pytest.mark.parametrize("event", ["e1", None])
@pytest.mark.parametrize("problem", [Reason.UNKNOWN_CLICK, Reason.BAD_SIGNATURE])
def test_a_click_found_only_at_a_repeat_is_news(event: str | None, problem: Reason) -> None:
    lost = Message(report(event_id=event, click_id="c"), CLICKED_AT, None, problem)
    found = Message(report(event_id=event, click_id="c"), CLICKED_AT + timedelta(seconds=60), CLICK)

    decision = deliver(lost, found)
    assert (decision.click, decision.cashback) == (CLICK, 50)


def test_an_older_copy_of_an_event_without_its_click_takes_no_credit_away() -> None:
    credited = message(report(event_id="e1", click_id="c", at=100), received=100)
    older = message(report(event_id="e1", click_id=None, at=50), received=200, click=None)

    for arrival in permutations((credited, older)):
        decision = deliver(*arrival)
        assert (decision.click, decision.cashback) == (CLICK, 50)


def test_a_line_approved_again_after_the_whole_order_was_declined_counts() -> None:
    decision = deliver(
        message(report("1000.00", line_id="1"), received=1),
        message(report(None, Status.DECLINED), received=2),
        message(report("1000.00", line_id="1"), received=3),
    )
    assert (decision.status, decision.cashback) == (Status.APPROVED, 50)


def test_an_older_copy_that_is_decided_last_still_counts_for_the_window() -> None:
    in_time, late = (message(report("1000.00"), received=day * DAY) for day in (89, 91))

    assert [deliver(*arrival).cashback for arrival in permutations((in_time, late))] == [50, 50]


# After the window


def test_a_sum_that_comes_only_after_the_window_is_late_and_can_be_credited() -> None:
    messages = (message(report(None, at=30 * DAY)), message(report("1000.00", at=95 * DAY), received=95 * DAY))

    assert deliver(*messages).reasons == (Reason.LATE,)
    assert judge(credited_late(*messages, on_day=96), {LAB.version: LAB}).cashback == 50


def test_a_return_counts_although_another_line_grew() -> None:
    terms = replace(LAB, terms=(replace(LAB.terms[0], tariffs=TARIFFS),))
    decision = deliver(
        message(report("1000.00", line_id="1", tariff="lo", at=1 * DAY)),
        message(report("1000.00", line_id="2", tariff="hi", at=2 * DAY), received=1),
        message(report("2500.00", line_id="1", at=95 * DAY), received=2),
        message(report(None, Status.DECLINED, line_id="2", at=96 * DAY), received=3),
        terms=terms,
    )
    assert decision.cashback == 25
    assert Flag.AFTER_WINDOW in decision.flags


@pytest.mark.parametrize("goods", [None, "500.00"])
def test_a_line_first_named_after_the_window_changes_nothing(goods: str | None) -> None:
    decision = deliver(
        message(report("1000.00", line_id="1", at=1 * DAY)),
        message(report(goods, Status.PENDING, line_id="2", at=95 * DAY), received=1),
    )
    assert (decision.status, decision.cashback, decision.base) == (Status.APPROVED, 50, Decimal("1000.00"))
    assert {line.line_id: line.accrual for line in decision.lines} == {"1": Decimal("50.0000"), "2": Decimal(0)}


def test_what_comes_after_staff_credited_a_late_order_is_late_again() -> None:
    messages = (
        message(report("1000.00", at=100 * DAY), received=100 * DAY),
        message(report("100000.00", at=200 * DAY), received=200 * DAY),
    )
    assert judge(credited_late(*messages, on_day=101), {LAB.version: LAB}).cashback == 50


# Promotions


def test_a_promotion_with_a_fixed_sum_never_lowers_what_several_lines_earn() -> None:
    boost = Promotion(date(2019, 2, 1), date(2019, 4, 1), Reward(fixed=Decimal(60)))
    terms = replace(LAB, promotions=(boost,))

    assert deliver(message(report("2000.00")), terms=terms).cashback == 100
    lines = [message(report("1000.00", line_id=str(number)), received=number) for number in (1, 2)]
    assert deliver(*lines, terms=terms).cashback == 100
    assert deliver(message(report("1000.00")), terms=terms).cashback == 60
