"""Adds a reconciliation up as it streams by, and keeps its largest differences."""

import heapq
from collections import Counter
from decimal import Decimal

from tracker.core.money import CONTEXT
from tracker.core.reconciliation import UNKNOWN_CURRENCY, Difference, Kind, Pair, Totals, currency_of
from tracker.reconcile.compare import our_rubles, their_rubles

LARGEST = 10


class Tally:
    def __init__(self) -> None:
        self._orders: Counter[str] = Counter()
        self._causes: Counter[str] = Counter()
        self._theirs = self._ours = self._commission = Decimal(0)
        self._cashback = 0
        self._other: dict[str, Decimal] = {}
        self._unread = 0
        self._differing = 0
        self._largest: list[tuple[Decimal, str, Difference]] = []

    def add_pair(self, pair: Pair, kinds: tuple[Kind, ...]) -> None:
        self._orders.update(str(kind) for kind in kinds)
        rubles = their_rubles(pair)
        self._ours = CONTEXT.add(self._ours, our_rubles(pair))
        if pair.theirs is not None:
            self._commission = CONTEXT.add(self._commission, pair.theirs.commission or Decimal(0))
        if rubles is not None:
            self._theirs = CONTEXT.add(self._theirs, rubles)
        elif pair.theirs is not None and pair.theirs.goods is not None:
            currency = currency_of(pair.theirs, pair.ours) or UNKNOWN_CURRENCY
            self._other[currency] = CONTEXT.add(self._other.get(currency, Decimal(0)), pair.theirs.goods)

    def add_unread(self) -> None:
        self._unread += 1

    def add_difference(self, difference: Difference) -> None:
        self._differing += 1
        self._causes.update(str(cause) for cause in difference.causes)
        self._cashback += difference.cashback or 0
        entry = abs(difference.rubles or Decimal(0)), difference.order_id, difference
        if len(self._largest) < LARGEST:
            heapq.heappush(self._largest, entry)
        elif entry[:2] > self._largest[0][:2]:
            heapq.heapreplace(self._largest, entry)

    @property
    def largest(self) -> list[Difference]:
        return [difference for _, _, difference in sorted(self._largest, key=lambda one: one[:2], reverse=True)]

    def totals(self) -> Totals:
        return Totals(
            orders=dict(self._orders),
            differing=self._differing,
            causes=dict(self._causes),
            theirs=self._theirs,
            ours=self._ours,
            commission=self._commission,
            cashback=self._cashback,
            other_currencies=dict(self._other),
            unread=self._unread,
        )
