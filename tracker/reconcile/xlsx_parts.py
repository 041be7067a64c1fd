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

from tracker.reconcile.safe_xml import Handler, feed

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


def read_book(archive: zipfile.ZipFile, name: str) -> Book:
    """Raises KeyError when a part is missing."""
    book, relations = _Elements(), _Elements()
    _read(archive, "xl/workbook.xml", book, name)
    _read(archive, "xl/_rels/workbook.xml.rels", relations, name)
    targets = {one["Id"]: one["Target"] for tag, one in relations.found if tag == "Relationship"}
    sheets = [one for tag, one in book.found if tag == "sheet" and one.get("state", "visible") == "visible"]
    if not sheets:
        raise KeyError("it has no visible sheet")
    target = targets[next(value for key, value in sheets[0].items() if key.endswith(":id"))]
    is_1904 = any(tag == "workbookPr" and one.get("date1904") in ("1", "true") for tag, one in book.found)
    sheet = target.removeprefix("/") if target.startswith("/") else join("xl", target)
    return Book(sheet, _date_styles(archive, name), _EPOCHS[is_1904])


@contextmanager
def read_strings(archive: zipfile.ZipFile, name: str) -> Iterator[SharedStrings]:
    offsets = array("Q", [0])
    with tempfile.TemporaryFile() as file:
        strings = _Strings()
        if "xl/sharedStrings.xml" in archive.namelist():
            with archive.open("xl/sharedStrings.xml") as part:
                for _ in feed(_chunks(part), strings, name=name):
                    for text in strings.found:
                        offsets.append(offsets[-1] + file.write(text.encode()))
                    strings.found.clear()
        yield SharedStrings(file, offsets)


def _date_styles(archive: zipfile.ZipFile, name: str) -> frozenset[int]:
    """The numbers of the cell styles that show a date or a time."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    styles = _Elements()
    _read(archive, "xl/styles.xml", styles, name)
    own = {
        int(one["numFmtId"])
        for tag, one in styles.found
        if tag == "numFmt" and re.search("[ymdhs]", _QUOTED.sub("", one.get("formatCode", "")), re.IGNORECASE)
    }
    cells = [one for tag, one in styles.of("cellXfs") if tag == "xf"]
    dates = _DATE_FORMATS | own
    return frozenset(number for number, one in enumerate(cells) if int(one.get("numFmtId", "0")) in dates)


def _read(archive: zipfile.ZipFile, part: str, handler: Handler, name: str) -> None:
    with archive.open(part) as file:
        for _ in feed(_chunks(file), handler, name=name):
            pass


def _chunks(file: IO[bytes]) -> Iterable[bytes]:
    return iter(lambda: file.read(_CHUNK), b"")


class _Elements(Handler):
    """Every element with its attributes and the element that it stands in."""

    def __init__(self) -> None:
        self._in: list[str] = []
        self._all: list[tuple[str, str, dict[str, str]]] = []

    @property
    def found(self) -> list[tuple[str, dict[str, str]]]:
        return [(tag, attributes) for _, tag, attributes in self._all]

    def of(self, parent: str) -> list[tuple[str, dict[str, str]]]:
        return [(tag, attributes) for within, tag, attributes in self._all if within == parent]

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:  # noqa: ARG002 - nobody asks
        self._all.append((self._in[-1] if self._in else "", name, attributes))
        self._in.append(name)

    def text(self, text: str) -> None:
        """Only attributes count."""

    def end(self, name: str) -> None:  # noqa: ARG002 - elements are nested, so it is the innermost
        self._in.pop()


class _Strings(Handler):
    """One `<si>` is a text, of one `<t>` or of several in its runs; how it is pronounced (`<rPh>`) is none of it."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._text: list[str] = []
        self._in_text = False
        self._in_reading = False

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:  # noqa: ARG002 - nobody asks
        if name == "si":
            self._text.clear()
        self._in_reading = self._in_reading or name == "rPh"
        self._in_text = name == "t" and not self._in_reading

    def text(self, text: str) -> None:
        if self._in_text:
            self._text.append(text)

    def end(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "rPh":
            self._in_reading = False
        elif name == "si":
            self.found.append("".join(self._text))
