"""The values of a JSON object, what is nested in it by dotted names. Anybody may send one: what a small body would grow
to is never made."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from tracker.postback.refusal import UnreadableError

MAX_JSON_VALUES = 2000
MAX_JSON_DEPTH = 20
MAX_JSON_NAMES = 200_000  # characters of all dotted names together

_Pairs = list[tuple[str, object]]


def json_values(body: bytes) -> list[tuple[str, str]]:
    """Of one object; numbers stay the text that they are. Raises UnreadableError."""
    try:
        found = _loaded(body.decode("utf-8-sig"), _no_doubles)
    except UnreadableError:
        raise
    except (ValueError, RecursionError):
        raise UnreadableError("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise UnreadableError("The JSON body is not an object.")
    return list(_flat("", found, 0, _Room()))


def legible_values(body: bytes) -> list[tuple[str, str]]:
    """As many as can be read, of a doubled name the first; none of what is no JSON."""
    found: list[tuple[str, str]] = []
    try:
        for pair in _flat("", _loaded(body.decode("utf-8-sig", "replace"), _first_of_each), 0, _Room()):
            found.append(pair)  # noqa: PERF402 - those before the fault count
    except (ValueError, RecursionError):
        pass
    return found


def _loaded(text: str, members: Callable[[_Pairs], dict[str, object]]) -> object:
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=_refuse_constant, object_pairs_hook=members)


@dataclass(slots=True)
class _Room:
    """What is left of the limits."""

    values: int = MAX_JSON_VALUES
    names: int = MAX_JSON_NAMES

    def name(self, name: str) -> None:
        self.names -= len(name)
        if self.names < 0:
            raise UnreadableError(f"The names in the JSON body are longer than {MAX_JSON_NAMES} characters together.")

    def value(self) -> None:
        self.values -= 1
        if self.values < 0:
            raise UnreadableError(f"There are more than {MAX_JSON_VALUES} values in the JSON body.")


def _flat(name: str, value: object, depth: int, room: _Room) -> Iterator[tuple[str, str]]:
    """`{"items": [{"sku": "A"}]}` is `items.0.sku=A`."""
    room.name(name)
    if depth > MAX_JSON_DEPTH:
        raise UnreadableError("The JSON body is nested too deeply.")
    if isinstance(value, bool):
        room.value()
        yield name, "true" if value else "false"
    elif isinstance(value, str):
        room.value()
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else key, inner, depth + 1, room)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(f"{name}.{number}" if name else str(number), inner, depth + 1, room)


def _refuse_constant(text: str) -> NoReturn:
    raise UnreadableError(f"{text} is not a number.")


def _no_doubles(pairs: _Pairs) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableError("A name stands twice in the JSON body.")
    return found


def _first_of_each(pairs: _Pairs) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found
