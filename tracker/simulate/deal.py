"""What a partner promised at a click, and what the lines of an order earn by it: `programme.md`, a second time.

Nothing here is shared with `tracker.core`: whoever doubts one of the two reads the other. Sums are rubles.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple


class Reward(NamedTuple):
    """One of the two; neither: nothing was promised, and staff must look."""

    rate: Decimal | None = None  # a share: 0.05
    fixed: Decimal | None = None  # rubles, once an order


class Deal(NamedTuple):
    """What a partner promised at the moment of a click."""

    reward: Reward
    tariffs: Mapping[str, Reward]
    promotions: tuple[Reward, ...]  # that run at the click
    minimum_purchase: Decimal
    minimum_cashback: Decimal
    origins: frozenset[str]
    session_seconds: int
    window_days: int
    once_per_shopper: bool


class Line(NamedTuple):
    status: str
    hold: bool
    settled: bool
    goods: Decimal | None
    commission: Decimal | None
    currency: str | None
    tariff: str | None


class Earned(NamedTuple):
    base: Decimal = Decimal(0)
    accrual: Decimal = Decimal(0)
    reasons: frozenset[str] = frozenset()
    missing: bool = False  # a sum that the deal needs was not stated
    no_rate: bool = False  # a sum is in another currency, and nobody imports rates here: nothing is known
    tariff_unknown: bool = False
    unrated: bool = False  # a line of a tariff for which nothing was promised


def earn(lines: Collection[tuple[str, Line]], deal: Deal) -> Earned:
    """Base, minimum purchase, accrual, minimum of one ruble before rounding (section 0, Q-01, Q-03)."""
    active = [line for _, line in lines if line.status != "declined"]
    if not active:
        return Earned()
    no_rate = any(line.goods is not None and _rubles(line) is None for line in active)
    best = [_best_reward(line, deal) for line in active]
    base = sum((goods for line in active if (goods := _rubles(line)) is not None), Decimal(0))
    shares = [reward.rate * (_rubles(line) or 0) for line, reward in zip(active, best, strict=True) if reward.rate]
    fixed = [reward.fixed for reward in best if reward.fixed is not None]
    accrual = sum(shares, Decimal(0)) + max(fixed, default=Decimal(0))
    needs_sum = [line for line, reward in zip(active, best, strict=True) if reward.rate or deal.minimum_purchase]
    missing = any(line.goods is None for line in needs_sum)
    reasons: set[str] = set()
    if no_rate:
        base = accrual = Decimal(0)
    elif not missing:
        if base < deal.minimum_purchase:
            accrual = Decimal(0)
            reasons.add("below_min_purchase")
        elif accrual < deal.minimum_cashback:
            reasons.add("below_minimum")
    unknown = any(line.tariff and deal.tariffs and line.tariff not in deal.tariffs for line in active)
    unrated = Reward() in best
    return Earned(base, accrual, frozenset(reasons), missing, no_rate, unknown or unrated, unrated)


def _best_reward(line: Line, deal: Deal) -> Reward:
    """The best of the line's own reward and the promotions: they never add up (Q-09)."""
    own = deal.tariffs.get(line.tariff or "", deal.reward)
    goods = _rubles(line)
    offers = [own, *deal.promotions] if own != Reward() else [own]
    if goods is None:
        offers = [offer for offer in offers if offer.fixed is not None] or [own]
    return max(offers, key=lambda offer: offer.fixed if offer.fixed is not None else (offer.rate or 0) * (goods or 0))


def _rubles(line: Line) -> Decimal | None:
    """Other currencies have no rubles until their rate is known (Q-22)."""
    return line.goods if line.currency in (None, "RUB") else None


def half_up(accrual: Decimal) -> int:
    """To whole rubles as school teaches it (Q-02): 2.50 is 3."""
    return int(accrual + Decimal("0.5"))
