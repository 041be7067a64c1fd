"""Rows that are held by column, as Arrow and ClickHouse take them: to turn many rows about costs as much as to read
them. Whoever knows nothing of it sees rows."""

from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from typing import Any


class ByColumn(Sequence[Any]):
    """`columns` are of one length, and at least one."""

    def __init__(self, columns: Sequence[Sequence[Any]]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return ByColumn([column[at] for column in self.columns])
        return tuple(column[at] for column in self.columns)


class Lists(Sequence[Any]):
    """A column of lists, held end to end."""

    def __init__(self, offsets: Sequence[int], items: Sequence[Any]) -> None:
        """List number n goes from offset n to the next one."""
        self.offsets = offsets
        self.items = items

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return list(self)[at]
        begin, end = self.offsets[at], self.offsets[at + 1]
        return self.items[begin:end]

    def __iter__(self) -> Any:
        return (self.items[begin:end] for begin, end in pairwise(self.offsets))


def columns_of(rows: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
    return rows.columns if isinstance(rows, ByColumn) else list(zip(*rows, strict=True))


def unzipped(lists: Sequence[Sequence[Sequence[object]]], width: int) -> list[Lists]:
    """Lists of tuples of that width, as a column of lists for each of their places."""
    offsets = list(accumulate(map(len, lists), initial=0))
    columns = list(zip(*chain.from_iterable(lists), strict=True)) or [()] * width
    return [Lists(offsets, items) for items in columns]
