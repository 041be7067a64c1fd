"""A target action that is rewarded once a shopper (docs/rules.md, C-08; programme.md Q-23)."""

from collections.abc import Mapping

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


def rewarded_elsewhere(order: Order, others: Mapping[str, Order], terms: Mapping[str, TermsVersion]) -> bool:
    """Whether another order of the same shopper at this partner takes the reward: the one of the smallest first order
    key among those that would earn something."""
    if not applies(order, terms):
        return False
    return any(
        other.order_id != order.order_id
        and _same_shopper(order, other)
        and _first_key(other) < _first_key(order)
        and _earns(other, terms)
        for other in others.values()
    )


def _same_shopper(one: Order, other: Order) -> bool:
    mine, theirs = owner(one), owner(other)
    return mine is not None and theirs is not None and mine.shopper_id == theirs.shopper_id


def _first_key(order: Order) -> tuple[object, ...]:
    return (*order_key(in_order(order.messages)[0]), order.order_id)


def _earns(order: Order, terms: Mapping[str, TermsVersion]) -> bool:
    decision = judge(order, terms)
    return decision.status is not Status.DECLINED and not decision.reasons
