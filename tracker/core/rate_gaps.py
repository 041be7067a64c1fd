"""Days on which no rate is published: the last one is in force until the next (docs/rules.md, C-12)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from tracker.core.rates import ExchangeRate, RateKey

LONGEST_GAP = 14  # days: longer than any holidays, so what is longer was forgotten


class Gap(NamedTuple):
    """Days without a rate, between two that have one."""

    currency: str
    first: date
    last: date


def fill_gaps(rates: Iterable[ExchangeRate], of_a_file: Collection[RateKey] | None = None) -> list[ExchangeRate]:
    """The days between two that are known, with the earlier one's rate. The last day is not extended. With `of_a_file`,
    only between two of its days: a day that is missing beside a file may have been forgotten."""
    return [
        _in_force(rate, later)
        for rate, following, days in _between(rates)
        if days <= LONGEST_GAP and (of_a_file is None or {rate.key, following.key} <= set(of_a_file))
        for later in range(1, days + 1)
    ]


def gaps(rates: Iterable[ExchangeRate]) -> list[Gap]:
    """By currency and day."""
    day = timedelta(days=1)
    return [Gap(rate.currency, rate.day + day, following.day - day) for rate, following, _ in _between(rates)]


def _between(rates: Iterable[ExchangeRate]) -> Iterator[tuple[ExchangeRate, ExchangeRate, int]]:
    for rate, following in pairwise(sorted(rates, key=lambda one: one.key)):
        days = (following.day - rate.day).days - 1
        if rate.currency == following.currency and days > 0:
            yield rate, following, days


def _in_force(rate: ExchangeRate, later: int) -> ExchangeRate:
    source = rate.source if "in force since" in rate.source else f"{rate.source}, in force since {rate.day}"
    return replace(rate, day=rate.day + timedelta(days=later), source=source)
