"""What the flows need from the stores. A protocol stands here only where two real implementations exist."""

from collections.abc import Sequence
from typing import Protocol

from tracker.core.click import Click


class ClickFinder(Protocol):
    """Finds a recorded click by its id: in Valkey while it is young, in ClickHouse for ever."""

    async def find(self, click_id: str, partner_id: str) -> Click | None:
        """None: no such click. Raises StoreUnavailableError when that cannot be told now."""


class WarehouseEngine(Protocol):
    """ClickHouse, embedded or a server. Blocking: each engine lives in a thread of its own."""

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Rows are on disk when this returns. Raises PoisonError for rows that can never be stored, else
        StoreUnavailableError."""

    def query(self, sql: str, *, format_: str = "JSONCompact") -> bytes:
        """Run one statement, return its output in that ClickHouse format."""

    def close(self) -> None: ...


class ClickIds(Protocol):
    """Makes and reads signed click ids (design, section 5)."""

    def read(self, text: str, partner_id: str) -> str | None:
        """The click id in its one canonical form, or None: not ours, or signed for another partner. Accepts upper
        case, surrounding blanks and one double URL-encoding."""
