"""What a partner's integration has shown to work. An item turns green by a real message alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tracker.core.listed import RoundTrip
from tracker.core.partner import Partner, Reward


class Item(StrEnum):
    REACHED = "reached"
    TESTED = "tested"
    MATCHED = "matched"
    DECIDED = "decided"
    APPROVED = "approved"
    TAKEN_BACK = "taken_back"
    SUMS = "sums"
    SUMS_AND_DELIVERY = "sums_and_delivery"
    STATUSES = "statuses"


class State(StrEnum):
    DONE = "done"
    OPEN = "open"  # nothing has shown it yet
    WRONG = "wrong"  # the latest messages showed the contrary
    NEEDLESS = "needless"


@dataclass(frozen=True, slots=True)
class Shown:
    item: Item
    state: State
    words: tuple[str, ...] = ()  # the status words that we do not know


def checklist(partner: Partner, trip: RoundTrip, is_known: Callable[[str], bool]) -> Sequence[Shown]:
    """`is_known`: whether a status word has a meaning now, whatever it meant when it came."""
    unknown = tuple(word for word in trip.unknown_statuses if not is_known(word))
    stated = trip.status_stated or len(unknown) < len(trip.unknown_statuses)
    return tuple(_items(partner, replace(trip, unknown_statuses=unknown, status_stated=stated)))


def is_whole(items: Sequence[Shown]) -> bool:
    return all(one.state in (State.DONE, State.NEEDLESS) for one in items)


def _items(partner: Partner, trip: RoundTrip) -> Iterator[Shown]:
    yield Shown(Item.REACHED, _done(trip.reached))
    yield Shown(Item.TESTED, _done(trip.tested))
    yield Shown(Item.MATCHED, _done(trip.matched))
    yield Shown(Item.STATUSES, _statuses(trip), trip.unknown_statuses)
    yield Shown(
        Item.SUMS_AND_DELIVERY if partner.postback.amounts.include_delivery else Item.SUMS, _sums(partner, trip)
    )
    yield Shown(Item.DECIDED, _done(trip.decided))
    yield Shown(Item.APPROVED, _done(trip.approved))
    yield Shown(Item.TAKEN_BACK, _done(trip.taken_back))


def _done(shown: bool) -> State:
    return State.DONE if shown else State.OPEN


def _statuses(trip: RoundTrip) -> State:
    return State.WRONG if trip.unknown_statuses else _done(trip.status_stated)


def _sums(partner: Partner, trip: RoundTrip) -> State:
    if trip.sum_refused:
        return State.WRONG
    if not trip.sum_stated and not _asks_for_sums(partner):
        return State.NEEDLESS
    return _done(trip.sum_stated)


def _asks_for_sums(partner: Partner) -> bool:
    """Where every reward is a fixed one a message needs no sum."""
    terms = partner.terms
    rewards: list[Reward | None] = [promotion.reward for promotion in terms.promotions]
    for entry in terms.terms:
        rewards += [entry.reward, *(reward for _, reward in entry.tariffs)]
    return any(reward is not None and reward.rate is not None for reward in rewards)
