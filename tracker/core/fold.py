"""What the partner says about an order: its messages folded in the order of their keys.

The fold is a pure function of the set of (message, order key) (docs/rules.md, L-01...L-07).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import total_ordering
from typing import TypeVar

from tracker.core.click import Click
from tracker.core.money import total
from tracker.core.order import Message, Order, OverrideKind
from tracker.core.partner import Origin
from tracker.core.report import BasketLine, Report, Status

_T = TypeVar("_T")
_RANK = {None: 0, Status.PENDING: 0, Status.APPROVED: 1, Status.DECLINED: 2}
_OF_A_LINE = ("status", "hold", "settled", "goods", "currency", "tariff", "commission")


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

    @property
    def correction(self) -> bool:
        """A row that takes back some of what other lines brought."""
        return self.goods is not None and self.goods < 0


@dataclass(frozen=True, slots=True)
class Stated:
    """The order as the partner last stated it. `told`: what each line's own messages last said, by line and field."""

    lines: tuple[Line, ...] = ()
    line_count: int | None = None
    origin: Origin | None = None
    order_time: datetime | None = None
    promo_code: str | None = None
    first_approved_at: datetime | None = None
    told: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def active(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.status is not Status.DECLINED)

    @property
    def _bought(self) -> list[Line]:
        """These tell how the order stands: what a correction takes back says nothing of the rest."""
        return [line for line in self.lines if not line.correction]

    @property
    def currency(self) -> str | None:
        """The one that all of its lines have."""
        named = {line.currency for line in self.lines if line.currency is not None}
        return named.pop() if len(named) == 1 else None

    @property
    def incomplete(self) -> bool:
        """Lines were announced that have not come yet."""
        if self.line_count is None:
            return False
        named = [line for line in self._bought if line.line_id]
        return bool(named) and len(named) < self.line_count

    @property
    def status(self) -> Status:
        """Declined when every line is; approved when no line that is left still waits."""
        if self.incomplete:
            return Status.PENDING
        bought = self._bought
        left = [line.status for line in bought if line.status is not Status.DECLINED]
        if bought and not left:
            return Status.DECLINED
        return Status.PENDING if not left or Status.PENDING in left else Status.APPROVED

    @property
    def hold(self) -> bool:
        return any(line.hold for line in self._bought if line.status is not Status.DECLINED)

    @property
    def settled(self) -> bool:
        left = [line.settled for line in self._bought if line.status is not Status.DECLINED]
        return bool(left) and all(left)

    @property
    def confirmed(self) -> bool:
        """Approved, or put on hold: a hold that is released after the window is not late."""
        return self.status is Status.APPROVED or (self.status is Status.PENDING and self.hold)


@total_ordering
class _Text:
    """A report as text, the last resort of the order. It is made only where all before it is equal, which is rare: made
    for each key it was a tenth of a decision."""

    __slots__ = ("_report",)

    def __init__(self, report: Report) -> None:
        self._report = report

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Text) and repr(self._report) == repr(other._report)

    def __lt__(self, other: "_Text") -> bool:
        return repr(self._report) < repr(other._report)

    __hash__ = None  # type: ignore[assignment]  # a key to sort by, and no more


OrderKey = tuple[datetime, int, Decimal, _Text]


def order_key(message: Message) -> OrderKey:
    """Ties at one moment: declined wins over approved over pending, then the smaller sum; the text makes it total."""
    report = message.report
    goods = total(one.goods for one in report.basket) if report.basket else report.goods
    smaller_last = Decimal("-Infinity") if goods is None else -goods
    return message.at, _RANK[report.status], smaller_last, _Text(report)


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
    if report.basket:
        lines = _say_basket(lines, stated, report)
    else:
        lines = _say_line(lines, stated, report) if report.line_id else _say_whole(lines, stated, report)
    said = replace(
        stated,
        lines=tuple(lines[name] for name in sorted(lines)),
        line_count=None if report.basket else _last(report.line_count, stated.line_count),
        origin=_last(report.origin, stated.origin),
        order_time=_last(report.order_time, stated.order_time),
        promo_code=_last(report.promo_code, stated.promo_code),
        told=_told(stated.told, report) if report.line_id else stated.told,
    )
    if said.first_approved_at is None and said.status is Status.APPROVED:
        said = replace(said, first_approved_at=message.at)
    return said


