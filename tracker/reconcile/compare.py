"""How one order of a statement compares with ours. Goods are compared, never cashback."""

from decimal import Decimal

from tracker.core.money import CONTEXT, round_to_rubles
from tracker.core.rates import RUBLES
from tracker.core.reconciliation import Difference, Kind, Known, Ours, Pair, Period, Theirs, currency_of
from tracker.core.report import Status
from tracker.reconcile.causes import causes

_ZERO = Decimal(0)


def kinds(pair: Pair) -> tuple[Kind, ...]:
    """An order that is declined on one side has no amount to compare: its status says all."""
    theirs, ours = pair.theirs, pair.ours
    if theirs is None:
        return (Kind.ONLY_OURS,)
    if ours is None:
        return (Kind.ONLY_THEIRS,)
    found = []
    is_declined = Status.DECLINED in (theirs.status, ours.status)
    if not is_declined and theirs.goods is not None and _goods_differ(theirs, ours):
        found.append(Kind.AMOUNT_DIFFERS)
    if _status_differs(theirs, ours):
        found.append(Kind.STATUS_DIFFERS)
    return tuple(found) or (Kind.MATCHED,)


def _status_differs(theirs: Theirs, ours: Ours) -> bool:
    """A file without statuses lists what will be paid for: no declined order, unless at no sum. A hold counts of what
    is approved: a pending order waits with or without one."""
    if theirs.status is None:
        return ours.status is Status.DECLINED and theirs.goods != 0
    if theirs.status is not ours.status:
        return True
    return theirs.status is Status.APPROVED and theirs.hold is not None and theirs.hold is not ours.hold


def difference(pair: Pair, period: Period, known: Known) -> Difference:
    """Why the two may differ, and what it is about."""
    found = kinds(pair)
    why, codes = causes(pair.theirs, pair.ours, found, period, known)
    theirs, ours = their_rubles(pair), our_rubles(pair)
    return Difference(
        order_id=pair.order_id,
        kinds=found,
        causes=why,
        codes=codes,
        theirs=pair.theirs,
        ours=pair.ours,
        rubles=None if theirs is None else CONTEXT.subtract(theirs, ours),
        cashback=_cashback(pair, found),
    )


def their_rubles(pair: Pair) -> Decimal | None:
    """What counts of their sum. In another currency: at the rate of its day; None where we have none. A statement that
    names no sum leaves ours as it is."""
    theirs, ours = pair.theirs, pair.ours
    if theirs is None or theirs.status is Status.DECLINED:
        return _ZERO
    if theirs.goods is None:
        return ours.base if ours else _ZERO
    currency = currency_of(theirs, ours)
    if currency == RUBLES:
        return theirs.goods
    rate = ours.exchange_rate if ours and ours.currency == currency else theirs.exchange_rate
    return None if rate is None else CONTEXT.multiply(theirs.goods, rate)


def our_rubles(pair: Pair) -> Decimal:
    return _ZERO if pair.ours is None or pair.ours.status is Status.DECLINED else pair.ours.base


def _goods_differ(theirs: Theirs, ours: Ours) -> bool:
    if ours.currency != RUBLES and theirs.currency in ("", ours.currency):
        return theirs.goods != ours.goods
    return theirs.currency not in ("", RUBLES) or theirs.goods != ours.base


def _cashback(pair: Pair, found: tuple[Kind, ...]) -> int | None:
    """The change of cashback if the statement were right; one rounding, at our rate of the order."""
    theirs, ours = pair.theirs, pair.ours
    if ours is None:
        return None
    if theirs is None or theirs.status is Status.DECLINED:
        return -ours.cashback
    if ours.reasons:
        return 0
    if Kind.AMOUNT_DIFFERS not in found and ours.status is not Status.DECLINED:
        return 0
    rubles = their_rubles(pair)
    if rubles is None or ours.rate is None:
        return None
    return round_to_rubles(CONTEXT.multiply(rubles, ours.rate)) - ours.cashback
