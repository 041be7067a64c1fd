"""The likely cause of a difference, from what both sides say and what else we kept (docs/reconciliation.md)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from tracker.core.money import CONTEXT
from tracker.core.rates import RUBLES
from tracker.core.reasons import Flag, MessageCode, Reason
from tracker.core.reconciliation import Cause, Kind, Known, Ours, Period, Theirs
from tracker.core.report import Status

Why = tuple[tuple[Cause, ...], tuple[str, ...]]  # causes, and our own codes behind them

# No two places on Earth are further apart than this from Moscow's or London's day.
_ZONES_APART = timedelta(hours=14)
_ROUNDED = Decimal(1)
_MINOR = Decimal(100)
_WINDOW = (Flag.AFTER_WINDOW, Reason.LATE)
_WAITS_FOR = (Flag.AMOUNT_MISSING, Flag.RATE_MISSING)
_WAITING = (MessageCode.DEFERRED, MessageCode.FAILED)


def causes(theirs: Theirs | None, ours: Ours | None, kinds: Sequence[Kind], period: Period, known: Known) -> Why:
    """One cause for each kind of difference; none for an order that matches."""
    if ours is None:
        return _only_theirs(known)
    if theirs is None:
        return _only_ours(ours, period)
    found = [_of_kind(kind, theirs, ours, known) for kind in kinds if kind is not Kind.MATCHED]
    return tuple(dict.fromkeys(cause for cause, _ in found)), tuple(
        dict.fromkeys(code for _, codes in found for code in codes)
    )


def _of_kind(kind: Kind, theirs: Theirs, ours: Ours, known: Known) -> tuple[Cause, tuple[str, ...]]:
    if kind is Kind.STATUS_DIFFERS:
        return _status(theirs, ours)
    return next(_amount(theirs, ours, known))


def _only_theirs(known: Known) -> Why:
    waiting = tuple(code for code in known.verdicts if code in _WAITING)
    if waiting:
        return (Cause.WAITING,), waiting
    if known.verdicts:
        return (Cause.OUR_REFUSAL,), known.verdicts
    return (Cause.LOST_POSTBACK,), ()


def _only_ours(ours: Ours, period: Period) -> Why:
    if not ours.click_id:
        return (Cause.UNMATCHED,), ours.reasons
    if ours.status not in period.statuses:
        return (Cause.LEFT_OUT,), ()
    if min(ours.at - period.since, period.until - ours.at) <= _ZONES_APART:
        return (Cause.TIME_ZONE,), ()
    return (Cause.UNKNOWN_TO_PARTNER,), ()


def _status(theirs: Theirs, ours: Ours) -> tuple[Cause, tuple[str, ...]]:
    waits_for = tuple(str(flag) for flag in _WAITS_FOR if flag in ours.flags)
    if ours.status is Status.PENDING and theirs.status is Status.APPROVED and waits_for:
        return Cause.OUR_HOLD, waits_for
    if ours.status is Status.PENDING or (ours.hold and theirs.status is ours.status):
        return Cause.MISSED_UPDATE, ()
    if theirs.status is Status.DECLINED:
        return Cause.RETURN_NOT_TOLD, ()
    return Cause.STATEMENT_OLDER, ()


def _amount(theirs: Theirs, ours: Ours, known: Known) -> Iterator[tuple[Cause, tuple[str, ...]]]:
    """Most certain first; the last always holds."""
    sum_, base = theirs.goods or Decimal(0), ours.base
    if theirs.currency not in ("", ours.currency) or (ours.currency != RUBLES and sum_ == base):
        yield Cause.CURRENCY, ()
    if ours.currency != RUBLES:
        base = Decimal(0) if ours.goods is None else ours.goods
    apart = abs(CONTEXT.subtract(sum_, base))
    if not base and Flag.AMOUNT_MISSING in ours.flags:
        yield Cause.NOT_STATED, (str(Flag.AMOUNT_MISSING),)
    if base and (sum_ == CONTEXT.multiply(base, _MINOR) or CONTEXT.multiply(sum_, _MINOR) == base):
        yield Cause.UNIT, ()
    if apart in known.other_sums or (theirs.delivery and apart == theirs.delivery):
        yield Cause.DELIVERY, ()
    if apart < _ROUNDED:
        yield Cause.ROUNDING, ()
    window = tuple(str(code) for code in _WINDOW if code in (*ours.flags, *ours.reasons))
    if window:
        yield Cause.WINDOW, window
    yield (Cause.RETURN_NOT_TOLD if sum_ < base else Cause.MISSED_UPDATE), ()
