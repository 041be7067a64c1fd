"""ClickHouse's output formats for rows that came over the native protocol, which has none of its own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

Columns = Sequence[tuple[str, str]]  # name and ClickHouse type
Rows = Sequence[Sequence[Any]]

_json = msgspec.json.Encoder(decimal_format="number")
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": r"\0", "'": r"\'"})


def json_compact(columns: Columns, rows: Rows) -> bytes:
    meta = [{"name": name, "type": type_} for name, type_ in columns]
    return _json.encode({"meta": meta, "data": _for_json(rows), "rows": len(rows)}) + b"\n"


def json_each_row(columns: Columns, rows: Rows) -> bytes:
    names = [name for name, _ in columns]
    return b"".join(_json.encode(dict(zip(names, _for_json(row), strict=True))) + b"\n" for row in rows)


def tab_separated(_: Columns, rows: Rows) -> bytes:
    return "".join("\t".join(map(_cell, row)) + "\n" for row in rows).encode()


def tab_separated_raw(_: Columns, rows: Rows) -> bytes:
    return "".join("\t".join(r"\N" if value is None else _text(value) for value in row) + "\n" for row in rows).encode()


def tab_separated_with_names(columns: Columns, rows: Rows) -> bytes:
    return tab_separated(columns, [[name for name, _ in columns], *rows])


def pretty_compact(columns: Columns, rows: Rows) -> bytes:
    if not rows:
        return b""
    names = [name for name, _ in columns]
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    is_number = [isinstance(value, int | float | Decimal) for value in rows[0]]

    def line(row: Sequence[str], between: str, fill: str) -> str:
        return between.join(
            text.rjust(width, fill) if right else text.ljust(width, fill)
            for text, width, right in zip(row, widths, is_number, strict=True)
        )

    head = f"┌─{line(names, '─┬─', '─')}─┐"
    body = [f"│ {line(row, ' │ ', ' ')} │" for row in cells]
    foot = f"└─{'─┴─'.join('─' * width for width in widths)}─┘"
    return "".join(f"{text}\n" for text in (head, *body, foot)).encode()


FORMATS: Mapping[str, Callable[[Columns, Rows], bytes]] = {
    "JSONCompact": json_compact,
    "JSONEachRow": json_each_row,
    "PrettyCompact": pretty_compact,
    "TabSeparated": tab_separated,
    "TabSeparatedWithNames": tab_separated_with_names,
    "TSV": tab_separated,
    "TSVRaw": tab_separated_raw,
    "TSVWithNames": tab_separated_with_names,
}


def _for_json(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_for_json(item) for item in value]
    if value is None or isinstance(value, str | int | float | Decimal):
        return value
    return _text(value)


def _cell(value: Any) -> str:
    if value is None:
        return r"\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_quoted, value))}]"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _quoted(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float | Decimal | list | tuple):
        return _text(value)
    return f"'{_text(value).translate(_ESCAPES)}'"
