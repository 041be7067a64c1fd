"""The real engine with a fault: it fails before or after the insert that a test names."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tracker.errors import StoreUnavailableError
from tracker.ports import WarehouseEngine

Rows = Sequence[Sequence[Any]]


@dataclass
class WatchedEngine:
    """Passes everything on. `before` and `after` see each insert, and may raise."""

    engine: WarehouseEngine
    before: Callable[[str, Rows], None] = lambda _table, _rows: None
    after: Callable[[str, Rows], None] = lambda _table, _rows: None
    inserts: list[tuple[str, int]] = field(default_factory=list)

    def insert(self, table: str, columns: Sequence[str], rows: Rows) -> None:
        self.before(table, rows)
        self.engine.insert(table, columns, rows)
        self.inserts.append((table, len(rows)))
        self.after(table, rows)

    def execute(self, sql: str) -> None:
        self.engine.execute(sql)

    def query(
        self,
        sql: str,
        *,
        format_: str = "JSONCompact",
        parameters: Mapping[str, str] = MappingProxyType({}),
        as_analyst: bool = False,
    ) -> bytes:
        return self.engine.query(sql, format_=format_, parameters=parameters, as_analyst=as_analyst)

    def close(self) -> None:
        """It is shared."""


@dataclass
class Away:
    """A store that is away until it is told to come back."""

    back: threading.Event = field(default_factory=threading.Event)
    refused: int = 0

    def __call__(self, _table: str, _rows: Rows) -> None:
        if not self.back.is_set():
            self.refused += 1
            raise StoreUnavailableError("The warehouse is away.")
