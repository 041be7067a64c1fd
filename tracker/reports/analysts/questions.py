"""The questions. Each is one file of `questions/`, ClickHouse SQL with {since:Date}, {until:Date} and
{partner:String}; its name is its address."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType


class Shape(StrEnum):
    """How a question's numbers are drawn."""

    BARS = "bars"  # one below the other, with names
    COLUMNS = "columns"  # side by side, a row of time


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    labels: tuple[str, ...]  # the columns that say what a row is about
    drawn: tuple[str, ...]  # the columns that are drawn, one chart each
    shape: Shape = Shape.BARS

    @property
    def sql(self) -> str:
        return sql(f"questions/{self.name}.sql")


_ALL = (
    Question("conversion-rate", ("partner_id",), ("cr", "epc")),
    Question("refusals", ("reason",), ("orders",)),
    Question("confirmation-times", ("partner_id",), ("p50_days", "p90_days")),
    Question("minimum-rule", ("partner_id", "reason"), ("accrual_only",)),
    Question("app-origins", ("partner_id", "origin"), ("orders",)),
    Question("late-confirmations", ("partner_id",), ("orders",)),
    Question("unmatched-postbacks", ("partner_id", "verdict"), ("postbacks",)),
    Question("clicks-by-hour", ("hour",), ("valid_clicks",), Shape.COLUMNS),
    Question("returns", ("partner_id",), ("share",)),
    Question("liability", ("state",), ("cashback",)),
    Question("checks", ("check", "browser_family", "browser_version"), ("share",)),
)
QUESTIONS: Mapping[str, Question] = MappingProxyType({question.name: question for question in _ALL})


@cache
def sql(path: str) -> str:
    """The text of a file of this package."""
    return files("tracker.reports.analysts").joinpath(path).read_text("utf-8")
