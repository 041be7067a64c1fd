"""What an order must come to, told a second time: from the contract (design 6 and 7, docs/rules.md), by somebody else
than who wrote `tracker/core`, and with nothing in common but its data classes. Naive on purpose.

Left out: what staff did, what the tag saw, commissions, and rewards that are due once a shopper.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tracker.core.click import Click, Device
from tracker.core.order import Message
from tracker.core.partner import Origin, Reward, TermsVersion
from tracker.core.rates import ExchangeRate
from tracker.core.reasons import Flag, Reason
from tracker.core.report import Report, Status

ZERO = Decimal(0)
RANK = {None: 0, Status.PENDING: 1, Status.APPROVED: 2, Status.DECLINED: 3}
ELSEWHERE = {Origin.APP: Reason.PARTNER_APP, Origin.MOBILE_WEB: Reason.PARTNER_MOBILE_VERSION}
UNKNOWN = {Flag.AMOUNT_MISSING, Flag.RATE_MISSING}

Line = Mapping[str, Any]  # what is known of a line, by the names of a report's fields
Lines = Mapping[str, Line]  # by their ids; "" is the order as a whole
NEW = {"status": Status.PENDING, "hold": False, "settled": False, "goods": None, "currency": None, "tariff": None}


class Told(NamedTuple):
    lines: Lines
    announced: int | None = None


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


def expected(
    messages: Iterable[Message], versions: Mapping[str, TermsVersion], rates: Iterable[ExchangeRate] = ()
) -> Expected:
    ordered = sorted(messages, key=lambda one: (one.at, RANK[one.report.status], -(one.report.goods or ZERO)))
    click = next((one.click for one in ordered if one.click), None)
    heard = _once([one for one in ordered if one.click in (None, click)])
    told = _told(heard)
    if click is None:
        return Expected(*_stands(told), reasons=frozenset({ordered[0].problem or Reason.UNKNOWN_CLICK}))
    terms = versions[click.terms_version]
    order_time = next((one.report.order_time for one in reversed(heard) if one.report.order_time), None)
    day = (order_time or heard[0].at).astimezone(ZoneInfo(terms.timezone)).date()
    rubles = {rate.currency: rate.rubles / rate.nominal for rate in rates if rate.day == day} | {"RUB": Decimal(1)}
    refused, flags = _circumstances(click, terms, order_time, heard)

    limit = (order_time or click.clicked_at) + timedelta(seconds=terms.window_days * 86_400)
    then = _told([one for one in heard if one.at <= limit])
    now, closing = _earned(told, click, terms, rubles), _earned(then, click, terms, rubles)
    status, hold, _ = _stands(then)
    confirmed = status is Status.APPROVED or hold
    late = not confirmed or Flag.AMOUNT_MISSING in closing.flags - now.flags
    every, grown = told.lines, _bought(told.lines).keys() - then.lines.keys() - {""}  # first named after the window
    old = Told({name: every[name] for name in every.keys() - grown}, told.announced and then.announced)
    if _bought(old.lines) and not late:
        told, now = old, _earned(old, click, terms, rubles)
    status, hold, settled = _stands(told)
    declined = status is Status.DECLINED
    changed = (now.accrual, now.base) != (closing.accrual, closing.base)
    if heard[-1].at > limit and late and not declined:
        refused |= {Reason.LATE}
    elif heard[-1].at > limit and confirmed and (declined or changed or told.lines != every):
        flags |= {Flag.AFTER_WINDOW}
        now = now if declined else min(now, closing, key=lambda one: (one.accrual, one.base))
    unknown = now.flags & UNKNOWN
    nothing = refused or now.reasons or unknown or declined
    return replace(
        now,
        status=Status.PENDING if unknown and not declined else status,
        hold=not declined and (hold or now.hold or Flag.ORDER_BEFORE_CLICK in flags),
        settled=settled,
        cashback=0 if nothing else int(now.accrual.quantize(Decimal(1), ROUND_HALF_UP)),
        reasons=now.reasons | refused,
        flags=now.flags | flags,
        click_id=click.click_id,
    )


def _once(messages: Sequence[Message]) -> list[Message]:
    """An event that comes again, of one line and with the same status, counts at its smallest key."""
    events = [(one.report.event_id, one.report.status, one.report.line_id) for one in messages]
    return [one for n, one in enumerate(messages) if one.report.event_id is None or events[n] not in events[:n]]


def _bought(lines: Lines) -> Lines:
    """Without what takes back."""
    return {name: line for name, line in lines.items() if (line.get("goods") or ZERO) >= 0}


def _lacks_lines(told: Told) -> bool:
    return "" not in told.lines and 0 < len(_bought(told.lines)) < (told.announced or 0)


def _stands(told: Told) -> tuple[Status, bool, bool]:
    bought = _bought(told.lines).values()
    live = [line for line in bought if line["status"] is not Status.DECLINED]
    waits = _lacks_lines(told) or not bought or any(line["status"] is Status.PENDING for line in live)
    status = Status.PENDING if waits else Status.APPROVED if live else Status.DECLINED
    return status, any(line["hold"] for line in live), bool(live) and all(line["settled"] for line in live)


def _told(messages: Sequence[Message]) -> Told:
    """Each message says something of one line, of all, or replaces all: by a sum for the whole, or by its basket."""
    told, said_before = Told({}), dict[str, Line]()
    for report in (one.report for one in messages):
        name, lines, said = report.line_id, told.lines, _said(report)
        currencies = {line["currency"] for line in lines.values()} - {None}
        new = {**NEW, **dict(zip(("status", "hold", "settled"), _stands(told), strict=True))}
        new["currency"] = min(currencies) if len(currencies) == 1 else None
        whole = lines.get("", new)
        announced = None if report.basket else report.line_count or told.announced
        if report.basket:
            own = {one.line_id: {**said, **_said(one)} for one in report.basket}
            lines = {name: {**lines.get(name, {**whole, "goods": None}), **own[name]} for name in own}
        elif name and not _is_summed_up(report, lines, said_before, announced or 0):
            start = lines.get("", NEW if _bought({name: said}) else new)
            lines = {**lines, name: _over(lines.get(name, {**start, "goods": None}), said)}
            lines = {one: line for one, line in lines.items() if one or name not in _bought(lines)}
        elif not name and ("goods" in said or lines.keys() <= {""}):
            lines = {"": _over(whole, said)}
        elif not name:
            lines = {one: _over(line, said) for one, line in lines.items()}
        if name:
            said_before[name] = {**said_before.get(name, {}), **said}
        usual = {"currency": report.currency_if_new}
        told = Told({one: line if line["currency"] else {**line, **usual} for one, line in lines.items()}, announced)
    return told


def _over(line: Line, said: Line) -> Line:
    """A currency that is said without a sum is not that of a sum stated before."""
    alone = "goods" not in said and line["goods"] is not None and line["currency"]
    return {**line, **said, **({"currency": line["currency"]} if alone else {})}


def _said(by: object) -> Line:
    return {field: value for field in NEW if (value := getattr(by, field, None)) is not None}


def _is_summed_up(report: Report, lines: Lines, said_before: Lines, announced: int) -> bool:
    """A sum took the place of the lines; one of them says the same again, or was announced and comes only now."""
    if "" not in lines or report.line_id in lines:
        return False
    if report.line_id in said_before:
        return all(said_before[report.line_id].get(field) == value for field, value in _said(report).items())
    return 0 < len(_bought(said_before)) < announced and (report.goods or ZERO) >= 0


def _earned(told: Told, click: Click, terms: TermsVersion, rubles: Mapping[str, Decimal]) -> Expected:
    """What the lines come to by the terms of the click; `hold` is ours."""
    entry = next((one for one in reversed(terms.terms) if one.valid_from <= click.clicked_at), None)
    tariffs, default, minimum = (
        (dict(entry.tariffs), entry.reward, entry.minimum_purchase) if entry else ({}, None, ZERO)
    )
    day = click.clicked_at.astimezone(ZoneInfo(terms.timezone)).date()
    boosts = [one.reward for one in terms.promotions if one.first_day <= day <= one.last_day]
    flags = {Flag.AMOUNT_MISSING} if _lacks_lines(told) else set()
    priced: list[tuple[Decimal, list[Reward]]] = []
    for line in (one for one in told.lines.values() if one["status"] is not Status.DECLINED):
        goods, tariff, currency = line["goods"], line["tariff"], line["currency"] or "RUB"
        own = tariffs.get(tariff or "", default)
        rewards = [own, *boosts] if own else []
        if own is None or (tariffs and tariff not in (None, *tariffs)):
            flags.add(Flag.TARIFF_UNKNOWN)
        if own and goods is None and (minimum or not any(one.fixed for one in rewards)):
            flags.add(Flag.AMOUNT_MISSING)
        if goods is not None and currency not in rubles:
            flags.add(Flag.RATE_MISSING)
        priced.append(((goods or ZERO) * rubles.get(currency, ZERO), rewards))
    base = ZERO if Flag.RATE_MISSING in flags else max(sum((goods for goods, _ in priced), ZERO), ZERO)
    lasting = [(goods, [one for one in rewards if one.rate or one not in boosts]) for goods, rewards in priced]
    accrual = max(_sum(priced), _sum(lasting), ZERO)
    known = priced and not flags & UNKNOWN
    returned = not base and any(goods < 0 for goods, _ in priced)
    if Flag.RATE_MISSING in flags or returned or (known and base < minimum):
        accrual = ZERO
    small = Reason.BELOW_MIN_PURCHASE if base < minimum else Reason.BELOW_MINIMUM
    reasons = frozenset({small} if known and (base < minimum or accrual < terms.minimum_cashback) else ())
    held = Flag.RATE_MISSING in flags or (Flag.TARIFF_UNKNOWN in flags and default is None)
    return Expected(
        Status.PENDING, held, settled=False, base=base, accrual=accrual, reasons=reasons, flags=frozenset(flags)
    )


def _sum(lines: Sequence[tuple[Decimal, list[Reward]]]) -> Decimal:
    """Each line by the best of its rewards; of fixed sums one a conversion. Corrections, by a share if any line is."""
    rates, shares, fixed = list[Decimal](), ZERO, ZERO
    for goods, rewards in sorted(lines, key=lambda one: one[0] < 0):
        rate = max((one.rate for one in rewards if one.rate), default=None)
        sure = max((one.fixed for one in rewards if one.fixed), default=ZERO)
        if goods < 0:
            shares += goods * (rate or max(rates)) if rates and rewards else ZERO
        elif rate is None or goods * rate < sure:
            fixed = max(fixed, sure)
        else:
            rates.append(rate)
            shares += goods * rate
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
