"""Token buckets that never grow: whoever sends from a million addresses changes nothing about our memory."""

from array import array
from dataclasses import dataclass

from tracker.web.networks import packed, written

_SLOTS = 65_536
_IPV4 = 4  # bytes


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a minute, evenly or all at once; 0: no limit."""

    a_minute: int

    @property
    def seconds(self) -> float:
        """Until one more is allowed."""
        return 60 / self.a_minute if self.a_minute else 0.0


class Buckets:
    """One bucket a key, each holding a minute's worth. Keys share a fixed number of buckets by their hash, which Python
    keys anew in every process: nobody can choose to share one with somebody else, and by chance one key in 65,536 does.

    A bucket is one number: the second at which it will be full again (the generic cell rate algorithm).
    """

    def __init__(self, rate: Rate, slots: int = _SLOTS) -> None:
        self._interval = rate.seconds
        self._full_at = array("d", bytes(8 * slots)) if rate.a_minute else None
        self._slots = slots

    def take(self, key: str, now: float) -> float:
        """0: taken. Else how many seconds until the next one would be; nothing was taken.

        `now` is in seconds, of a clock that does not go back.
        """
        if self._full_at is None:
            return 0.0
        slot = hash(key) % self._slots
        full_at = max(self._full_at[slot], now) + self._interval
        wait = full_at - now - 60
        if wait > 1e-6:  # sums of floats
            return wait
        self._full_at[slot] = full_at
        return 0.0

    def give_back(self, key: str) -> None:
        """What was taken a moment ago, and not used."""
        if self._full_at is not None:
            self._full_at[hash(key) % self._slots] -= self._interval


def household(address: str) -> str:
    """Whom a limit is for: an IPv4 address, or the /64 that a single customer of IPv6 has at least."""
    if ":" not in address:
        return address
    raw = packed(address.partition("%")[0])
    if raw is None:
        return address
    return f"{raw[:8].hex()}/64" if len(raw) > _IPV4 else written(raw)
