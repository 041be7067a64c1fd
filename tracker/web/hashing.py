"""What is kept instead of personal data: keyed hashes for joins, cut addresses for reports (reliability.md 4.5)."""

import hashlib
import hmac
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network


class KeyedHash:
    """63-bit hashes that nobody without the key can make or undo."""

    def __init__(self, key: str) -> None:
        self._key = bytes.fromhex(key)

    def of(self, text: str) -> int:
        """Empty text is 0: nothing was there."""
        if not text:
            return 0
        digest = hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return int.from_bytes(digest[:8], "big") >> 1

    def of_month(self, text: str, moment: datetime) -> int:
        """Joins hits of one month only: with time an address becomes somebody else's."""
        return self.of(f"{moment:%Y-%m} {text}") if text else 0


def network_of(address: str) -> str:
    """`203.0.113.0/24`, `2001:db8:1::/48`; empty when there is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((parsed, 48 if isinstance(parsed, IPv6Address) else 24), strict=False))