def _say_line(lines: dict[str, Line], stated: Stated, report: Report) -> dict[str, Line]:
    """A named line; what was said of the order as a whole before is where a new line starts, its sum apart. A
    correction leaves the sum that it corrects in its place."""
    if _is_in_the_sum(lines, stated, report):
        return lines
    correction = _takes_back(report.goods)
    whole = lines.get("") if correction else lines.pop("", None)
    start = lines.get(report.line_id)
    if start is None:
        start = _start(report.line_id, stated) if correction else Line(report.line_id)
        start = start if whole is None else replace(whole, line_id=report.line_id, goods=None)
    return lines | {report.line_id: _update(start, report)}


def _is_in_the_sum(lines: Mapping[str, Line], stated: Stated, report: Report) -> bool:
    """Whether a sum of the whole order, which replaced its lines, has this line in it and the line says no news: it
    repeats itself, as a page that is loaded again does, or it was announced and comes late."""
    if "" not in lines or report.line_id in lines:
        return False
    if report.line_id in stated.told:
        return _said(report).items() <= stated.told[report.line_id].items()
    bought = [name for name, said in stated.told.items() if not _takes_back(said.get("goods"))]
    announced = _last(report.line_count, stated.line_count)
    return bool(bought) and announced is not None and len(bought) < announced and not _takes_back(report.goods)


def _told(told: Mapping[str, Mapping[str, object]], report: Report) -> Mapping[str, Mapping[str, object]]:
    return {**told, report.line_id: {**told.get(report.line_id, {}), **_said(report)}}


def _said(report: Report) -> dict[str, object]:
    return {name: value for name in _OF_A_LINE if (value := getattr(report, name)) is not None}


def _takes_back(goods: object) -> bool:
    return isinstance(goods, Decimal) and goods < 0


def _say_whole(lines: dict[str, Line], stated: Stated, report: Report) -> dict[str, Line]:
    """The order as a whole: a sum replaces the lines' sums, a status without a sum is said of every line."""
    named = any(name for name in lines)
    if report.goods is None and named:
        return {name: _update(line, report) for name, line in lines.items()}
    return {"": _update(lines.get("") or _start("", stated), report)}


def _say_basket(lines: dict[str, Line], stated: Stated, report: Report) -> dict[str, Line]:
    """All lines of the order, whatever they were before. The commission is the order's: one line has it for all."""
    said: dict[str, Line] = {}
    for place, one in enumerate(report.basket, 1):
        name = one.line_id if one.line_id not in said else f"{one.line_id}#{place}"
        start = lines.get(name)
        if start is None:
            start = replace(lines.get("") or _start(name, stated), line_id=name, goods=None)
        said[name] = replace(_update(start, _of_line(one, report)), commission=None)
    bearer = next((name for name, line in said.items() if line.status is not Status.DECLINED), min(said))
    said[bearer] = replace(said[bearer], commission=_last(report.commission, commission_of(lines.values())))
    return said


def _of_line(one: BasketLine, report: Report) -> Report:
    status, tariff = _last(one.status, report.status), _last(one.tariff, report.tariff)
    return replace(report, status=status, goods=one.goods, tariff=tariff, basket=())


def commission_of(lines: Iterable[Line]) -> Decimal | None:
    """None: it was never stated."""
    sums = [line.commission for line in lines if line.commission is not None]
    return total(sums) if sums else None


def _start(line_id: str, stated: Stated) -> Line:
    """A line that was not known before takes part in how the order stands, and in its currency."""
    return Line(line_id, status=stated.status, hold=stated.hold, settled=stated.settled, currency=stated.currency)


def _update(line: Line, report: Report) -> Line:
    """A currency belongs to its sum: said without one, it is not that of a sum that was stated before."""
    restated = report.currency if report.goods is not None or line.goods is None else None
    return replace(
        line,
        status=_last(report.status, line.status),
        hold=_last(report.hold, line.hold),
        settled=_last(report.settled, line.settled),
        goods=_last(report.goods, line.goods),
        currency=_last(restated, _last(line.currency, report.currency_if_new)),
        tariff=_last(report.tariff, line.tariff),
        commission=_last(report.commission, line.commission),
    )


def _last(said: _T | None, before: _T) -> _T:
    return before if said is None else said
