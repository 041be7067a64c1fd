"""What stands around the sheet of an Excel file: which sheet is the first, which cells are dates, the shared texts."""

import re
import tempfile
import zipfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from posixpath import join
from typing import IO

from tracker.core.safe_xml import Handler, feed
from tracker.errors import ConfigurationError

_CHUNK = 1 << 18
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}  # those that every Excel knows
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001 - Excel's times have no zone


@dataclass(frozen=True, slots=True)
class Book:
    sheet: str  # the first one's file in the archive
    date_styles: frozenset[int]
    epoch: datetime


class SharedStrings:
    """By number. They stand in a file: a sheet may hold millions of them."""

    def __init__(self, file: IO[bytes], offsets: "array[int]") -> None:
        self._file = file
        self._offsets = offsets

    def __getitem__(self, number: int) -> str:
        begins, ends = self._offsets[number], self._offsets[number + 1]
        self._file.seek(begins)
        return self._file.read(ends - begins).decode()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a part, unpacked, and how many times larger than packed it may be: what is more was made to fill
    memories."""

    size: int
    ratio: int = 200


_SMALL = 1 << 20  # bytes: whatever its ratio, it does no harm
_STRINGS = Limits(200 * 1000 * 1000)
_AROUND = Limits(10 * 1000 * 1000)  # of what describes the sheets
_MOST_STRINGS = 4_000_000
_LONGEST_TEXT = 1 << 17  # characters of a cell; Excel keeps 32,767, each of which may be written as an escape of seven


@contextmanager
def open_part(archive: zipfile.ZipFile, part: str, limits: Limits, name: str) -> Iterator[IO[bytes]]:
    """Raises KeyError when it is missing, ConfigurationError for one over a limit. More than it says of itself is never
    unpacked."""
    info = archive.getinfo(part)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotImplementedError(f"{part} is packed in a way that Excel does not know")
    if info.file_size > limits.size:
        problem = (
            f"{name}: {part} is {info.file_size:,} bytes unpacked; at most {limits.size:,} are read: save it as CSV"
        )
        raise ConfigurationError([problem])
    if info.file_size > max(_SMALL, info.compress_size * limits.ratio):
        problem = f"{name}: {part} is more than {limits.ratio} times larger unpacked; no statement is, so it is refused"
        raise ConfigurationError([problem])
    with archive.open(info) as file:
        yield file


def read_book(archive: zipfile.ZipFile, name: str) -> Book:
    """Raises KeyError when a part is missing."""
    book = _Workbook()
    _read(archive, "xl/workbook.xml", book, name)
    if book.relation is None:
        raise KeyError("it has no visible sheet")
    relation = _Relation(book.relation)
    _read(archive, "xl/_rels/workbook.xml.rels", relation, name)
    if relation.target is None:
        raise KeyError("its first visible sheet is missing")
    target = relation.target
    sheet = target.removeprefix("/") if target.startswith("/") else join("xl", target)
    return Book(sheet, _date_styles(archive, name), _EPOCHS[book.is_1904])


@contextmanager
def read_strings(archive: zipfile.ZipFile, name: str) -> Iterator[SharedStrings]:
    offsets = array("Q", [0])
    with tempfile.TemporaryFile() as file:
        strings = _Strings(name)
        if "xl/sharedStrings.xml" in archive.namelist():
            with open_part(archive, "xl/sharedStrings.xml", _STRINGS, name) as part:
                for _ in feed(_chunks(part), strings, name=name):
                    for text in strings.found:
                        offsets.append(offsets[-1] + file.write(text.encode()))
                    strings.found.clear()
                    if len(offsets) > _MOST_STRINGS:
                        raise ConfigurationError([f"{name} has more than {_MOST_STRINGS:,} texts: save it as CSV"])
        yield SharedStrings(file, offsets)


def _date_styles(archive: zipfile.ZipFile, name: str) -> frozenset[int]:
    """The numbers of the cell styles that show a date or a time."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    styles = _Styles()
    _read(archive, "xl/styles.xml", styles, name)
    return frozenset(styles.dates)


def _read(archive: zipfile.ZipFile, part: str, handler: Handler, name: str) -> None:
    with open_part(archive, part, _AROUND, name) as file:
        for _ in feed(_chunks(file), handler, name=name):
            pass


def _chunks(file: IO[bytes]) -> Iterable[bytes]:
    return iter(lambda: file.read(_CHUNK), b"")


class _Attributes(Handler):
    """Of parts whose elements have attributes and no text."""

    def text(self, text: str) -> None:
        """Only attributes count."""

    def end(self, name: str) -> None:
        """Nor do ends."""


class _Workbook(_Attributes):
    def __init__(self) -> None:
        self.relation: str | None = None  # of the first sheet that is not hidden
        self.is_1904 = False

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:  # noqa: ARG002 - nobody asks
        if name == "workbookPr":
            self.is_1904 = attributes.get("date1904") in ("1", "true")
        elif name == "sheet" and self.relation is None and attributes.get("state", "visible") == "visible":
            self.relation = next((value for key, value in attributes.items() if key.endswith(":id")), None)


class _Relation(_Attributes):
    def __init__(self, wanted: str) -> None:
        self.target: str | None = None
        self._wanted = wanted

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:  # noqa: ARG002 - nobody asks
        if name == "Relationship" and attributes.get("Id") == self._wanted:
            self.target = attributes["Target"]


class _Styles(_Attributes):
    """Formats stand before the styles that use them."""

    def __init__(self) -> None:
        self.dates: set[int] = set()
        self._formats = set(_DATE_FORMATS)
        self._is_cells = False
        self._number = 0

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:  # noqa: ARG002 - nobody asks
        if name == "numFmt":
            if re.search("[ymdhs]", _QUOTED.sub("", attributes.get("formatCode", "")), re.IGNORECASE):
                self._formats.add(int(attributes["numFmtId"]))
        elif name == "cellXfs":
            self._is_cells = True
        elif name == "xf" and self._is_cells:
            if int(attributes.get("numFmtId", "0")) in self._formats:
                self.dates.add(self._number)
            self._number += 1

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_cells = False


class CellText:
    """Gathered in pieces."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pieces: list[str] = []
        self._length = 0

    def clear(self) -> None:
        self._pieces.clear()
        self._length = 0

    def add(self, text: str) -> None:
        """Raises ConfigurationError when it is longer than any cell's."""
        self._length += len(text)
        if self._length > _LONGEST_TEXT:
            raise ConfigurationError(
                [f"{self._name} has a cell of more than {_LONGEST_TEXT:,} characters; it is refused"]
            )
        self._pieces.append(text)

    def whole(self) -> str:
        return "".join(self._pieces)


class _Strings(Handler):
    """One `<si>` is a text, of one `<t>` or of several in its runs; how it is pronounced (`<rPh>`) is none of it."""

    def __init__(self, name: str) -> None:
        self.found: list[str] = []
        self._text = CellText(name)
        self._in_text = False
        self._in_reading = False

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:  # noqa: ARG002 - nobody asks
        if name == "si":
            self._text.clear()
        self._in_reading = self._in_reading or name == "rPh"
        self._in_text = name == "t" and not self._in_reading

    def text(self, text: str) -> None:
        if self._in_text:
            self._text.add(text)

    def end(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "rPh":
            self._in_reading = False
        elif name == "si":
            self.found.append(self._text.whole())
