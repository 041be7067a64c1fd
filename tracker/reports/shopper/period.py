"""The period and the state by which a shopper filters their page (programme.md A-02, A-03, S-01...S-04)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tracker.core.report import Status
from tracker.ports import Purchase

_USUAL = timedelta(days=120)  # the window, and some time to look at what became of it
_FIRST, _LAST = date(2000, 1, 1), date(2100, 12, 31)  # a day before or after any of these is still a date


class State(StrEnum):
    """A purchase in the shopper's words."""

    PENDING = "pending"  # waits for the partner, or for a hold to end
    ACCRUED = "accrued"
    REJECTED = "rejected"  # the partner declined it, or a rule gives nothing


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the programme's zone, both inclusive."""

    first: date
    last: date
    zone: str

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first, time.min, ZoneInfo(self.zone))

    @property
    def until(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time.min, ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class Totals:
    """Whole rubles."""

    pending: int
    accrued: int


def read_period(said: Mapping[str, str], now: datetime, zone: str) -> Period:
    """`from` and `until`; what is no date is as if it were not said."""
    today = now.astimezone(ZoneInfo(zone)).date()
    last = _day(said.get("until", "")) or today
    first = _day(said.get("from", "")) or last - _USUAL
    return Period(min(first, last), max(first, last), zone)


def state_of(purchase: Purchase) -> State:
    if purchase.status is Status.DECLINED or (purchase.reasons and not purchase.cashback):
        return State.REJECTED
    return State.ACCRUED if purchase.status is Status.APPROVED and not purchase.hold else State.PENDING


def totals(purchases: Sequence[Purchase]) -> Totals:
    def total(state: State) -> int:
        return sum(one.cashback for one in purchases if state_of(one) is state)

    return Totals(pending=total(State.PENDING), accrued=total(State.ACCRUED))


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST <= day <= _LAST else None
