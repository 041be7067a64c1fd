"""What the partner says about an order: its messages folded in the order of their keys.

The fold is a pure function of the set of (message, order key) (docs/rules.md, L-01...L-07).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from tracker.core.click import Click
from tracker.core.order import Message, Order, OverrideKind
from tracker.core.partner import Origin
from tracker.core.report import Report, Status

_T = TypeVar("_T")
_RANK = {None: 0, Status.PENDING: 0, Status.APPROVED: 1, Status.DECLINED: 2}


@dataclass(frozen=True, slots=True)
class Line:
    """One basket line: for each field the latest that was said."""

    line_id: str
    status: Status = Status.PENDING
    hold: bool = False
    settled: bool = False
    goods: Decimal | None = None
    currency: str | None = None
    tariff: str | None = None
    commission: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """The order as the partner last stated it."""

    lines: tuple[Line, ...] = ()
    line_count: int | None = None
    origin: Origin | None = None
    order_time: datetime | None = None
    promo_code: str | None = None
    first_approved_at: datetime | None = None

    @property
    def active(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.status is not Status.DECLINED)

    @property
    def incomplete(self) -> bool:
        """Lines were announced that have not come yet."""
        named = [line for line in self.lines if line.line_id]
        return self.line_count is not None and bool(named) and len(named) < self.line_count

    @property
    def status(self) -> Status:
        """Declined when every line is; approved when no line that is left still waits."""
        if self.incomplete:
            return Status.PENDING
        if self.lines and not self.active:
            return Status.DECLINED
        waiting = not self.active or any(line.status is Status.PENDING for line in self.active)
        return Status.PENDING if waiting else Status.APPROVED

    @property
    def hold(self) -> bool:
        return any(line.hold for line in self.active)

    @property
    def settled(self) -> bool:
        return bool(self.active) and all(line.settled for line in self.active)

    @property
    def confirmed(self) -> bool:
        """Approved, or put on hold: a hold that is released after the window is not late."""
        return self.status is Status.APPROVED or (self.status is Status.PENDING and self.hold)


def order_key(message: Message) -> tuple[datetime, int, Decimal, str]:
    """Ties at one moment: declined wins over approved over pending, then the smaller sum; the text makes it total."""
    report = message.report
    smaller_last = Decimal("-Infinity") if report.goods is None else -report.goods
    return message.at, _RANK[report.status], smaller_last, repr(report)


def in_order(messages: Iterable[Message]) -> list[Message]:
    """Messages by order key. An event that its sender repeats with the same status counts once, at its smallest key."""
    seen: set[tuple[str, str, Status | None]] = set()
    kept: list[Message] = []
    for message in sorted(messages, key=order_key):
        report = message.report
        if report.event_id is not None:
            event = (report.line_id, report.event_id, report.status)
            if event in seen:
                continue
            seen.add(event)
        kept.append(message)
    return kept


def owner(order: Order) -> Click | None:
    """The click that the order belongs to: of the smallest key among the messages that name a click we know, repeated
    events among them; else the one that staff gave it to."""
    for message in sorted(order.messages, key=order_key):
        if message.click is not None:
            return message.click
    claims = [override for override in order.overrides if override.kind is OverrideKind.CLAIM]
    return max(claims, key=lambda claim: claim.at).click if claims else None


def own_messages(order: Order, click: Click | None) -> list[Message]:
    """The messages that count for this owner: those that name its click, and those that name none that we know. An
    event that another click's message repeats stays."""
    return in_order(
        message
        for message in order.messages
        if message.click is None or (click is not None and message.click.click_id == click.click_id)
    )


def fold(messages: Iterable[Message]) -> Stated:
    """Fold messages that are in order."""
    stated = Stated()
    for message in messages:
        stated = _say(stated, message)
    return stated


def _say(stated: Stated, message: Message) -> Stated:
    report = message.report
    lines = {line.line_id: line for line in stated.lines}
    lines = _say_line(lines, report) if report.line_id else _say_whole(lines, stated, report)
    said = replace(
        stated,
        lines=tuple(lines[name] for name in sorted(lines)),
        line_count=_last(report.line_count, stated.line_count),
        origin=_last(report.origin, stated.origin),
        order_time=_last(report.order_time, stated.order_time),
        promo_code=_last(report.promo_code, stated.promo_code),
    )
    if said.first_approved_at is None and said.status is Status.APPROVED:
        said = replace(said, first_approved_at=message.at)
    return said


def _say_line(lines: dict[str, Line], report: Report) -> dict[str, Line]:
    """A named line; what was said of the order as a whole before is where a new line starts, its sum apart."""
    whole = lines.pop("", None)
    start = lines.get(report.line_id)
    if start is None:
        start = Line(report.line_id) if whole is None else replace(whole, line_id=report.line_id, goods=None)
    return lines | {report.line_id: _update(start, report)}


def _say_whole(lines: dict[str, Line], stated: Stated, report: Report) -> dict[str, Line]:
    """The order as a whole: a sum replaces the lines' sums, a status without a sum is said of every line."""
    named = any(name for name in lines)
    if report.goods is None and named:
        return {name: _update(line, report) for name, line in lines.items()}
    start = lines.get("") or Line("", status=stated.status, hold=stated.hold, settled=stated.settled)
    return {"": _update(start, report)}


def _update(line: Line, report: Report) -> Line:
    return replace(
        line,
        status=_last(report.status, line.status),
        hold=_last(report.hold, line.hold),
        settled=_last(report.settled, line.settled),
        goods=_last(report.goods, line.goods),
        currency=_last(report.currency, line.currency),
        tariff=_last(report.tariff, line.tariff),
        commission=_last(report.commission, line.commission),
    )


def _last(said: _T | None, before: _T) -> _T:
    return before if said is None else said
