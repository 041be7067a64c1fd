"""What was compared, for the pages that show it."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeAlias

import asyncpg

from tracker.core.reconciliation import Difference, Run
from tracker.store import reconciliation_sql as sql
from tracker.store.reconciliation_rows import kept_line, run_of

Fetch: TypeAlias = Callable[..., Awaitable[list[asyncpg.Record]]]

_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC), str(uuid.UUID(int=2**128 - 1))


class ReconciliationRuns:
    """Every method raises StoreUnavailableError. `fetch` runs one statement that reads."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def latest(self, *, limit: int, before: Run | None = None) -> list[Run]:
        """Newest first."""
        last = _AFTER_ALL if before is None else (before.at, before.run_id)
        return [run_of(row) for row in await self._fetch(sql.RUNS, *last, limit)]

    async def one(self, run_id: str) -> Run | None:
        """None: there is none of that id."""
        try:
            canonical = str(uuid.UUID(run_id))
        except ValueError:
            return None
        found = await self._fetch(sql.ONE_RUN, canonical)
        return run_of(found[0]) if found else None

    async def differences(self, run: Run, *, kind: str, cause: str, after: str, limit: int) -> list[Difference]:
        """By order id, behind `after`; an empty `kind` or `cause` is any."""
        rows = await self._fetch(sql.LINES_PAGE, run.run_id, kind, cause, after, limit)
        return [kept_line(row) for row in rows]
