"""An order as the shop sees it, and what may become of it. Pure: the shop's clock is an argument."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from tracker.core.partner import AmountIs, Origin, Partner
from tracker.core.report import Status
from tracker.demo.goods import Product

ADMITAD = "admitad"  # the dialect whose network also tells when it has paid
AHEAD = timedelta(days=91)  # one day behind the programme's usual window


class Act(StrEnum):
    """What the shop, or its network, decides about an order."""

    APPROVE = "approve"
    HOLD = "hold"
    RELEASE = "release"
    PAY_OUT = "pay_out"
    RETURN_PART = "return_part"
    RETURN_ALL = "return_all"
    DECLINE = "decline"
    APPROVE_LATE = "approve_late"
    REPEAT = "repeat"  # the same message again


@dataclass(frozen=True, slots=True)
class Landing:
    """How the buyer came to the shop."""

    click_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    product: Product
    price: Decimal  # of one unit
    bought: int
    kept: int  # what was not returned
    tariff: str | None = None

    @property
    def total(self) -> Decimal:
        return self.price * self.kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Without lines it is an application: a target action, which has no sum."""

    id: str
    payment_id: int  # the network's number for it
    landing: Landing | None  # None: nobody is owed a report
    ordered_at: datetime
    lines: tuple[Line, ...]
    currency: str
    delivery: Decimal
    origin: Origin
    tariff: str | None  # of the order as a whole
    status: Status = Status.PENDING
    hold: bool = False
    settled: bool = False
    event_time: datetime | None = None  # None: the shop does not say when it happened

    @property
    def goods(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))


def reports_by_line(partner: Partner) -> bool:
    """Whether the partner's sums are of a line, so that each line is a message. A network reports whole payments."""
    return partner.postback.dialect != ADMITAD and partner.postback.amounts.is_ is not AmountIs.ORDER_TOTAL


def possible(order: Order, partner: Partner) -> list[Act]:
    """What can still become of it, in the order of a usual life."""
    if order.landing is None:
        return []
    approved, declined = order.status is Status.APPROVED, order.status is Status.DECLINED
    units = sum(line.kept for line in order.lines)
    something_left = units > 0 or not order.lines
    can = {
        Act.APPROVE: not approved and something_left,
        Act.HOLD: approved and not order.hold,
        Act.RELEASE: order.hold,
        Act.PAY_OUT: approved and not order.hold and not order.settled and partner.postback.dialect == ADMITAD,
        Act.RETURN_PART: not declined and units > 1,
        Act.RETURN_ALL: not declined and units > 0,
        Act.DECLINE: not declined,
        Act.APPROVE_LATE: order.status is Status.PENDING,
        Act.REPEAT: True,
    }
    return [act for act, possible_now in can.items() if possible_now]


def after(order: Order, act: Act, now: datetime) -> Order:
    """The order behind that decision. One that was approved late stays ahead of our time."""
    if act is Act.REPEAT:
        return order
    changed = _changed(order, act)
    if act is Act.APPROVE_LATE or order.event_time is not None:
        return replace(changed, event_time=now + AHEAD)
    return changed


def _changed(order: Order, act: Act) -> Order:
    match act:
        case Act.APPROVE | Act.APPROVE_LATE:
            return replace(order, status=Status.APPROVED)
        case Act.HOLD:
            return replace(order, hold=True, settled=False)
        case Act.RELEASE:
            return replace(order, hold=False)
        case Act.PAY_OUT:
            return replace(order, settled=True)
        case Act.RETURN_PART:
            return replace(order, lines=_one_unit_less(order.lines))
        case Act.RETURN_ALL:
            order = replace(order, lines=tuple(replace(line, kept=0) for line in order.lines))
    return replace(order, status=Status.DECLINED, hold=False, settled=False)


def _one_unit_less(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """From the last line that has any left."""
    last = max(index for index, line in enumerate(lines) if line.kept)
    return (*lines[:last], replace(lines[last], kept=lines[last].kept - 1), *lines[last + 1 :])
