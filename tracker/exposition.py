"""Metrics as they stand on the board, and as Prometheus reads them (docs/adr/0017)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from tracker.board import Board

NOT_KNOWN = math.nan  # a level that no process knows now: it is not shown

# Seconds. The bar of a click-out is 25 ms, that of a postback 1 s.
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One family of series. `labels` name what tells them apart: closed lists, never what a sender wrote.

    `kind` is Prometheus' word. Levels of several processes add up, unless only the `largest` counts.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: str = "counter"
    bounds: tuple[float, ...] = ()  # upper bounds of a histogram's buckets
    largest: bool = False


class _Key(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A series explains itself: whoever reads it may be of another version than the process that writes it."""

    kind: str
    name: str
    help: str
    label_names: tuple[str, ...]
    labels: tuple[str, ...]
    bounds: tuple[float, ...]
    largest: bool


_decoder = msgspec.json.Decoder(_Key)


def key_of(metric: Metric, labels: tuple[str, ...]) -> bytes:
    return msgspec.json.encode(
        _Key(metric.kind, metric.name, metric.help, metric.labels, labels, metric.bounds, metric.largest)
    )


def is_level(key: bytes) -> bool:
    """What stands there is of its process alone, and ends with it."""
    return _decoder.decode(key).kind == "gauge"


def render(board: Board) -> str:
    """Counters and histograms of all processes that ever were; levels of those that run."""
    families: dict[str, dict[tuple[str, ...], tuple[_Key, list[float]]]] = {}
    for key, numbers in _series(board):
        family = families.setdefault(key.name, {})
        before = family.get(key.labels)
        family[key.labels] = (key, numbers if before is None else _together(key, before[1], numbers))
    lines: list[str] = []
    for name, family in sorted(families.items()):
        example, _ = next(iter(family.values()))
        lines += [f"# HELP {name} {example.help}", f"# TYPE {name} {example.kind}"]
        for _, (key, numbers) in sorted(family.items()):
            lines += _lines(key, numbers)
    return "".join(f"{line}\n" for line in lines)


def levels(board: Board, metric: Metric) -> list[float]:
    """Of a gauge: what each process that runs says, by label."""
    return [numbers[0] for key, numbers in _series(board) if key.name == metric.name]


def _series(board: Board) -> Iterator[tuple[_Key, list[float]]]:
    for place in board.places():
        alive = place.is_alive
        for raw, first, count in place.records():
            key = _decoder.decode(raw)
            numbers = list(place.numbers[first : first + count])
            if key.kind != "gauge" or (alive and not math.isnan(numbers[0])):
                yield key, numbers


def _together(key: _Key, before: list[float], numbers: list[float]) -> list[float]:
    if len(before) != len(numbers):  # buckets of another version
        return before
    if key.largest:
        return [max(before[0], numbers[0])]
    return [one + other for one, other in zip(before, numbers, strict=True)]


def _lines(key: _Key, numbers: list[float]) -> Iterator[str]:
    pairs = [f'{name}="{_escaped(text)}"' for name, text in zip(key.label_names, key.labels, strict=True)]
    if not key.bounds:
        yield f"{key.name}{_braced(pairs)} {_number(numbers[0])}"
        return
    *buckets, total = numbers
    seen = 0.0
    for bound, number in zip([*map(_number, key.bounds), "+Inf"], buckets, strict=True):
        seen += number
        below = _braced([*pairs, f'le="{bound}"'])
        yield f"{key.name}_bucket{below} {_number(seen)}"
    yield f"{key.name}_sum{_braced(pairs)} {_number(total)}"
    yield f"{key.name}_count{_braced(pairs)} {_number(seen)}"


def _braced(pairs: list[str]) -> str:
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(value)


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
