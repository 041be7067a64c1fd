"""The first sheet of an Excel file, row by row, in bounded memory; numbers as exact decimals (docs/adr/0013)."""

import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import IO

from tracker.core.safe_xml import Handler, feed
from tracker.errors import ConfigurationError
from tracker.reconcile.record import Value
from tracker.reconcile.tables import Row
from tracker.reconcile.text import Advance
from tracker.reconcile.xlsx_parts import Book, CellText, Limits, SharedStrings, open_part, read_book, read_strings

_CHUNK = 1 << 18
_EXCEL = Context(prec=15)  # digits that Excel keeps of a number: what follows them is noise of its arithmetic
_MOST_COLUMNS = 16_384  # of a sheet of Excel's
_SHEET = Limits(1 << 30)  # a million rows, of twenty columns
# What a file that only looks like one makes of zipfile, or of what it says of itself.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, LookupError, ValueError,
)  # fmt: skip


def xlsx_rows(path: Path, advance: Advance) -> Iterator[Row]:
    """Raises ConfigurationError for what is no such file."""
    try:
        with zipfile.ZipFile(path) as archive:
            book = read_book(archive, path.name)
            with (
                read_strings(archive, path.name) as strings,
                open_part(archive, book.sheet, _SHEET, path.name) as sheet,
            ):
                cells = _Sheet(book, strings, path.name)
                share = path.stat().st_size / max(archive.getinfo(book.sheet).file_size, 1)
                for _ in feed(_chunks(sheet, lambda read: advance(int(read * share))), cells, name=path.name):
                    yield from cells.rows
                    cells.rows.clear()
    except _BROKEN as error:
        raise ConfigurationError([f"{path.name} is not an Excel file (.xlsx): {error}"]) from None


def _chunks(sheet: IO[bytes], advance: Advance) -> Iterator[bytes]:
    while chunk := sheet.read(_CHUNK):
        advance(sheet.tell())
        yield chunk


class _Sheet(Handler):
    def __init__(self, book: Book, strings: SharedStrings, name: str) -> None:
        self.rows: list[Row] = []
        self._name = name
        self._book = book
        self._strings = strings
        self._place = 0
        self._cells: dict[int, Value] = {}
        self._following = 0
        self._column = 0
        self._kind = ""
        self._is_date = False
        self._text = CellText(name)
        self._is_value = False

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:  # noqa: ARG002 - the row's number counts
        if name == "row":
            self._place = int(attributes.get("r", self._place + 1))
            self._cells, self._following = {}, 0
        elif name == "c":
            self._column = _column(attributes.get("r", ""), self._following)
            self._following = self._column + 1
            if self._column >= _MOST_COLUMNS:
                raise ConfigurationError(
                    [f"{self._name} has a row of more than {_MOST_COLUMNS:,} cells; it is refused"]
                )
            self._kind = attributes.get("t", "n")
            self._is_date = int(attributes.get("s", "0")) in self._book.date_styles
            self._text.clear()
        elif name in ("v", "t"):
            self._is_value = True

    def text(self, text: str) -> None:
        if self._is_value:
            self._text.add(text)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._is_value = False
        elif name == "c" and (text := self._text.whole()):
            if (value := self._value(text)) is not None:
                self._cells[self._column] = value
        elif name == "row" and self._cells:
            self.rows.append((self._place, self._cells))

    def _value(self, text: str) -> Value | None:
        if self._kind == "s":
            return self._strings[int(text)]
        if self._kind == "d":
            return datetime.fromisoformat(text).replace(tzinfo=None)
        if self._kind != "n":
            return text
        try:
            number = _EXCEL.create_decimal(text)
        except InvalidOperation:
            return text
        return _moment(number, self._book.epoch) if self._is_date else number


def _moment(days: Decimal, epoch: datetime) -> Value:
    """A date is a count of days; of a day's part, Excel keeps milliseconds at best."""
    try:
        return epoch + timedelta(seconds=int((days * 86_400).to_integral_value()))
    except OverflowError:
        return days


def _column(reference: str, following: int) -> int:
    """`C7` is 2; a cell that does not say follows the one before."""
    number = 0
    for letter in reference:
        if not letter.isalpha():
            break
        number = number * 26 + ord(letter.upper()) - 64
    return number - 1 if number else following
