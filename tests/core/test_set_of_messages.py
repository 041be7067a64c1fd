"""The state of an order depends on the set of its messages, never on their arrival (design, invariant 4)."""

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.factories import CLICK, CLICKED_AT, LAB, OTHER_CLICK, message, order, report
from tracker.core.conversion import judge
from tracker.core.decision import Decision
from tracker.core.fold import order_key
from tracker.core.order import Message, Order
from tracker.core.postings import balances, transfer
from tracker.core.reasons import MessageCode
from tracker.core.report import Report, Status
from tracker.core.take import take

_TERMS = {LAB.version: LAB}

_reports = st.builds(
    Report,
    order_id=st.just("A-1"),
    click_id=st.sampled_from([CLICK.click_id, CLICK.click_id, None, OTHER_CLICK.click_id]),
    line_id=st.sampled_from(["", "", "1", "2"]),
    event_id=st.sampled_from([None, None, None, "e1", "e2"]),
    status=st.sampled_from([None, *Status]),
    hold=st.sampled_from([None, True, False]),
    settled=st.sampled_from([None, True]),
    goods=st.none() | st.integers(0, 500_000).map(lambda kopecks: Decimal(kopecks) / 100),
    tariff=st.sampled_from([None, "a"]),
    event_time=st.sampled_from([0, 1, 60, 90 * 86_400, 90 * 86_400 + 1, 100 * 86_400]).map(
        lambda seconds: CLICKED_AT + timedelta(seconds=seconds)
    ),
)
_CLICKS = {None: None, CLICK.click_id: CLICK, OTHER_CLICK.click_id: OTHER_CLICK}
_messages = _reports.map(lambda said: Message(said, CLICKED_AT, _CLICKS[said.click_id]))


def _deliver(messages: list[Message]) -> Order:
    known = order()
    for position, one in enumerate(messages):
        received_at = CLICKED_AT + timedelta(microseconds=position)
        known = take(known, Message(one.report, received_at, one.click), _TERMS).order
    return known


