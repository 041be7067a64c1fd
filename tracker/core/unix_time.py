"""Moments as facts hold them: Unix time in whole microseconds, exact, unlike a float of seconds."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Of an aware moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(unix_microseconds: int) -> datetime:
    """The same back."""
    return _EPOCH + timedelta(microseconds=unix_microseconds)
