"""What is kept instead of personal data: keyed hashes for joins, cut addresses for reports (reliability.md 4.5)."""

import os
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from tracker.core.mac import Mac, mac_by
from tracker.web.networks import packed, written

_IPV4 = 4  # bytes


class KeyedHash:
    """63-bit hashes that nobody without the key can make or undo."""

    def __init__(self, key: str, months: Mapping[str, str] = MappingProxyType({})) -> None:
        """`months`: a random key for each month such as 2026-11, which is destroyed some time after it."""
        self._mac = mac_by(bytes.fromhex(key))
        self._months = {
            (int(month[:4]), int(month[5:])): mac_by(bytes.fromhex(random)) for month, random in months.items()
        }

    def of(self, text: str) -> int:
        """Empty text is 0: nothing was there."""
        return _hash(self._mac, text)

    def of_month(self, text: str, moment: datetime) -> int:
        """Joins hits of one month only: with time an address becomes somebody else's. When that month's key is
        destroyed, nobody can make or undo its hashes any more."""
        month = moment.year, moment.month
        if month not in self._months:  # a clock that is off by years: joined in this process alone
            self._months[month] = mac_by(os.urandom(32))
        return _hash(self._months[month], text)


def _hash(mac: Mac, text: str) -> int:
    if not text:
        return 0
    return int.from_bytes(mac(text.encode("utf-8", "surrogatepass"))[:8], "big") >> 1


def network_of(address: str) -> str:
    """`203.0.113.0/24`, `2001:db8:1::/48`; empty when there is no address."""
    raw = packed(address)
    if raw is None:
        return ""
    if len(raw) == _IPV4:
        return f"{raw[0]}.{raw[1]}.{raw[2]}.0/24"
    return f"{written(raw[:6] + bytes(10))}/48"
