"""What stands under every report, as IAB/MRC click measurement asks: what was measured, what was filtered and by which
rules, whether the period is final, and when it was last restated."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tracker.core.reasons import ClickReason
from tracker.fraud.rules import RULES
from tracker.reports.analysts.asked import Asked
from tracker.reports.analysts.questions import sql
from tracker.reports.analysts.table import Ask, Table, read_table

MAY_CHANGE_DAYS = 90  # the confirmation window: news of a purchase counts that long
FILTER_RULES: tuple[ClickReason, ...] = (*(reason for reason, _ in RULES), ClickReason.REPEAT)


@dataclass(frozen=True, slots=True)
class Disclosure:
    clicks: int
    filtered: int
    by_reason: Sequence[tuple[str, int]]
    may_change_until: date  # the last day on which anything but a return can change it
    is_final: bool
    restated_at: datetime | None


async def disclose(ask: Ask, asked: Asked, today: date) -> Disclosure:
    """Raises WarehouseQueryError or StoreUnavailableError."""
    filtered, restated = await asyncio.gather(
        read_table(ask, sql("figures/filtered.sql"), asked), read_table(ask, sql("figures/restated.sql"), asked)
    )
    every, *reasons = filtered.rows
    may_change_until = asked.until + timedelta(days=MAY_CHANGE_DAYS)
    return Disclosure(
        clicks=int(every["clicks"] or 0),
        filtered=int(every["filtered"] or 0),
        by_reason=[(str(row["reason"]), int(row["filtered"] or 0)) for row in reasons],
        may_change_until=may_change_until,
        is_final=today > may_change_until,
        restated_at=_moment(restated),
    )


def _moment(restated: Table) -> datetime | None:
    at = restated.rows[0]["restated_at"]
    return None if at is None else datetime.fromisoformat(str(at)).replace(tzinfo=UTC)
