"""How much an order earns, in exact decimals (docs/rules.md, C-01...C-09; design, section 7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tracker.core.decision import LineDecision
from tracker.core.fold import Line, Stated
from tracker.core.money import CONTEXT, round_to_rubles
from tracker.core.partner import Reward, Terms
from tracker.core.reasons import Flag, Reason

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Earned:
    """`missing` means that a sum in rubles which the terms need was never stated: there is no verdict on it yet.

    `unrated` means that a line has no rate at all: it is held until staff decide.
    """

    base: Decimal
    rate: Decimal | None
    accrual: Decimal
    cashback: int
    reasons: tuple[Reason, ...] = ()
    flags: tuple[Flag, ...] = ()
    missing: bool = False
    unrated: bool = False
    lines: tuple[LineDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class _LineEarned:
    line: Line
    reward: Reward | None
    accrual: Decimal
    tariff_unknown: bool = False
    missing: bool = False


def earn(stated: Stated, terms: Terms | None, promotions: Sequence[Reward], minimum_cashback: Decimal) -> Earned:
    """What the lines that were not declined earn under the terms of the click. A promotion's fixed sum counts once a
    conversion, so what it replaces on several lines may be more: the best of both counts."""
    earned = _earn(stated, terms, promotions, minimum_cashback)
    shares = [reward for reward in promotions if reward.fixed is None]
    if len(shares) == len(promotions):
        return earned
    without = _earn(stated, terms, shares, minimum_cashback)
    return without if not without.missing and without.accrual > earned.accrual else earned


def _earn(stated: Stated, terms: Terms | None, promotions: Sequence[Reward], minimum_cashback: Decimal) -> Earned:
    each = [_earn_line(line, terms, promotions) for line in stated.active]
    base = _total(line.goods for line in stated.active if in_rubles(line))
    missing = stated.incomplete or any(one.missing for one in each)
    accrual = CONTEXT.add(
        _total(one.accrual for one in each if one.reward and one.reward.rate is not None),
        max((one.accrual for one in each if one.reward and one.reward.fixed is not None), default=_ZERO),
    )
    minimum = terms.minimum_purchase if terms else _ZERO
    if minimum > 0 and any(line.goods is None for line in stated.active):
        missing = True
    reasons: tuple[Reason, ...] = ()
    if not missing and each:
        if base < minimum:
            accrual, reasons = _ZERO, (Reason.BELOW_MIN_PURCHASE,)
        elif accrual < minimum_cashback:
            reasons = (Reason.BELOW_MINIMUM,)
    rates = {one.reward.rate if one.reward else None for one in each}
    return Earned(
        base=base,
        rate=rates.pop() if len(rates) == 1 else None,
        accrual=accrual,
        cashback=0 if reasons or missing else round_to_rubles(accrual),
        reasons=reasons,
        flags=(Flag.TARIFF_UNKNOWN,) if any(one.tariff_unknown for one in each) else (),
        missing=missing,
        unrated=any(one.reward is None for one in each),
        lines=_line_decisions(stated, each),
    )


def _earn_line(line: Line, terms: Terms | None, promotions: Sequence[Reward]) -> _LineEarned:
    """The largest of the line's own reward and the promotions that ran at the click; they do not add up."""
    own, unknown = _own_reward(line, terms)
    if own is None:
        return _LineEarned(line, None, _ZERO, tariff_unknown=True)
    candidates = [own, *promotions]
    if line.goods is None or not in_rubles(line):
        fixed = [reward for reward in candidates if reward.fixed is not None]
        if not fixed:
            return _LineEarned(line, own, _ZERO, unknown, missing=True)
        candidates = fixed
    best = max(candidates, key=lambda reward: _value(reward, line.goods))
    return _LineEarned(line, best, _value(best, line.goods), unknown)


def in_rubles(line: Line) -> bool:
    """Without a dated exchange rate the rubles of another currency are not known."""
    return line.currency in (None, "RUB")


def _own_reward(line: Line, terms: Terms | None) -> tuple[Reward | None, bool]:
    """The line's tariff, else the partner's rate; and whether the tariff is one that the terms do not know."""
    if terms is None:
        return None, True
    if line.tariff is not None and terms.tariffs:
        known = dict(terms.tariffs)
        return known.get(line.tariff, terms.reward), line.tariff not in known
    return terms.reward, False


def _value(reward: Reward, goods: Decimal | None) -> Decimal:
    if reward.fixed is not None:
        return reward.fixed
    return CONTEXT.multiply(goods or _ZERO, reward.rate or _ZERO)


def _line_decisions(stated: Stated, each: Sequence[_LineEarned]) -> tuple[LineDecision, ...]:
    earned = {one.line.line_id: one for one in each}
    return tuple(
        LineDecision(
            line_id=line.line_id,
            status=line.status,
            goods=line.goods,
            currency=line.currency,
            tariff=line.tariff,
            commission=line.commission,
            rate=one.reward.rate if (one := earned.get(line.line_id)) and one.reward else None,
            accrual=one.accrual if one else _ZERO,
        )
        for line in stated.lines
    )


def _total(sums: Iterable[Decimal | None]) -> Decimal:
    total = _ZERO
    for one in sums:
        total = CONTEXT.add(total, one or _ZERO)
    return total
