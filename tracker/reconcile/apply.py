"""Takes a statement's word: for each difference that staff have seen, the message that the partner should have sent."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tracker.core.reconciliation import Agreed, Cause, Difference, Kind, Run, Totals
from tracker.core.report import Report, Status
from tracker.reconcile.books import ReconciliationBooks

# Where the statement is likely read wrong, it is the reading that must be mended.
_MISREAD = (Cause.UNIT, Cause.DELIVERY, Cause.CURRENCY)
_TOGETHER = 16  # messages under way: those of one trip to the ledger


class Taken(NamedTuple):
    """What became of a message; without an id, it is not kept."""

    postback_id: str | None
    verdict: str


# Takes the row as text, and what it says.
Take = Callable[[str, Report], Awaitable[Taken]]


@dataclass(slots=True)
class Applied:
    """How many orders by the verdict about what was taken of them, and by the reason why nothing was."""

    taken: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)

    def count(self, result: str, *, taken: bool) -> None:
        where = self.taken if taken else self.left
        where[result] = where.get(result, 0) + 1


@dataclass(frozen=True, slots=True)
class Permission:
    """Who takes the statement's word, and why. `decline_missing`: also that an order is not in it; `take_older`: also
    what our messages went further than."""

    staff: str
    reason: str
    decline_missing: bool = False
    take_older: bool = False


class Apply:
    """`currencies` are those that the partner lists."""

    def __init__(
        self, books: ReconciliationBooks, take: Take, now: Callable[[], datetime], currencies: frozenset[str]
    ) -> None:
        self._books = books
        self._take = take
        self._now = now
        self._currencies = currencies

    async def apply(self, run: Run, earlier: Run, permission: Permission, progress: Callable[[int], None]) -> Applied:
        """What differs in `run` just as in `earlier`. Raises StoreUnavailableError; what was taken until then stays,
        and is no difference any more."""
        await self._books.note_applied(run.run_id, self._now(), permission.staff, permission.reason)
        applied = Applied()
        async for page in self._books.agreed(run.run_id, earlier.run_id):
            for start in range(0, len(page), _TOGETHER):
                await self._together(run, page[start : start + _TOGETHER], permission, applied)
                progress(min(_TOGETHER, len(page) - start))
        return applied

    async def _together(self, run: Run, some: Sequence[Agreed], permission: Permission, applied: Applied) -> None:
        is_misread = mostly_misread(run.totals)
        results = await asyncio.gather(*(self._one(agreed, permission, is_misread=is_misread) for agreed in some))
        await self._books.note_results(run.run_id, results)
        for _, postback_id, result in results:
            applied.count(result, taken=postback_id is not None)

    async def _one(self, agreed: Agreed, permission: Permission, *, is_misread: bool) -> tuple[str, str | None, str]:
        order_id = agreed.difference.order_id
        if is_misread and agreed.difference.ours is None:
            return order_id, None, "sums misread: mend statement.amounts first"
        report = message_of(agreed, permission, self._currencies)
        if isinstance(report, str):
            return order_id, None, report
        taken = await self._take(row_text(agreed.difference), report)
        return order_id, taken.postback_id, taken.verdict


def mostly_misread(totals: Totals) -> bool:
    """Whether more orders have a sum that is likely misread than match: then so are those of orders that we lack."""
    return sum(totals.causes.get(cause, 0) for cause in _MISREAD) > totals.orders.get(Kind.MATCHED, 0)


def message_of(agreed: Agreed, permission: Permission, currencies: frozenset[str]) -> Report | str:
    """What the statement says of the order, or why nothing is taken over. Without an event time it is the newest."""
    difference = agreed.difference
    theirs, ours = difference.theirs, difference.ours
    if theirs is None:
        return _missing(difference, permission)
    amount_counts = theirs.status is not Status.DECLINED and (ours is None or Kind.AMOUNT_DIFFERS in difference.kinds)
    status_counts = ours is None or Kind.STATUS_DIFFERS in difference.kinds
    if why := _not_taken(difference, permission):
        return why
    if amount_counts and theirs.goods is not None and difference.currency not in currencies:
        return f"{difference.currency} is not listed" if difference.currency else "no currency"
    line_id, tariff = _line(agreed) if amount_counts and ours is not None else ("", None)
    if line_id is None:
        return "lines of several tariffs"
    return Report(
        order_id=difference.order_id,
        line_id=line_id,
        click_id=theirs.click_id or None if ours is None else None,
        status=theirs.status if status_counts else None,
        hold=theirs.hold if status_counts else None,
        goods=theirs.goods if amount_counts else None,
        currency=difference.currency if amount_counts and theirs.goods is not None else None,
        tariff=tariff,
        commission=theirs.commission if ours is None else None,
        order_time=theirs.order_time if ours is None and not theirs.day_only else None,
    )


def _missing(difference: Difference, permission: Permission) -> Report | str:
    if not permission.decline_missing:
        return "not in the statement"
    if difference.causes != (Cause.UNKNOWN_TO_PARTNER,):
        return f"not in the statement, since {difference.causes[0]}"
    return Report(order_id=difference.order_id, status=Status.DECLINED)


def _not_taken(difference: Difference, permission: Permission) -> str:
    """Why an order that the statement names is left as it is; empty: it is not."""
    theirs, ours = difference.theirs, difference.ours
    if misread := [cause for cause in difference.causes if cause in _MISREAD]:
        return f"{misread[0]}: mend statement.amounts first"
    if Cause.STATEMENT_OLDER in difference.causes and not permission.take_older:
        return str(Cause.STATEMENT_OLDER)
    if theirs is not None and theirs.status is None and Kind.STATUS_DIFFERS in difference.kinds:
        return "no status"
    return "no click id" if ours is None and theirs is not None and not theirs.click_id else ""


def _line(agreed: Agreed) -> tuple[str | None, str | None]:
    """Which line a sum of the whole order is said of, and its tariff: the only one; else all of them together, as long
    as they earn by one tariff."""
    if len(agreed.lines) == 1:
        return agreed.lines[0]
    tariffs = {tariff for _, tariff in agreed.lines} or {None}
    return (None, None) if len(tariffs) > 1 else ("", tariffs.pop())


def row_text(difference: Difference) -> str:
    """The statement's row as it is kept with the message."""
    theirs = difference.theirs
    if theirs is None:
        return f"order_id={difference.order_id}&absent=1"
    said = {
        "row": theirs.place,
        "order_id": difference.order_id,
        "click_id": theirs.click_id,
        "status": theirs.status,
        "amount": theirs.goods,
        "currency": theirs.currency,
        "commission": theirs.commission,
        "order_day" if theirs.day_only else "order_time": theirs.order_time.isoformat() if theirs.order_time else None,
    }
    return "&".join(f"{name}={value}" for name, value in said.items() if value not in (None, ""))
