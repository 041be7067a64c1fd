"""Takes a statement's word: for each difference that staff have seen, the message that the partner should have sent."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tracker.core.reconciliation import Agreed, Cause, Difference, Kind, Run, Theirs
from tracker.core.report import Report, Status
from tracker.reconcile.books import ReconciliationBooks

_TOGETHER = 16  # messages under way: those of one trip to the ledger


class Taken(NamedTuple):
    """What became of a message; without an id, it is not kept."""

    postback_id: str | None
    verdict: str


# Takes the row as text, and what it says.
Take = Callable[[str, Report], Awaitable[Taken]]


@dataclass(slots=True)
class Applied:
    """By result: how many orders."""

    results: dict[str, int] = field(default_factory=dict)

    def count(self, result: str) -> None:
        self.results[result] = self.results.get(result, 0) + 1


@dataclass(frozen=True, slots=True)
class Permission:
    """Who takes the statement's word, and why. `decline_missing`: also that an order is not in it."""

    staff: str
    reason: str
    decline_missing: bool = False


class Apply:
    def __init__(self, books: ReconciliationBooks, take: Take, now: Callable[[], datetime]) -> None:
        self._books = books
        self._take = take
        self._now = now

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
        results = await asyncio.gather(*(self._one(agreed, permission) for agreed in some))
        await self._books.note_results(run.run_id, results)
        for _, _, result in results:
            applied.count(result)

    async def _one(self, agreed: Agreed, permission: Permission) -> tuple[str, str | None, str]:
        order_id = agreed.difference.order_id
        report = message_of(agreed, decline_missing=permission.decline_missing)
        if isinstance(report, str):
            return order_id, None, report
        taken = await self._take(row_text(agreed.difference), report)
        return order_id, taken.postback_id, taken.verdict


def message_of(agreed: Agreed, *, decline_missing: bool) -> Report | str:
    """What the statement says of the order, or why nothing is taken over. Without an event time it is the newest."""
    difference = agreed.difference
    theirs, ours = difference.theirs, difference.ours
    if theirs is None:
        if not decline_missing:
            return "not in the statement"
        if difference.causes != (Cause.UNKNOWN_TO_PARTNER,):
            return f"not in the statement, since {difference.causes[0]}"
        return Report(order_id=difference.order_id, status=Status.DECLINED)
    if ours is None and not theirs.click_id:
        return "no click id"
    amount_counts = theirs.status is not Status.DECLINED and (ours is None or Kind.AMOUNT_DIFFERS in difference.kinds)
    status_counts = ours is None or Kind.STATUS_DIFFERS in difference.kinds
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
        currency=_currency(difference, theirs) if amount_counts and theirs.goods is not None else None,
        tariff=tariff,
        commission=theirs.commission if ours is None else None,
        order_time=theirs.order_time if ours is None else None,
    )


def _line(agreed: Agreed) -> tuple[str | None, str | None]:
    """Which line a sum of the whole order is said of, and its tariff: the only one; else all of them together, as long
    as they earn by one tariff."""
    if len(agreed.lines) == 1:
        return agreed.lines[0]
    tariffs = {tariff for _, tariff in agreed.lines} or {None}
    return (None, None) if len(tariffs) > 1 else ("", tariffs.pop())


def _currency(difference: Difference, theirs: Theirs) -> str:
    return theirs.currency or (difference.ours.currency if difference.ours else "RUB")


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
        "order_time": theirs.order_time.isoformat() if theirs.order_time else None,
    }
    return "&".join(f"{name}={value}" for name, value in said.items() if value not in (None, ""))
