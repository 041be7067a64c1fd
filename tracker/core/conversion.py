"""The decision about one conversion: a pure function of its messages, its click's terms and staff's overrides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from tracker.core import attribution
from tracker.core.cashback import Earned, earn
from tracker.core.click import Click
from tracker.core.decision import Decision, LineDecision
from tracker.core.fold import Stated, commission_of, fold, in_order, own_messages, owner
from tracker.core.order import Message, Order, OverrideKind
from tracker.core.order_rates import day_rates, order_day
from tracker.core.partner import TermsVersion
from tracker.core.rates import RUBLES, DayRates, is_foreign
from tracker.core.reasons import Flag, Reason
from tracker.core.report import Status
from tracker.core.terms import promotions_at, terms_at


def judge(order: Order, terms: Mapping[str, TermsVersion], *, rewarded_elsewhere: bool = False) -> Decision:
    """Decide what an order earns. `terms` holds the terms version of each click that the order's messages name.

    `rewarded_elsewhere` tells that this shopper already has the partner's once-per-shopper reward for another order.
    """
    click = owner(order)
    messages = own_messages(order, click)
    if click is None:
        return _unmatched(order, fold(messages))
    return _matched(order, click, messages, terms[click.terms_version], rewarded_elsewhere=rewarded_elsewhere)


def _unmatched(order: Order, stated: Stated) -> Decision:
    """Shown and claimable, never paid by itself."""
    problems = (message.problem or Reason.UNKNOWN_CLICK for message in in_order(order.messages))
    nothing = earn(stated, None, (), Decimal(1), {})
    return Decision(
        status=stated.status,
        hold=stated.hold,
        settled=stated.settled,
        base=nothing.base,
        rate=None,
        accrual=Decimal(0),
        cashback=0,
        reasons=tuple(dict.fromkeys(problems)),
        origin=stated.origin,
        order_time=stated.order_time,
        first_approved_at=stated.first_approved_at,
        commission=commission_of(stated.active),
        currency=_currency(stated),
        promo_code=stated.promo_code,
        lines=nothing.lines,
    )


@dataclass(frozen=True, slots=True)
class _Windowed:
    """An order with the window applied: what counts of what was stated, and what that earns."""

    stated: Stated
    earned: Earned
    late: bool = False
    after_window: bool = False


def _matched(
    order: Order, click: Click, messages: Sequence[Message], terms: TermsVersion, *, rewarded_elsewhere: bool
) -> Decision:
    last = fold(messages)
    deadline = attribution.confirm_by(click, last.order_time, terms.window_days)
    day = order_day(last.order_time, messages, terms)
    rates = day_rates(order, day)
    in_time = [one for one in messages if _in_time(one, order, deadline)]
    windowed = _in_window(last, None if len(in_time) == len(messages) else in_time, _Earning(click, terms, rates))
    stated, earned = windowed.stated, windowed.earned
    declined = stated.status is Status.DECLINED
    released = any(override.kind is OverrideKind.RELEASE for override in order.overrides)

    reasons: list[Reason] = [Reason.LATE] if windowed.late and not declined else []
    heard_at = min(message.received_at for message in order.messages)
    reasons += attribution.refusals(click, stated, terms, confirmations=order.confirmations, heard_at=heard_at)
    if rewarded_elsewhere and not declined:
        reasons.append(Reason.ACTION_ALREADY_REWARDED)
    reasons += earned.reasons
    flags = [*attribution.flags(click, stated, terms), *earned.flags]
    flags += [Flag.AMOUNT_MISSING] if earned.missing else []
    flags += [Flag.RATE_MISSING] if earned.unconverted else []
    flags += [Flag.AFTER_WINDOW] if windowed.after_window else []
    held = () if declined or released else _held_by_us(flags, earned)
    waiting = stated.status is Status.APPROVED and (earned.missing or earned.unconverted)
    currency = _currency(last)
    rate = None if earned.unconverted else rates.get(currency)
    return Decision(
        status=Status.PENDING if waiting else stated.status,
        hold=stated.hold or bool(held),
        settled=stated.settled,
        base=earned.base,
        rate=earned.rate,
        accrual=earned.accrual,
        cashback=0 if reasons or declined else earned.cashback,
        reasons=tuple(reasons),
        flags=tuple(flags),
        held_by_us=held,
        click=click,
        origin=stated.origin,
        order_time=stated.order_time,
        confirm_by=deadline,
        first_approved_at=last.first_approved_at,
        commission=commission_of(last.active),
        currency=currency,
        promo_code=last.promo_code,
        lines=earned.lines,
        exchange_rate=None if rate is None else rate.rubles_per_unit,
        exchange_day=day if any(is_foreign(line.currency) for line in last.lines) else None,
    )


@dataclass(frozen=True, slots=True)
class _Earning:
    """What an order of this click earns: by the terms and promotions of the click (Q-09), in rubles of its own day."""

    click: Click
    terms: TermsVersion
    rates: DayRates

    def of(self, stated: Stated) -> Earned:
        at = self.click.clicked_at
        boosts = [promotion.reward for promotion in promotions_at(self.terms, at)]
        return earn(stated, terms_at(self.terms, at), boosts, self.terms.minimum_cashback, self.rates)


def _in_time(message: Message, order: Order, deadline: datetime) -> bool:
    """Within the window, or known to staff when they credited what was late: what comes after that is late again."""
    credited = [one.at for one in order.overrides if one.kind is OverrideKind.CREDIT_LATE]
    return message.at <= deadline or (bool(credited) and message.received_at <= max(credited))


def _in_window(stated: Stated, in_time: Sequence[Message] | None, earning: _Earning) -> _Windowed:
    """After the window returns apply at any age, increases do not; a first confirmation is late (Q-05b). `in_time`
    None: every message is."""
    now = earning.of(stated)
    if in_time is None:
        return _Windowed(stated, now)
    at_close = fold(in_time)
    before = earning.of(at_close)
    if not at_close.confirmed:
        return _Windowed(stated, now, late=True)
    declined = stated.status is Status.DECLINED
    if before.missing and not now.missing and not declined:
        return _Windowed(stated, now, late=True)
    counted = stated if declined else _of_lines_known(stated, at_close)
    if counted.status is Status.DECLINED:
        return _Windowed(counted, earning.of(counted), after_window=True)
    now = earning.of(counted)
    grown = (now.accrual, now.base) > (before.accrual, before.base)
    changed = (now.base, now.accrual) != (before.base, before.accrual) or counted.lines != stated.lines
    earned = before if grown else now
    lines = _counted(earning.of(stated).lines, earned.lines)
    return _Windowed(counted, replace(earned, lines=lines), after_window=changed)


def _of_lines_known(stated: Stated, at_close: Stated) -> Stated:
    """Without lines that were first named after the window: they are an increase, unless they take something back.
    Where the partner names none of the lines of then any more, it states the same order in other lines, and all of them
    count."""
    known = {line.line_id for line in at_close.lines}
    lines = tuple(line for line in stated.lines if line.line_id in known or line.correction)
    if all(line.correction for line in lines):
        return stated
    return replace(stated, lines=lines, line_count=at_close.line_count if stated.line_count else None)


def _counted(said: Iterable[LineDecision], counted: Iterable[LineDecision]) -> tuple[LineDecision, ...]:
    """Lines as they were last stated, with what each of them counts for."""
    counts = {line.line_id: (line.rate, line.accrual) for line in counted}
    lines = []
    for line in said:
        rate, accrual = counts.get(line.line_id, (None, Decimal(0)))
        lines.append(replace(line, rate=rate, accrual=accrual))
    return tuple(lines)


def _held_by_us(flags: Sequence[Flag], earned: Earned) -> tuple[Flag, ...]:
    """Why staff must look before this is paid."""
    held: list[Flag] = [Flag.ORDER_BEFORE_CLICK] if Flag.ORDER_BEFORE_CLICK in flags else []
    held += [Flag.TARIFF_UNKNOWN] if earned.unrated else []
    held += [Flag.RATE_MISSING] if earned.unconverted else []
    return tuple(held)


def _currency(stated: Stated) -> str:
    named = [line.currency for line in stated.lines if line.currency]
    return named[-1] if named else RUBLES
