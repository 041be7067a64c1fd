"""The shape of `statement:` in partners.yaml: how a partner writes the file that `tracker reconcile` reads."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tracker.core.statement import StatementAmounts, StatementField, StatementFormat, StatementProfile
from tracker.partners_values import Entry, Word, Zone


def _time_format(value: Any) -> str:
    sample = datetime(2026, 11, 24, 15, 4, 5, tzinfo=UTC)
    try:
        same_day = datetime.strptime(sample.strftime(value), value).date() == sample.date()  # noqa: DTZ007 - a day alone
    except (TypeError, ValueError):
        same_day = False
    if not same_day:
        raise ValueError(f"{value} is not a form of times; write one such as '%d.%m.%Y %H:%M'")
    return str(value)


Ours = Literal["pending", "pending+hold", "approved", "approved+hold", "declined"]


class StatementAmountsEntry(Entry):
    decimal: Literal[".", ","] | None = None
    unit: Literal["major", "minor"] = "major"
    include_delivery: bool = False


class StatementEntry(Entry):
    format: StatementFormat | None = None
    map_: dict[StatementField, Word] = Field(default={}, alias="map")
    statuses: dict[Word, Ours] = {}
    status: Ours | None = None
    amounts: StatementAmountsEntry = StatementAmountsEntry()
    timezone: Zone | None = None
    time_format: Annotated[str, BeforeValidator(_time_format)] | None = None

    def profile(self) -> StatementProfile:
        return StatementProfile(
            format=self.format,
            mapping=tuple((str(field), column) for field, column in self.map_.items()),
            statuses=tuple(self.statuses.items()),
            status=self.status,
            amounts=StatementAmounts(
                self.amounts.decimal, minor=self.amounts.unit == "minor", include_delivery=self.amounts.include_delivery
            ),
            timezone=self.timezone,
            time_format=self.time_format,
        )
