"""What the flows need from our books."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from tracker.core.reconciliation import Agreed, Difference, Known, Loaded, Pair, Run, StatementRow


class Comparison(Protocol):
    """One statement beside our books as they stood at one moment. Every method raises StoreUnavailableError."""

    async def load(self, rows: Iterable[StatementRow]) -> None: ...

    async def loaded(self) -> Loaded: ...

    def pairs(self, since: datetime, until: datetime, zone: str) -> AsyncIterator[Sequence[Pair]]:
        """Every order of the statement, and every order of ours that the period has, in pages. `zone`: whose
        days rates are of."""

    async def known(self, order_ids: Sequence[str], unknown: Sequence[str]) -> Mapping[str, Known]:
        """What else we know of these orders of ours, and of these that are unknown to us."""

    async def keep(self, run_id: str, differences: Sequence[Difference]) -> None: ...

    async def finish(self, run: Run) -> None:
        """From here on the run is there, with all that was kept of it."""


class ReconciliationBooks(Protocol):
    """Every method raises StoreUnavailableError."""

    def comparing(self, partner_id: str) -> AbstractAsyncContextManager[Comparison]: ...

    async def earlier(self, partner_id: str, sha256: str) -> Run | None:
        """The last run of the same file."""

    def agreed(self, run_id: str, earlier_id: str) -> AsyncIterator[Sequence[Agreed]]: ...

    async def note_applied(self, run_id: str, at: datetime, staff: str, reason: str) -> None: ...

    async def note_results(self, run_id: str, results: Sequence[tuple[str, str | None, str]]) -> None:
        """Order, message, what became of it."""
