"""JSON of a network's API, Admitad's above all: `{"results": […]}`, a list, or one object a line; read as a stream."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from tracker.core.statement import StatementField
from tracker.errors import ConfigurationError
from tracker.reconcile.columns import Columns
from tracker.reconcile.record import Record, Value
from tracker.reconcile.text import Advance

_CHUNK = 1 << 18
_LARGEST = 1 << 22  # characters of one object
_LIST = "results"

_decoder = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal, parse_constant=str)


def admitad_json_records(path: Path, encoding: str, columns: Columns, advance: Advance) -> Iterator[Record]:
    """Raises ConfigurationError for what is no JSON, or has no orders."""
    number = 0
    try:
        with path.open("rb") as raw, TextIOWrapper(raw, encoding) as file:
            stream = _Stream(file, lambda: advance(raw.tell()))
            for number, item in enumerate(stream.objects(), start=1):
                names = list(item)
                places = columns.among(names)
                if number == 1 and StatementField.ORDER_ID not in places:
                    raise columns.no_header([names])
                values = {
                    field: value for field, at in places.items() if (value := _value(item[names[at]])) is not None
                }
                yield Record(number, values)
    except UnicodeError as error:
        raise ConfigurationError([f"{path.name} is not {encoding} text ({error}); name its encoding"]) from None
    except _NotJsonError as error:
        raise ConfigurationError([f"{path.name} is not JSON behind record {number}: {error}"]) from None


class _NotJsonError(Exception):
    pass


def _value(value: Any) -> Value | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return value or None
    return None if value is None else str(value)


class _Stream:
    def __init__(self, file: TextIO, advance: Callable[[], None]) -> None:
        self._file = file
        self._advance = advance
        self._text = ""
        self._at = 0
        self._ended = False

    def objects(self) -> Iterator[dict[str, Any]]:
        """Those of every list, and those that stand alone."""
        while (sign := self._peek()) != "":
            if sign == "[":
                yield from self._items()
            elif sign == "{":
                yield from self._members()
            else:
                raise _NotJsonError(f"{sign!r} where a list or an object begins")

    def _items(self) -> Iterator[dict[str, Any]]:
        self._take("[")
        while self._peek() != "]":
            item = self._decode()
            if not isinstance(item, dict):
                raise _NotJsonError(f"{str(item)[:40]!r} in the list is no object")
            yield item
            if self._peek() != "]":
                self._take(",")
        self._take("]")

    def _members(self) -> Iterator[dict[str, Any]]:
        """An object that holds the list, else an order by itself."""
        self._take("{")
        members: dict[str, Any] = {}
        held = False
        while self._peek() != "}":
            name = self._decode()
            self._take(":")
            if name == _LIST and self._peek() == "[":
                held = True
                yield from self._items()
            else:
                members[str(name)] = self._decode()
            if self._peek() != "}":
                self._take(",")
        self._take("}")
        if not held:
            yield members

    def _peek(self) -> str:
        """The next sign that is no blank; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n\ufeff":
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _take(self, sign: str) -> None:
        if (found := self._peek()) != sign:
            raise _NotJsonError(f"{found!r} where {sign!r} is expected")
        self._at += 1

    def _decode(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = _decoder.raw_decode(self._text, self._at)
            except ValueError as error:
                if len(self._text) - self._at > _LARGEST or not self._more():
                    raise _NotJsonError(str(error)) from None
                continue
            except RecursionError:
                raise _NotJsonError("too many lists in lists") from None
            if end == len(self._text) and self._more():
                continue  # a number may go on behind what was read
            self._at = end
            return value

    def _more(self) -> bool:
        if self._ended:
            return False
        chunk = self._file.read(_CHUNK)
        self._ended = not chunk
        self._text, self._at = self._text[self._at :] + chunk, 0
        self._advance()
        return bool(chunk)
