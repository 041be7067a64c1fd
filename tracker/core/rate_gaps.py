"""Days on which no rate is published: the last one is in force until the next (docs/rules.md, C-12)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from tracker.core.rates import ExchangeRate

LONGEST_GAP = 14  # days: longer than any holidays, so what is longer was forgotten


def fill_gaps(rates: Iterable[ExchangeRate]) -> list[ExchangeRate]:
    """The days between two that are known, with the earlier one's rate. The last day is not extended."""
    filled = []
    for rate, following in pairwise(sorted(rates, key=lambda one: one.key)):
        gap = (following.day - rate.day).days - 1
        if rate.currency == following.currency and 0 < gap <= LONGEST_GAP:
            filled += [_in_force(rate, later) for later in range(1, gap + 1)]
    return filled


def _in_force(rate: ExchangeRate, later: int) -> ExchangeRate:
    source = rate.source if "in force since" in rate.source else f"{rate.source}, in force since {rate.day}"
    return replace(rate, day=rate.day + timedelta(days=later), source=source)
