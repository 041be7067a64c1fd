"""Values for the tests of the core: a partner LAB at 5 %, a click, reports with sensible defaults."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tracker.core.click import Click
from tracker.core.order import Message, Order
from tracker.core.partner import Origin, Reward, Terms, TermsVersion
from tracker.core.reasons import Reason
from tracker.core.report import Report, Status

CLICKED_AT = datetime(2019, 3, 1, 12, tzinfo=UTC)

LAB = TermsVersion(
    version="lab-1",
    partner_id="lab",
    timezone="Europe/Moscow",
    window_days=90,
    session_hours=Decimal(6),
    minimum_cashback=Decimal(1),
    origins=frozenset({Origin.WEB}),
    terms=(Terms(valid_from=datetime(2019, 1, 1, tzinfo=UTC), reward=Reward(rate=Decimal("0.05"))),),
)
CLICK = Click("c" * 30, "lab", CLICKED_AT, "lab-1", "shopper-1")
OTHER_CLICK = replace(CLICK, click_id="d" * 30, shopper_id="shopper-2")


def terms(**changes: object) -> TermsVersion:
    """LAB's version with other terms."""
    return replace(LAB, terms=(replace(LAB.terms[0], **changes),))  # type: ignore[arg-type]


def report(
    goods: str | None = "1000.00", status: Status | None = Status.APPROVED, *, at: float | None = None, **more: object
) -> Report:
    """One report; `at` is the partner's event time, in seconds after the click."""
    event_time = None if at is None else CLICKED_AT + timedelta(seconds=at)
    return Report(
        order_id="A-1",
        status=status,
        goods=None if goods is None else Decimal(goods),
        event_time=event_time,
        **more,  # type: ignore[arg-type]
    )


def message(
    said: Report, *, received: float = 0, click: Click | None = CLICK, problem: Reason | None = None
) -> Message:
    return Message(said, CLICKED_AT + timedelta(seconds=received), click=click, problem=problem)


def order(*messages: Message) -> Order:
    return Order("lab", "A-1", messages)
