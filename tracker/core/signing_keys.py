"""Keys that sign in turn: a new one is known to every verifier before it signs, and an old one verifies for as long as
what it signed lives (docs/operations.md, "Rotating keys")."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import msgspec

DAY_SECONDS = 86_400
# How long each verifies after it has stopped signing: no less than what it signed lives.
CLICK_KEY_SECONDS = 120 * DAY_SECONDS  # the window of 90 days and a month's grace
LINK_SECONDS = DAY_SECONDS
BROWSER_COOKIE_SECONDS = 90 * DAY_SECONDS  # the longest-lived cookie


class SigningKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Times are Unix seconds; 0: as old as the installation."""

    secret: Annotated[str, msgspec.Meta(min_length=32)]  # what is shorter can be guessed; it got there by hand
    signs_from: int = 0
    made_at: int = 0

    def __repr__(self) -> str:  # a key in a log is a key lost
        return f"SigningKey(..., signs_from={self.signs_from})"


SigningKeys: TypeAlias = Sequence[SigningKey]


def since_ever(secret: str) -> tuple[SigningKey]:
    """The only one there ever was."""
    return (SigningKey(secret),)


def in_order(keys: SigningKeys) -> list[SigningKey]:
    """Oldest to newest. Raises ValueError when there is none."""
    if not keys:
        raise ValueError("There must be at least one key.")
    return sorted(keys, key=lambda key: key.signs_from)


def signing_place(keys: SigningKeys, now: float) -> int:
    """Which of the keys, oldest to newest, signs now: the newest whose time has come."""
    return max((place for place, key in enumerate(keys) if key.signs_from <= now), default=0)


def verifies_until(keys: SigningKeys, place: int, seconds: int) -> int | None:
    """When that key, oldest to newest, stops verifying; None: not before another follows it."""
    return None if place == len(keys) - 1 else keys[place + 1].signs_from + seconds


def still_verifying(keys: SigningKeys, now: float, seconds: int) -> list[SigningKey]:
    """Without those that nobody needs any more."""
    ordered = in_order(keys)
    ends = [verifies_until(ordered, place, seconds) for place in range(len(ordered))]
    return [key for key, end in zip(ordered, ends, strict=True) if end is None or now <= end]
