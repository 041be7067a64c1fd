"""What an order must come to, told a second time: from the contract (design 6 and 7, docs/rules.md), by somebody else
than who wrote `tracker/core`, and with nothing in common but its data classes. Naive on purpose.

Left out: what staff did, what the tag saw, and rewards that are due once a shopper.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tracker.core.click import Click, Device
from tracker.core.order import Message
from tracker.core.partner import Origin, Reward, TermsVersion
from tracker.core.rates import ExchangeRate
from tracker.core.reasons import Flag, Reason
from tracker.core.report import Status

ZERO = Decimal(0)
RANK = {None: 0, Status.PENDING: 1, Status.APPROVED: 2, Status.DECLINED: 3}
ELSEWHERE = {Origin.APP: Reason.PARTNER_APP, Origin.MOBILE_WEB: Reason.PARTNER_MOBILE_VERSION}
UNKNOWN = {Flag.AMOUNT_MISSING, Flag.RATE_MISSING}


@dataclass(frozen=True, slots=True)
class Line:
    status: Status = Status.PENDING
    hold: bool = False
    settled: bool = False
    currency: str = "RUB"
    tariff: str | None = None
    goods: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    status: Status
    hold: bool
    settled: bool
    base: Decimal = ZERO
    accrual: Decimal = ZERO
    cashback: int = 0
    reasons: frozenset[Reason] = frozenset()
    flags: frozenset[Flag] = frozenset()
    click_id: str | None = None


class Told:
    """The lines of an order by their ids, as its messages tell them; "" is the order as a whole."""

    def __init__(self, lines: Mapping[str, Line], announced: int | None) -> None:
        self.lines, self.announced = lines, announced
        self.goods = {name: line for name, line in lines.items() if line.goods is None or line.goods >= 0}
        live = [line for line in self.goods.values() if line.status is not Status.DECLINED]
        self.lacks_lines = announced is not None and "" not in lines and 0 < len(self.goods) < announced
        waits = self.lacks_lines or not self.goods or any(line.status is Status.PENDING for line in live)
        self.status = Status.PENDING if waits else Status.APPROVED if live else Status.DECLINED
        self.hold = any(line.hold for line in live)
        self.settled = bool(live) and all(line.settled for line in live)


def expected(
    messages: Iterable[Message], versions: Mapping[str, TermsVersion], rates: Iterable[ExchangeRate] = ()
) -> Expected:
    ordered = sorted(messages, key=lambda one: (one.at, RANK[one.report.status], -(one.report.goods or ZERO)))
    click = next((one.click for one in ordered if one.click), None)
    heard = _once([one for one in ordered if one.click in (None, click)])
    told = _told(heard)
    if click is None:
        problem = frozenset({ordered[0].problem or Reason.UNKNOWN_CLICK})
        return Expected(told.status, told.hold, told.settled, reasons=problem)
    terms = versions[click.terms_version]
    order_time = next((one.report.order_time for one in reversed(heard) if one.report.order_time), None)
    day = (order_time or heard[0].at).astimezone(ZoneInfo(terms.timezone)).date()
    rubles = {rate.currency: rate.rubles / rate.nominal for rate in rates if rate.day == day} | {"RUB": Decimal(1)}
    refused, flags = _circumstances(click, terms, order_time, heard)

    limit = (order_time or click.clicked_at) + timedelta(seconds=terms.window_days * 86_400)
    then = _told([one for one in heard if one.at <= limit])
    now, closing = _earned(told, click, terms, rubles), _earned(then, click, terms, rubles)
    confirmed = then.status is Status.APPROVED or then.hold
    late = not confirmed or Flag.AMOUNT_MISSING in closing.flags - now.flags
    every = told.lines
    old = Told(
        {name: line for name, line in every.items() if not _is_increase(name, line, then)},
        told.announced and then.announced,
    )
    if old.goods and not late:
        told, now = old, _earned(old, click, terms, rubles)
    declined = told.status is Status.DECLINED
    changed = Flag.RATE_MISSING not in closing.flags and (now.accrual, now.base) != (closing.accrual, closing.base)
    if heard[-1].at > limit and late and not declined:
        refused |= {Reason.LATE}
    elif heard[-1].at > limit and confirmed and (declined or changed or told.lines != every):
        flags |= {Flag.AFTER_WINDOW}
        now = now if declined else min(now, closing, key=lambda one: (one.accrual, one.base))
    unknown = now.flags & {Flag.AMOUNT_MISSING, Flag.RATE_MISSING}
    nothing = refused or now.reasons or unknown or declined
    return replace(
        now,
        status=Status.PENDING if unknown and not declined else told.status,
        hold=not declined and (told.hold or now.hold or Flag.ORDER_BEFORE_CLICK in flags),
        settled=told.settled,
        cashback=0 if nothing else int(now.accrual.quantize(Decimal(1), ROUND_HALF_UP)),
        reasons=now.reasons | refused,
        flags=now.flags | flags,
        click_id=click.click_id,
    )


def _once(messages: Sequence[Message]) -> list[Message]:
    """An event that comes again, of one line and with the same status, counts at its smallest key."""
    events = [(one.report.event_id, one.report.status, one.report.line_id) for one in messages]
    return [one for n, one in enumerate(messages) if one.report.event_id is None or events[n] not in events[:n]]


def _is_increase(name: str, line: Line, then: Told) -> bool:
    """A line that is first named after the window, unless it takes goods back."""
    return name not in then.lines and name != "" and (line.goods is None or line.goods >= 0)


def _said(by: object, *fields: str) -> dict[str, Any]:
    return {field: value for field in fields if (value := getattr(by, field)) is not None}


def _told(messages: Sequence[Message]) -> Told:
    """Each message says something of one line, of all, or replaces all: by a sum for the whole, or by its basket."""
    lines: dict[str, Line] = {}
    announced = None
    for report in (one.report for one in messages):
        said, goods = _said(report, "status", "hold", "settled", "currency", "tariff"), _said(report, "goods")
        so_far = Told(lines, announced)
        whole = lines.get("") or Line(so_far.status if lines else Status.PENDING, so_far.hold, so_far.settled)
        announced = None if report.basket else report.line_count or announced
        if report.basket:
            bare = replace(whole, goods=None)
            own = {one.line_id: _said(one, "goods", "tariff", "status") for one in report.basket}
            lines = {name: replace(lines.get(name, bare), **said | own[name]) for name in own}
        elif report.line_id:
            bare = replace(lines.get("", Line()), goods=None)
            lines = lines | {report.line_id: replace(lines.get(report.line_id, bare), **said | goods)}
            if report.line_id in Told(lines, None).goods:
                lines.pop("", None)
        elif goods or lines.keys() <= {""}:
            lines = {"": replace(whole, **said | goods)}
        else:
            lines = {name: replace(line, **said) for name, line in lines.items()}
    return Told(lines, announced)


def _earned(told: Told, click: Click, terms: TermsVersion, rubles: Mapping[str, Decimal]) -> Expected:
    """What the lines come to by the terms of the click; `hold` is ours."""
    entry = next((one for one in reversed(terms.terms) if one.valid_from <= click.clicked_at), None)
    tariffs, default, minimum = (
        (dict(entry.tariffs), entry.reward, entry.minimum_purchase) if entry else ({}, None, ZERO)
    )
    day = click.clicked_at.astimezone(ZoneInfo(terms.timezone)).date()
    boosts = [one.reward for one in terms.promotions if one.first_day <= day <= one.last_day]
    flags = {Flag.AMOUNT_MISSING} if told.lacks_lines else set()
    priced: list[tuple[Decimal, list[Reward]]] = []
    for line in (one for one in told.lines.values() if one.status is not Status.DECLINED):
        own = tariffs.get(line.tariff or "", default)
        rewards = [own, *boosts] if own else []
        if own is None or (tariffs and line.tariff not in (None, *tariffs)):
            flags.add(Flag.TARIFF_UNKNOWN)
        if own and line.goods is None and (minimum or not any(one.fixed for one in rewards)):
            flags.add(Flag.AMOUNT_MISSING)
        if line.goods is not None and line.currency not in rubles:
            flags.add(Flag.RATE_MISSING)
        priced.append(((line.goods or ZERO) * rubles.get(line.currency, ZERO), rewards))
    base = max(sum((goods for goods, _ in priced), ZERO), ZERO)
    lasting = [(goods, [one for one in rewards if one.rate or one not in boosts]) for goods, rewards in priced]
    accrual = max(_sum(priced), _sum(lasting), ZERO)
    known = priced and not flags & {Flag.AMOUNT_MISSING, Flag.RATE_MISSING}
    returned = not base and any(goods < 0 for goods, _ in priced)
    reasons = set()
    if Flag.RATE_MISSING in flags or returned or (known and base < minimum):
        accrual = ZERO
    if known and base < minimum:
        reasons.add(Reason.BELOW_MIN_PURCHASE)
    elif known and accrual < terms.minimum_cashback:
        reasons.add(Reason.BELOW_MINIMUM)
    held = Flag.RATE_MISSING in flags or (Flag.TARIFF_UNKNOWN in flags and default is None)
    return Expected(told.status, held, told.settled, base, accrual, 0, frozenset(reasons), frozenset(flags))


def _sum(lines: Sequence[tuple[Decimal, list[Reward]]]) -> Decimal:
    """Each line by the best of its rewards, and what corrects it likewise; of fixed sums one a conversion."""
    shares, fixed = ZERO, ZERO
    for goods, rewards in lines:
        rate = max((one.rate for one in rewards if one.rate is not None), default=ZERO)
        sure = max((one.fixed for one in rewards if one.fixed is not None), default=ZERO)
        shares += goods * rate if sure <= abs(goods) * rate else ZERO
        fixed = max(fixed, sure) if sure > abs(goods) * rate and goods >= 0 else fixed
    return shares + fixed


def _circumstances(
    click: Click, terms: TermsVersion, order_time: datetime | None, heard: Sequence[Message]
) -> tuple[frozenset[Reason], frozenset[Flag]]:
    """What refuses an order, or is to be known of it, whatever was bought."""
    origin = next((one.report.origin for one in reversed(heard) if one.report.origin), None)
    refused = {
        Reason.NO_SHOPPER: click.shopper_id is None,
        Reason.SECOND_TAB: bool(order_time and click.superseded_at and order_time > click.superseded_at),
        Reason.SESSION_ENDED: bool(order_time and order_time > click.clicked_at + terms.session),
    } | {reason: origin is place and place not in terms.origins for place, reason in ELSEWHERE.items()}
    flags = {
        Flag.ORIGIN_UNVERIFIED: origin is None and click.device is Device.PHONE and not terms.origins >= {*ELSEWHERE},
        Flag.ORDER_TIME_UNKNOWN: order_time is None,
        Flag.ORDER_BEFORE_CLICK: bool(order_time and order_time < click.clicked_at - timedelta(seconds=300)),
    }
    reasons = frozenset(reason for reason, applies in refused.items() if applies)
    return reasons | {*click.refusals}, frozenset(flag for flag, applies in flags.items() if applies)
