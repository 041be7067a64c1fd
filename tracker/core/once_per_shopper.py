"""A target action that is rewarded once a shopper (docs/rules.md, C-08; programme.md Q-23)."""

from collections.abc import Iterable, Mapping

from tracker.core.conversion import judge
from tracker.core.fold import in_order, order_key, owner
from tracker.core.order import Order
from tracker.core.partner import TermsVersion
from tracker.core.report import Status
from tracker.core.terms import terms_at


def applies(order: Order, terms: Mapping[str, TermsVersion]) -> bool:
    """Whether the terms of the order's click reward a shopper only once."""
    click = owner(order)
    if click is None or click.shopper_id is None:
        return False
    in_force = terms_at(terms[click.terms_version], click.clicked_at)
    return in_force is not None and in_force.once_per_shopper


class Rewards:
    """Which order takes the reward: for each shopper the one of the smallest first order key that earns by itself.
    Each order is judged once, however many there are."""

    def __init__(self, orders: Iterable[Order], terms: Mapping[str, TermsVersion]) -> None:
        self._terms = terms
        self._first: dict[str, tuple[object, ...]] = {}
        for order in orders:
            self.add(order)

    def add(self, order: Order) -> None:
        if not applies(order, self._terms) or not _earns(order, self._terms):
            return
        shopper, key = _shopper(order), _first_key(order)
        self._first[shopper] = min(self._first.get(shopper, key), key)

    def elsewhere(self, order: Order) -> bool:
        """Whether another order takes what this one would have earned."""
        first = self._first.get(_shopper(order))
        return applies(order, self._terms) and first is not None and first < _first_key(order)


def _shopper(order: Order) -> str:
    click = owner(order)
    return (click.shopper_id or "") if click else ""


def _first_key(order: Order) -> tuple[object, ...]:
    return (*order_key(in_order(order.messages)[0]), order.order_id)


def _earns(order: Order, terms: Mapping[str, TermsVersion]) -> bool:
    decision = judge(order, terms)
    return decision.status is not Status.DECLINED and not decision.reasons
