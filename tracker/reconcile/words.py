"""A reconciliation as the terminal shows it, and as JSON for programs."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from tracker.core.differences import COLUMNS, row_of
from tracker.core.reconciliation import Difference, Kind, Run
from tracker.reconcile.apply import Applied
from tracker.reconcile.flow import Reconciled

_KOPECK = Decimal("0.01")


def words(found: Reconciled, earlier: Run | None) -> Iterator[str]:
    run, totals = found.run, found.run.totals
    if earlier is not None:
        yield f"The same file was compared before, at {earlier.at:%Y-%m-%d %H:%M}Z (run {earlier.run_id})."
    last = run.until - timedelta(days=1)
    yield f"{run.partner_id}: {run.file_name}, {run.rows:,} rows, {run.since:%Y-%m-%d} to {last:%Y-%m-%d}"
    yield f"Run {run.run_id}"
    yield ""
    for kind in Kind:
        yield f"  {kind:16} {totals.orders.get(kind, 0):>10,}"
    if totals.unread:
        yield f"  {'unread':16} {totals.unread:>10,}  left out: see the problems"
    yield ""
    yield f"  {'theirs':16} {rubles(totals.theirs):>18} rubles"
    yield f"  {'ours':16} {rubles(totals.ours):>18} rubles"
    yield f"  {'difference':16} {rubles(totals.difference):>18} rubles"
    if totals.commission:
        yield f"  {'commission':16} {rubles(totals.commission):>18}"
    for currency, amount in sorted(totals.other_currencies.items()):
        yield f"  {'no rate':16} {rubles(amount):>18} {currency}"
    yield f"  {'cashback':16} {totals.cashback:>+18,} rubles, if the statement is right"
    if totals.causes:
        yield ""
        yield "Likely causes"
        for cause, count in sorted(totals.causes.items(), key=lambda one: (-one[1], one[0])):
            yield f"  {cause:20} {count:>10,}"
    if found.largest:
        yield ""
        yield "The largest differences"
        yield from (_line(one) for one in found.largest)


def _line(one: Difference) -> str:
    theirs = "-" if one.theirs is None else f"{one.theirs.status or 'no status'} {_amount(one.theirs.goods)}"
    ours = "-" if one.ours is None else f"{one.ours.status} {_amount(one.ours.base)}"
    apart = "?" if one.rubles is None else rubles(one.rubles)
    return f"  {one.order_id[:28]:28} {apart:>14}  theirs {theirs}; ours {ours}; {', '.join((*one.causes, *one.codes))}"


def _amount(amount: Decimal | None) -> str:
    return "no sum" if amount is None else rubles(amount)


def rubles(amount: Decimal) -> str:
    return f"{amount.quantize(_KOPECK, rounding=ROUND_HALF_UP):,}"


def document(found: Reconciled, earlier: Run | None, applied: Applied | None) -> dict[str, object]:
    """Amounts are strings, times ISO 8601."""
    run, totals = found.run, found.run.totals
    return {
        "run_id": run.run_id,
        "partner_id": run.partner_id,
        "file_name": run.file_name,
        "sha256": run.sha256,
        "earlier_run_id": earlier.run_id if earlier else None,
        "since": run.since.isoformat(),
        "until": run.until.isoformat(),
        "rows": run.rows,
        "orders": {str(kind): totals.orders.get(kind, 0) for kind in Kind},
        "causes": dict(totals.causes),
        "unread": totals.unread,
        "theirs": str(totals.theirs),
        "ours": str(totals.ours),
        "difference": str(totals.difference),
        "commission": str(totals.commission),
        "other_currencies": {currency: str(amount) for currency, amount in totals.other_currencies.items()},
        "cashback": totals.cashback,
        "largest": [dict(zip(COLUMNS, row_of(one), strict=True)) for one in found.largest],
        "problems": [{"place": one.place, "problem": one.sentence} for one in found.problems],
        "problem_count": run.problems,
        "applied": None if applied is None else {"taken": applied.taken, "left": applied.left},
    }
