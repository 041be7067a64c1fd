"""Words of a message as values: sums, times, counts. None: it is none of that."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tracker.core.money import CONTEXT, parse_sum
from tracker.core.partner import Amounts, AmountUnit

# Every way in which a network writes a macro that it did not fill in (postbacks.md 2.1).
_MACRO = re.compile(r"(\[\[\[.*\]\]\]|!!!.*!!!|\{\{?.*\}?\}|<.*>|\(.*\)|#.+#)", re.DOTALL)
_UNIX = re.compile(r"[0-9]{9,10}")
_UNIX_MILLISECONDS = re.compile(r"[0-9]{12,13}")
_RUSSIAN = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})(?:[ T](\d\d:\d\d(?::\d\d)?))?", re.ASCII)
_DAY = re.compile(r"\d{4}-?\d\d-?\d\d|\d\d\.\d\d\.\d{4}", re.ASCII)
_YEARS = range(2000, 2101)  # near the ends of the calendar no deadline can be counted
_TRUE, _FALSE = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no"})


def is_macro(text: str) -> bool:
    """Whether a network left its own placeholder there: `{subacc4}`, `[[[subid4]]]`, `!!!clickRef!!!`."""
    return _MACRO.fullmatch(text.strip()) is not None


def sum_of_money(text: str, amounts: Amounts, *, negative: bool = False) -> Decimal | None:
    """In major units, as the partner writes sums. `negative`: a correction may take away."""
    sign = negative and text.startswith("-")
    found = parse_sum(text[1:] if sign else text, amounts.decimal)
    if found is None:
        return None
    if amounts.unit is AmountUnit.MINOR:
        found = CONTEXT.scaleb(found, -2)
    return CONTEXT.minus(found) if sign else found


def decimals(number: Decimal) -> int:
    """Digits behind the point."""
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def count(text: str) -> int | None:
    """From 1 to 100,000."""
    fits = text.isascii() and text.isdigit() and len(text) <= 6
    return int(text) if fits and 1 <= int(text) <= 100_000 else None


def truth(text: str) -> bool | None:
    word = text.lower()
    return True if word in _TRUE else False if word in _FALSE else None


def is_day(text: str) -> bool:
    """A date alone: no moment, so nothing can be judged by it."""
    return _DAY.fullmatch(text) is not None


def moment(text: str, zone: str | None) -> datetime | None:
    """Unix seconds or milliseconds, ISO 8601, `2026-11-24 12:00:00` or `24.11.2026 12:00`; the last two, and ISO
    without an offset, need a zone."""
    try:
        found = _moment(text, zone)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and found.year in _YEARS else None


def _moment(text: str, zone: str | None) -> datetime | None:
    if _UNIX.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC)
    if _UNIX_MILLISECONDS.fullmatch(text):
        seconds, rest = divmod(int(text), 1000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
    if russian := _RUSSIAN.fullmatch(text):
        day, month, year, clock = russian.groups()
        text = f"{year}-{month}-{day}T{clock or '00:00'}"
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        if zone is None:
            return None
        found = found.replace(tzinfo=ZoneInfo(zone))
    return found.astimezone(UTC)
