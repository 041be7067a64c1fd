"""Rows -> one Arrow stream, typed by the table itself. What does not fit its column is poison, and never changed."""

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa

from tracker.errors import PoisonError
from tracker.store.warehouse.by_column import Lists, columns_of

_DECIMAL = re.compile(r"Decimal\((\d+), (\d+)\)")
_NESTED = re.compile(r"(Nullable|Array)\((.+)\)")
_LOW_CARDINALITY = re.compile(r"LowCardinality\((.+)\)")  # only stored in another way
_PLAIN = {
    "String": pa.string(),
    "Int64": pa.int64(),
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "DateTime('UTC')": pa.uint32(),  # Unix seconds
}


def schema_of(columns: Sequence[str], types: Mapping[str, str]) -> pa.Schema:
    """The Arrow schema for columns of those ClickHouse types."""
    return pa.schema([_field(column, types[column]) for column in columns])


def _field(name: str, clickhouse_type: str) -> pa.Field:
    nested = _NESTED.fullmatch(clickhouse_type)
    if nested and nested[1] == "Nullable":
        return pa.field(name, _type_of(nested[2]), nullable=True)
    if nested:
        return pa.field(name, pa.list_(pa.field("item", _type_of(nested[2]), nullable=False)), nullable=False)
    return pa.field(name, _type_of(clickhouse_type), nullable=False)


def _type_of(clickhouse_type: str) -> pa.DataType:
    if stored := _LOW_CARDINALITY.fullmatch(clickhouse_type):
        return _type_of(stored[1])
    decimal = _DECIMAL.fullmatch(clickhouse_type)
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    return _PLAIN[clickhouse_type]


def to_stream(schema: pa.Schema, rows: Sequence[Sequence[object]]) -> bytes:
    """Raises PoisonError that names the column."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.record_batch(to_columns(schema, rows), schema=schema))
    return bytes(sink.getvalue())


def to_columns(schema: pa.Schema, rows: Sequence[Sequence[object]]) -> list[pa.Array]:
    """Raises PoisonError that names the column."""
    return [_column(field, values) for field, values in zip(schema, columns_of(rows), strict=True)]


def _column(field: pa.Field, values: Sequence[object]) -> pa.Array:
    if isinstance(values, Lists):
        items = _column(field.type.value_field.with_name(field.name), values.items)
        return pa.ListArray.from_arrays(pa.array(values.offsets, pa.int32()), items, type=field.type)
    try:
        array = pa.array(values, field.type)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise PoisonError(f"A value does not fit the column {field.name}: {error}") from error
    if not field.nullable and array.null_count:
        raise PoisonError(f"The column {field.name} takes no null.")
    return array
