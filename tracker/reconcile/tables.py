"""Statements that are tables: CSV with any separator, and the rows of a sheet."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path

from tracker.errors import ConfigurationError
from tracker.reconcile.columns import HEADER_WITHIN, Columns
from tracker.reconcile.record import Record, Value
from tracker.reconcile.text import Advance

_SEPARATORS = (";", "\t", ",", "|")
_REPORTED_LINES = 1000

Row = tuple[int, Mapping[int, Value]]  # its place, and its cells by column: a row may be wide and have few


def csv_records(path: Path, encoding: str, columns: Columns, advance: Advance) -> Iterator[Record]:
    """Raises ConfigurationError when the text is in another encoding, or has no header that we know."""
    try:
        separator = _separator(path, encoding, columns)
        with path.open("rb") as raw, TextIOWrapper(raw, encoding, newline="") as file:
            yield from records(_csv_rows(file, separator, lambda: advance(raw.tell())), columns)
    except UnicodeError as error:
        problem = f"{path.name} is not {encoding} text ({error}); name its encoding: --encoding windows-1251"
        raise ConfigurationError([problem]) from None
    except csv.Error as error:
        raise ConfigurationError([f"{path.name} cannot be read as a table: {error}"]) from None


def records(rows: Iterable[Row], columns: Columns) -> Iterator[Record]:
    """The rows behind the header, each with the values of our fields. Empty rows and repeated headers are left out."""
    rows = iter(rows)
    first = list(islice(rows, HEADER_WITHIN))
    heads = [_names(cells) for _, cells in first]
    found = columns.header(heads)
    if found is None:
        raise columns.no_header(heads)
    number, places = found
    header = first[number][1]
    columns.require(places, heads[number])
    columns.refuse_overlooked_sums(places, heads[number], [cells for _, cells in first[number + 1 :]])
    for place, cells in chain(first[number + 1 :], rows):
        values = {field: value for field, at in places.items() if (value := cells.get(at)) is not None and value != ""}
        if values and cells != header:
            yield Record(place, values)


def _names(cells: Mapping[int, Value]) -> list[Value | None]:
    return [cells.get(at) for at in range(max(cells, default=-1) + 1)]


def _separator(path: Path, encoding: str, columns: Columns) -> str:
    """The one with which the header says most; a separator inside quotes is none."""
    best: tuple[int, str] | None = None
    widest: list[list[Value | None]] = []
    for separator in _SEPARATORS:
        with path.open(encoding=encoding, newline="") as file:
            rows: list[list[Value | None]] = [
                list(cells) for cells in islice(csv.reader(file, delimiter=separator), HEADER_WITHIN)
            ]
        found = columns.header(rows)
        if found and (best is None or len(found[1]) > best[0]):
            best = len(found[1]), separator
        widest = max(widest, rows, key=lambda some: max(map(len, some), default=0))
    if best is None:
        raise columns.no_header(widest)
    return best[1]


def _csv_rows(file: Iterable[str], separator: str, advance: Callable[[], None]) -> Iterator[Row]:
    reader = csv.reader(file, delimiter=separator)
    begins = 1
    for cells in reader:
        yield begins, dict(enumerate(cells))
        begins = reader.line_num + 1
        if begins % _REPORTED_LINES == 0:
            advance()
