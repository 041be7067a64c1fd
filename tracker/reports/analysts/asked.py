"""What a report is asked about: days of Moscow, both inclusive, and a partner or all of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

ZONE = "Europe/Moscow"  # of every `day` in the views
USUAL_DAYS = 30
_FIRST, _LAST = date(2000, 1, 1), date(2100, 12, 31)  # a ClickHouse Date holds these, and some days more
_PARTNER = re.compile("[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Asked:
    since: date
    until: date
    partner: str = ""  # empty: all

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def parameters(self) -> Mapping[str, str]:
        """Of the SQL."""
        return {"since": str(self.since), "until": str(self.until), "partner": self.partner}

    def address(self, path: str, **more: str) -> str:
        """The same question at another page."""
        said = {"from": str(self.since), "until": str(self.until), "partner": self.partner} | more
        return f"{path}?{urlencode({name: value for name, value in said.items() if value})}"


def today(now: datetime) -> date:
    return now.astimezone(ZoneInfo(ZONE)).date()


def read_asked(said: Mapping[str, str], now: datetime) -> Asked:
    """`from`, `until` and `partner`; what is none of these is as if it were not said."""
    until = _day(said.get("until", "")) or today(now)
    since = _day(said.get("from", "")) or max(_FIRST, until - timedelta(days=USUAL_DAYS - 1))
    partner = said.get("partner", "")
    return Asked(min(since, until), max(since, until), partner if _PARTNER.fullmatch(partner) else "")


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST <= day <= _LAST else None
