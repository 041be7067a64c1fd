"""What is kept instead of personal data: keyed hashes for joins, cut addresses for reports (reliability.md 4.5)."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from types import MappingProxyType


class KeyedHash:
    """63-bit hashes that nobody without the key can make or undo."""

    def __init__(self, key: str, months: Mapping[str, str] = MappingProxyType({})) -> None:
        """`months`: a random key for each month such as 2026-11, which is destroyed some time after it."""
        self._key = bytes.fromhex(key)
        self._months = {month: bytes.fromhex(random) for month, random in months.items()}

    def of(self, text: str) -> int:
        """Empty text is 0: nothing was there."""
        return _hash(self._key, text)

    def of_month(self, text: str, moment: datetime) -> int:
        """Joins hits of one month only: with time an address becomes somebody else's. When that month's key is
        destroyed, nobody can make or undo its hashes any more."""
        month = f"{moment:%Y-%m}"
        if month not in self._months:  # a clock that is off by years: joined in this process alone
            self._months[month] = os.urandom(32)
        return _hash(self._months[month], text)


def _hash(key: bytes, text: str) -> int:
    if not text:
        return 0
    digest = hmac.digest(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return int.from_bytes(digest[:8], "big") >> 1


def network_of(address: str) -> str:
    """`203.0.113.0/24`, `2001:db8:1::/48`; empty when there is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((parsed, 48 if isinstance(parsed, IPv6Address) else 24), strict=False))
