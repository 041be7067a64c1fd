"""What one message, one act of staff, or one report of the tag changes: its order, and where a reward is paid once a
shopper, the shopper's other orders at the partner."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tracker.core.click import Click
from tracker.core.confirmation import Confirmation
from tracker.core.conversion import judge
from tracker.core.decision import Decision
from tracker.core.fold import owner
from tracker.core.once_per_shopper import Rewards, applies
from tracker.core.order import Message, Order, Override
from tracker.core.order_rates import needed_rates
from tracker.core.partner import TermsVersion
from tracker.core.reasons import MessageCode
from tracker.ports import FoundClick, KnownOrder, OrderChange, Siblings
from tracker.postback.books import Books
from tracker.postback.revise import revise

Terms = Mapping[str, TermsVersion]


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of an order. `message`, `override`, `confirmation` or `found` is what is added to it, if anything
    is."""

    order: Order
    decision: Decision
    code: MessageCode | None = None
    revised: bool = True
    message: Message | None = None
    override: Override | None = None
    confirmation: Confirmation | None = None
    found: FoundClick | None = None


# Takes the order with the exchange rates that it needs, the terms, and whether the shopper is rewarded for another one.
Act = Callable[[Order, Terms, bool], Step]


@dataclass(frozen=True, slots=True)
class Settled:
    step: Step
    orders: tuple[OrderChange, ...]
    siblings: tuple[Siblings, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and by which request; staff and the tag act without one."""

    at: datetime
    postback_id: str = ""


async def settle(books: Books, known: KnownOrder, act: Act, click: Click | None, occasion: Occasion) -> Settled:
    """`click` is the one that the message or the claim names."""
    terms = await books.terms(_versions([known.order], click))
    step = act(known.order, terms, False)
    rated = await with_rates(books, known, terms, step.order)
    if rated != known:
        known, step = rated, act(rated.order, terms, False)
    shoppers = _shoppers_rewarded_once((known.order, step.order), terms)
    if not shoppers:
        return Settled(step, (_change(known, step, occasion, elsewhere=False),))
    families = [await books.siblings(known.order.partner_id, shopper) for shopper in shoppers]
    others = {order_id: one for family in families for order_id, one in family.orders.items()}
    others.pop(known.order.order_id, None)
    terms = await books.terms(_versions([known.order, *(one.order for one in others.values())], click))
    others = {order_id: await with_rates(books, one, terms) for order_id, one in others.items()}
    return _settle_family(known, act, others=others, terms=terms, occasion=occasion, families=tuple(families))


async def with_rates(books: Books, known: KnownOrder, terms: Terms, becomes: Order | None = None) -> KnownOrder:
    """With the exchange rates that it needs, as far as there are any; and those that it needs as it `becomes`."""
    needed = needed_rates(known.order, terms) | needed_rates(becomes or known.order, terms)
    if not needed:
        return known
    return replace(known, order=replace(known.order, rates=await books.rates(needed)))


def _settle_family(
    known: KnownOrder,
    act: Act,
    *,
    others: Mapping[str, KnownOrder],
    terms: Terms,
    occasion: Occasion,
    families: tuple[Siblings, ...],
) -> Settled:
    """The reward may move to another order of the shopper, or back."""
    rewards = Rewards((one.order for one in others.values()), terms)
    elsewhere = rewards.elsewhere(act(known.order, terms, False).order)
    step = act(known.order, terms, elsewhere)
    own = _change(known, step, occasion, elsewhere=elsewhere)
    if own.revision is None and elsewhere != known.rewarded_elsewhere:
        own = _change(known, _unless_same(known, step, terms), occasion, elsewhere=elsewhere)
    changes = [own]
    rewards.add(step.order)
    for other in others.values():
        moved = rewards.elsewhere(other.order)
        decision = judge(other.order, terms, rewarded_elsewhere=moved)
        if decision != judge(other.order, terms, rewarded_elsewhere=other.rewarded_elsewhere):
            changes.append(_change(other, Step(other.order, decision), occasion, elsewhere=moved))
    return Settled(step, tuple(changes), families)


def _unless_same(known: KnownOrder, step: Step, terms: Terms) -> Step:
    """A message that states nothing new may still find the reward moved: then its order is revised all the same."""
    before = judge(known.order, terms, rewarded_elsewhere=known.rewarded_elsewhere)
    return replace(step, revised=step.decision != before)


def _change(known: KnownOrder, step: Step, occasion: Occasion, *, elsewhere: bool) -> OrderChange:
    revision = None
    if step.revised or known.version == 0:
        revision = revise(
            known,
            step.order,
            step.decision,
            at=occasion.at,
            postback_id=occasion.postback_id,
            rewarded_elsewhere=elsewhere,
        )
    return OrderChange(
        before=known,
        message=step.message,
        override=step.override,
        confirmation=step.confirmation,
        found=step.found,
        revision=revision,
    )


def _shoppers_rewarded_once(orders: Iterable[Order], terms: Terms) -> list[str]:
    """Those whom the order belonged to before, and belongs to now."""
    found = {
        click.shopper_id
        for order in orders
        if applies(order, terms) and (click := owner(order)) is not None and click.shopper_id is not None
    }
    return sorted(found)


def _versions(orders: Iterable[Order], click: Click | None) -> set[str]:
    named = [click]
    for order in orders:
        named += [message.click for message in order.messages]
        named += [override.click for override in order.overrides]
    return {one.terms_version for one in named if one is not None}
