"""Moments and durations on the command line."""

import argparse
from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """ISO 8601 with its offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no time; write one such as 2026-11-24T12:00:00Z") from None
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text}: add an offset, for example {text}Z")
    return found.astimezone(UTC)


_LONGEST = 7  # characters
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def duration(text: str) -> int:
    """Seconds, of a text such as 10m."""
    unit = _UNITS.get(text[-1:])
    if unit is None or not text[:-1].isdecimal() or len(text) > _LONGEST:
        raise argparse.ArgumentTypeError(f"{text} is no duration; write one such as 30s, 10m, 2h or 7d")
    return int(text[:-1]) * unit
