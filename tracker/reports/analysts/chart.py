"""A chart's geometry: lengths in percent of what is largest. Pure; the template draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

MOST_BARS = 15  # the table has them all


@dataclass(frozen=True, slots=True)
class Mark:
    label: str
    value: str
    percent: float  # of the largest


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    marks: tuple[Mark, ...]
    largest: Mark


def draw(title: str, labels: Sequence[str], values: Sequence[Decimal | None], written: Sequence[str]) -> Chart | None:
    """None when there is nothing to see. What is negative or unknown has no length."""
    lengths = [max(value or Decimal(0), Decimal(0)) for value in values]
    longest = max(lengths, default=Decimal(0))
    if not longest:
        return None
    marks = tuple(
        Mark(label, text, round(float(length / longest * 100), 2))
        for label, text, length in zip(labels, written, lengths, strict=True)
    )
    return Chart(title, marks, max(marks, key=lambda mark: mark.percent))
