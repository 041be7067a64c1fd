"""The decision about one conversion: a pure function of its messages, its click's terms and staff's overrides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from tracker.core import attribution
from tracker.core.cashback import Earned, earn
from tracker.core.click import Click
from tracker.core.decision import Decision, LineDecision
from tracker.core.fold import Stated, fold, in_order, own_messages, owner
from tracker.core.money import CONTEXT
from tracker.core.order import Message, Order, OverrideKind
from tracker.core.partner import TermsVersion
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
    nothing = earn(stated, None, (), Decimal(1))
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
        commission=_commission(stated),
        currency=_currency(stated),
        promo_code=stated.promo_code,
        lines=nothing.lines,
    )


@dataclass(frozen=True, slots=True)
class _Windowed:
    """What an order earns with the window applied."""

    earned: Earned
    late: bool
    after_window: bool


def _matched(
    order: Order, click: Click, messages: Sequence[Message], terms: TermsVersion, *, rewarded_elsewhere: bool
) -> Decision:
    stated = fold(messages)
    overrides = {override.kind for override in order.overrides}
    deadline = attribution.confirm_by(click, stated.order_time, terms.window_days)
    windowed = _in_window(messages, stated, deadline, click, terms)
    late = windowed.late and OverrideKind.CREDIT_LATE not in overrides
    earned = _earned(stated, click, terms) if windowed.late else windowed.earned
    declined = stated.status is Status.DECLINED

    reasons: list[Reason] = [Reason.LATE] if late and not declined else []
    reasons += attribution.refusals(click, stated, terms)
    if rewarded_elsewhere and not declined:
        reasons.append(Reason.ACTION_ALREADY_REWARDED)
    reasons += earned.reasons
    flags = [*attribution.flags(click, stated, terms), *earned.flags]
    flags += [Flag.AMOUNT_MISSING] if earned.missing else []
    flags += [Flag.AFTER_WINDOW] if windowed.after_window else []
    held = () if declined or OverrideKind.RELEASE in overrides else _held_by_us(flags, earned, stated)
    waiting = stated.status is Status.APPROVED and earned.missing
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
        first_approved_at=stated.first_approved_at,
        commission=_commission(stated),
        currency=_currency(stated),
        promo_code=stated.promo_code,
        lines=earned.lines,
    )


def _earned(stated: Stated, click: Click, terms: TermsVersion) -> Earned:
    """At the terms and promotions of the click (Q-09)."""
    boosts = [promotion.reward for promotion in promotions_at(terms, click.clicked_at)]
    return earn(stated, terms_at(terms, click.clicked_at), boosts, terms.minimum_cashback)


def _in_window(
    messages: Sequence[Message], stated: Stated, deadline: datetime, click: Click, terms: TermsVersion
) -> _Windowed:
    """After the window returns apply at any age, increases do not; a first confirmation is late (Q-05b)."""
    now = _earned(stated, click, terms)
    news = [message for message in messages if message.at > deadline]
    if not news:
        return _Windowed(now, late=False, after_window=False)
    at_close = fold(messages, until=deadline)
    if not at_close.confirmed:
        return _Windowed(now, late=True, after_window=False)
    before = _earned(at_close, click, terms)
    if stated.status is Status.DECLINED:
        return _Windowed(now, late=False, after_window=True)
    grown = (now.base, now.accrual) > (before.base, before.accrual) or now.accrual > before.accrual
    changed = (now.base, now.accrual) != (before.base, before.accrual)
    earned = replace(before, lines=_counted_before(now.lines, before.lines)) if grown else now
    return _Windowed(earned, late=False, after_window=changed)


def _counted_before(said: Iterable[LineDecision], counted: Iterable[LineDecision]) -> tuple[LineDecision, ...]:
    """Lines as they were last stated, with what each earned when the window closed."""
    at_close = {line.line_id: (line.rate, line.accrual) for line in counted}
    lines = []
    for line in said:
        rate, accrual = at_close.get(line.line_id, (None, Decimal(0)))
        lines.append(replace(line, rate=rate, accrual=accrual))
    return tuple(lines)


def _held_by_us(flags: Sequence[Flag], earned: Earned, stated: Stated) -> tuple[Flag, ...]:
    """Why staff must look before this is paid."""
    held: list[Flag] = [Flag.ORDER_BEFORE_CLICK] if Flag.ORDER_BEFORE_CLICK in flags else []
    held += [Flag.TARIFF_UNKNOWN] if earned.unrated else []
    held += [Flag.AMOUNT_MISSING] if _currency(stated) != "RUB" else []
    return tuple(held)


def _commission(stated: Stated) -> Decimal | None:
    sums = [line.commission for line in stated.active if line.commission is not None]
    total = Decimal(0)
    for one in sums:
        total = CONTEXT.add(total, one)
    return total if sums else None


def _currency(stated: Stated) -> str:
    named = [line.currency for line in stated.lines if line.currency]
    return named[-1] if named else "RUB"
