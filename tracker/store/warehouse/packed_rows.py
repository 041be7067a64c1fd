"""Rows that the engine decodes itself, outside Python: the MessagePack values of one row after those of another.
Whoever knows nothing of it sees rows."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from tracker.store.warehouse.by_column import ByColumn


class Layout(NamedTuple):
    """How ClickHouse makes columns of the values, in its own words."""

    structure: str  # names and types of a row's values, wider than the columns: the reader cuts off what is too large
    derived: Mapping[str, str]  # of columns that are not just a value
    fits: str  # whether each value is exactly what its column takes


class PackedRows(Sequence[Any]):
    def __init__(self, packed: bytes, count: int, layout: Layout, unpack: Callable[[], ByColumn]) -> None:
        """`unpack` raises PoisonError when one of them is not of the layout."""
        self.packed = packed
        self.layout = layout
        self._count = count
        self._unpack = unpack

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        return self.by_column[at]

    @cached_property
    def by_column(self) -> ByColumn:
        return self._unpack()

    def insert_from(self, path: str, table: str, columns: Sequence[str]) -> str:
        """The statement that takes them from that file: all of them, or none when one does not fit."""
        structure, derived, fits = self.layout
        values = ", ".join(derived.get(column, column) for column in columns)
        return f"""
        INSERT INTO {table} ({", ".join(columns)}) SELECT {values} FROM file('{path}', 'MsgPack', '{structure}')
        WHERE throwIf(NOT ({fits}), 'A value does not fit its column') = 0
        """  # noqa: S608 - our own names


@contextmanager
def in_memory(content: bytes) -> Iterator[str]:
    """The path of a file of this process that holds it, on no disk."""
    file = os.memfd_create("packed-rows")
    try:
        with open(file, "wb", closefd=False) as written:
            written.write(content)
        yield f"/proc/self/fd/{file}"
    finally:
        os.close(file)