@settings(max_examples=1000)
@given(st.lists(_messages, min_size=1, max_size=7), st.randoms())
def test_arrival_and_repetition_change_nothing(messages: list[Message], random: object) -> None:
    shuffled = [*messages, *messages[: len(messages) // 2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert judge(_deliver(messages), _TERMS) == judge(_deliver(shuffled), _TERMS)


@settings(max_examples=500)
@given(st.lists(_messages, min_size=1, max_size=7))
def test_the_sum_of_the_recorded_changes_is_the_current_value(messages: list[Message]) -> None:
    known = order()
    posted: dict[str, int] = {}
    decision: Decision | None = None
    for position, one in enumerate(messages):
        received_at = CLICKED_AT + timedelta(microseconds=position)
        taken = take(known, Message(one.report, received_at, one.click), _TERMS)
        known, decision = taken.order, taken.decision
        changes = transfer(balances(decision, "lab"), posted)
        assert sum(changes.values()) == 0
        if not taken.revised:
            assert not changes
        for account, change in changes.items():
            posted[account] = posted.get(account, 0) + change

    assert decision is not None
    assert decision.cashback >= 0
    held = {account: kopecks for account, kopecks in posted.items() if kopecks}
    assert held == balances(decision, "lab")


def test_a_tie_is_won_by_the_later_status_then_by_the_smaller_sum() -> None:
    at_once = [
        message(report("100.00", Status.APPROVED, at=5)),
        message(report("90.00", Status.APPROVED, at=5)),
        message(report("100.00", Status.PENDING, at=5)),
        message(report(None, Status.DECLINED, at=5)),
    ]
    texts = [(one.report.status, one.report.goods) for one in sorted(at_once, key=order_key)]

    assert texts == [
        (Status.PENDING, Decimal("100.00")),
        (Status.APPROVED, Decimal("100.00")),
        (Status.APPROVED, Decimal("90.00")),
        (Status.DECLINED, None),
    ]


def test_an_older_text_that_comes_again_is_a_new_revision() -> None:
    known = order()
    codes = []
    for position, status in enumerate([Status.APPROVED, Status.PENDING, Status.APPROVED, Status.APPROVED]):
        taken = take(known, message(report(status=status), received=position), _TERMS)
        known = taken.order
        codes.append(taken.code)

    assert codes == [None, None, None, MessageCode.DUPLICATE]
    assert taken.decision.status is Status.APPROVED


def test_an_event_repeated_with_the_same_status_counts_once_at_its_smallest_key() -> None:
    early = message(report("100.00", event_id="e1", at=10))
    late = message(report("50.00", event_id="e1", at=20), received=1)

    forth = take(take(order(), early, _TERMS).order, late, _TERMS)
    back = take(take(order(), late, _TERMS).order, early, _TERMS)

    assert forth.code is MessageCode.DUPLICATE
    assert back.code is None
    assert forth.decision == back.decision
    assert forth.decision.base == Decimal("100.00")


def test_an_event_that_another_click_s_message_repeats_still_counts() -> None:
    """Else whoever repeats the event with a click of their own would undo the decline."""
    declined = [
        message(report("20.00", Status.APPROVED, at=0)),
        message(report(None, Status.DECLINED, event_id="e1", at=2), received=1),
    ]
    theirs = message(report(None, Status.DECLINED, event_id="e1", at=1), received=2, click=OTHER_CLICK)

    taken = take(order(*declined), theirs, _TERMS)

    assert taken.code is MessageCode.ORDER_TAKEN
    assert taken.decision == judge(order(*declined), _TERMS)
    assert taken.decision.status is Status.DECLINED


def test_a_late_word_that_no_later_message_restated_does_change_the_state() -> None:
    approved = message(report(None, Status.APPROVED, at=300))
    older_with_the_sum = message(report("1000.00", Status.PENDING, at=60), received=1)

    first = take(order(), approved, _TERMS)
    assert (first.decision.status, first.decision.flags[-1]) == (Status.PENDING, "amount_missing")
    then = take(first.order, older_with_the_sum, _TERMS)

    assert (then.code, then.decision.status, then.decision.cashback) == (None, Status.APPROVED, 50)


def test_the_smallest_key_owns_the_order_whenever_it_arrives() -> None:
    theirs = message(report(at=60, click_id="d"), click=OTHER_CLICK)
    ours = message(report(at=30, click_id="c"), received=1)

    taken = take(take(order(), theirs, _TERMS).order, ours, _TERMS)

    assert taken.code is None
    assert taken.decision.click == CLICK
    assert transfer(balances(taken.decision, "lab"), {"receivable:lab": -5000, "available:shopper-2": 5000}) == {
        "available:shopper-1": 5000,
        "available:shopper-2": -5000,
    }


def test_a_repeated_event_that_names_the_owning_click_is_not_lost() -> None:
    """The event was told before without a click, so the repetition counts for nothing but for who owns the order."""
    told = message(report(event_id="e1", at=0), click=None)
    ours = message(report(event_id="e1", click_id=OTHER_CLICK.click_id, at=1), click=OTHER_CLICK)
    theirs = message(report("20.00", click_id=CLICK.click_id, at=2))

    decided = [judge(_deliver(list(arrival)), _TERMS) for arrival in permutations((told, ours, theirs))]

    assert decided[0].click == OTHER_CLICK
    assert decided == [decided[0]] * len(decided)


def test_an_event_repeated_while_another_click_seemed_to_own_the_order_is_not_lost() -> None:
    """It names no click, so it counts for whoever turns out to be the owner; the other click's message does not."""
    first = message(report("20.00", Status.APPROVED, at=0))
    theirs = message(report("20.00", Status.DECLINED, event_id="e1", at=1), click=OTHER_CLICK)
    declined = message(report(None, Status.DECLINED, event_id="e1", at=2), click=None)

    decided = [judge(_deliver(list(arrival)), _TERMS) for arrival in permutations((first, theirs, declined))]

    assert decided[0].status is Status.DECLINED
    assert decided == [decided[0]] * len(decided)
