"""How much an order earns, in exact decimals (docs/rules.md, C-01...C-13; design, section 7)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tracker.core.decision import LineDecision
from tracker.core.fold import Line, Stated
from tracker.core.money import CONTEXT, round_to_rubles, total
from tracker.core.partner import Reward, Terms
from tracker.core.rates import DayRates, in_rubles
from tracker.core.reasons import Flag, Reason

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Earned:
    """`missing` means that a sum which the terms need was never stated: there is no verdict on it yet.

    `unrated` means that a line has no rate at all: it is held until staff decide. `unconverted` means that a sum is in
    a currency without an exchange rate of its day: it is held until there is one.
    """

    base: Decimal
    rate: Decimal | None
    accrual: Decimal
    cashback: int
    reasons: tuple[Reason, ...] = ()
    flags: tuple[Flag, ...] = ()
    missing: bool = False
    unrated: bool = False
    unconverted: bool = False
    lines: tuple[LineDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class _LineEarned:
    line: Line
    rubles: Decimal | None
    reward: Reward | None
    accrual: Decimal = _ZERO
    tariff_unknown: bool = False
    missing: bool = False


def earn(
    stated: Stated, terms: Terms | None, promotions: Sequence[Reward], minimum_cashback: Decimal, rates: DayRates
) -> Earned:
    """What the lines that were not declined earn under the terms of the click, with the exchange `rates` of its day. A
    promotion's fixed sum counts once a conversion, so what it replaces on several lines may be more: the best of both
    counts."""
    unconverted = any(
        line.goods is not None and in_rubles(line.goods, line.currency, rates) is None for line in stated.active
    )
    rates = {} if unconverted else rates  # all or nothing: half of an order is no base
    earned = _earn(stated, terms, promotions, minimum_cashback, rates)
    shares = [reward for reward in promotions if reward.fixed is None]
    if len(shares) < len(promotions):
        without = _earn(stated, terms, shares, minimum_cashback, rates)
        earned = without if not without.missing and without.accrual > earned.accrual else earned
    if not unconverted:
        return earned
    return replace(earned, base=_ZERO, accrual=_ZERO, cashback=0, reasons=(), unconverted=True)


def _earn(
    stated: Stated, terms: Terms | None, promotions: Sequence[Reward], minimum_cashback: Decimal, rates: DayRates
) -> Earned:
    bought = [_earn_line(line, terms, promotions, rates) for line in stated.active if not line.correction]
    shares = [one.reward for one in bought if one.reward and one.reward.rate is not None]
    corrections = [line for line in stated.active if line.correction]
    each = bought + [_take_back(line, terms, promotions, rates, shares) for line in corrections]
    base = max(total(one.rubles for one in each), _ZERO)
    missing = stated.incomplete or any(one.missing for one in each)
    accrual = CONTEXT.add(
        total(one.accrual for one in each if one.reward and one.reward.rate is not None),
        max((one.accrual for one in each if one.reward and one.reward.fixed is not None), default=_ZERO),
    )
    taken_back = any(line.correction for line in stated.active) and base == 0
    accrual = _ZERO if taken_back else max(accrual, _ZERO)
    minimum = terms.minimum_purchase if terms else _ZERO
    if minimum > 0 and any(line.goods is None for line in stated.active):
        missing = True
    reasons: tuple[Reason, ...] = ()
    if not missing and each:
        if base < minimum:
            accrual, reasons = _ZERO, (Reason.BELOW_MIN_PURCHASE,)
        elif accrual < minimum_cashback:
            reasons = (Reason.BELOW_MINIMUM,)
    rated = {one.reward.rate if one.reward else None for one in each}
    return Earned(
        base=base,
        rate=rated.pop() if len(rated) == 1 else None,
        accrual=accrual,
        cashback=0 if reasons or missing else round_to_rubles(accrual),
        reasons=reasons,
        flags=(Flag.TARIFF_UNKNOWN,) if any(one.tariff_unknown for one in each) else (),
        missing=missing,
        unrated=any(one.reward is None for one in each),
        lines=_line_decisions(stated, each),
    )


def _earn_line(line: Line, terms: Terms | None, promotions: Sequence[Reward], rates: DayRates) -> _LineEarned:
    """The largest of the line's own reward and the promotions that ran at the click; they do not add up."""
    rubles = in_rubles(line.goods, line.currency, rates)
    own, unknown = _own_reward(line, terms)
    if own is None:
        return _LineEarned(line, rubles, None, tariff_unknown=True)
    candidates = [own, *promotions]
    if rubles is None:
        fixed = [reward for reward in candidates if reward.fixed is not None]
        if not fixed:
            return _LineEarned(line, None, own, tariff_unknown=unknown, missing=line.goods is None)
        candidates = fixed
    best = max(candidates, key=lambda reward: _value(reward, rubles or _ZERO))
    return _LineEarned(line, rubles, best, _value(best, rubles or _ZERO), tariff_unknown=unknown)


def _take_back(
    line: Line, terms: Terms | None, promotions: Sequence[Reward], rates: DayRates, shares: Sequence[Reward]
) -> _LineEarned:
    """By a share, whatever the size, so that many small corrections are one large one: by the largest that its own
    tariff and the promotions have, else of those that what was bought earns by. Of fixed sums alone: nothing."""
    rubles = in_rubles(line.goods, line.currency, rates)
    own, unknown = _own_reward(line, terms)
    if own is None:
        return _LineEarned(line, rubles, None, tariff_unknown=True)
    if not shares:
        return _LineEarned(line, rubles, own, tariff_unknown=unknown)
    by_share = [reward for reward in (own, *promotions) if reward.rate is not None] or shares
    best = max(by_share, key=lambda reward: reward.rate or _ZERO)
    return _LineEarned(line, rubles, best, _value(best, rubles or _ZERO), tariff_unknown=unknown)


def _own_reward(line: Line, terms: Terms | None) -> tuple[Reward | None, bool]:
    """The line's tariff, else the partner's rate; and whether the tariff is one that the terms do not know."""
    if terms is None:
        return None, True
    if line.tariff is not None and terms.tariffs:
        known = dict(terms.tariffs)
        return known.get(line.tariff, terms.reward), line.tariff not in known
    return terms.reward, False


def _value(reward: Reward, rubles: Decimal) -> Decimal:
    if reward.fixed is not None:
        return reward.fixed
    return CONTEXT.multiply(rubles, reward.rate or _ZERO)


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
