"""A question's answer: ClickHouse's own rows, with exact numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import msgspec

from tracker.reports.analysts.asked import Asked

Cell: TypeAlias = Decimal | str | None
_NUMBERS = ("Int", "UInt", "Decimal", "Float")


class Ask(Protocol):
    """ClickHouse as an analyst has it: SQL, ClickHouse's name of the format, values for {name:Type}."""

    async def __call__(self, sql: str, format_: str, parameters: Mapping[str, str] = MappingProxyType({}), /) -> bytes:
        """Raises WarehouseQueryError or StoreUnavailableError."""


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Cell], ...]


class _Column(msgspec.Struct):
    name: str
    type: str


class _Answer(msgspec.Struct):
    meta: list[_Column]
    data: list[list[Any]]


_answer = msgspec.json.Decoder(_Answer, float_hook=Decimal)


async def read_table(ask: Ask, sql: str, asked: Asked) -> Table:
    """Raises WarehouseQueryError or StoreUnavailableError."""
    answer = _answer.decode(await ask(sql, "JSONCompact", asked.parameters))
    return Table(
        columns=tuple(column.name for column in answer.meta),
        rows=tuple(_row(answer.meta, values) for values in answer.data),
    )


def _row(meta: Sequence[_Column], values: Sequence[Any]) -> Mapping[str, Cell]:
    return {column.name: _cell(column.type, value) for column, value in zip(meta, values, strict=True)}


def _cell(type_: str, value: Any) -> Cell:
    """64-bit integers may come as strings: then the type says what they are."""
    if value is None:
        return None
    is_number = type_.removeprefix("Nullable(").startswith(_NUMBERS)
    return Decimal(value) if is_number else str(value)
