"""Moments on the command line."""

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
