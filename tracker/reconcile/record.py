"""A row of any file before it is understood, and what is wrong with one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

Value = str | Decimal | datetime  # a cell that holds a number or a date says so; a time has no zone yet


@dataclass(frozen=True, slots=True)
class Record:
    """`place` is the line of a text, the row of a sheet, the number of an element; `values` are by our own field."""

    place: int
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Problem:
    place: int
    sentence: str
