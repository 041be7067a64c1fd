"""Addresses by their bytes, as the socket library reads them: `ipaddress` takes ten times as long for each."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

_MAPPED = bytes(10) + b"\xff\xff"


@lru_cache(maxsize=16)  # of one request it is asked for its address four times
def packed(text: str) -> bytes | None:
    """4 or 16 bytes; an IPv4 address that is written as IPv6 is IPv4. None: that is no address, or has more around it
    than one."""
    try:
        raw = inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except (OSError, ValueError):
        return None
    return raw[12:] if raw.startswith(_MAPPED) else raw


def written(raw: bytes) -> str:
    return inet_ntop(AF_INET if len(raw) == 4 else AF_INET6, raw)


class Networks:
    def __init__(self, networks: Iterable[str]) -> None:
        """Each may be written by any of its addresses. Raises ValueError for what is no network."""
        parsed = [ip_network(text, strict=False) for text in networks]
        self._prefixes = [_prefix(one) for one in parsed]

    def __bool__(self) -> bool:
        return bool(self._prefixes)

    def __contains__(self, raw: bytes) -> bool:
        """An address as `packed` reads it."""
        number, length = int.from_bytes(raw, "big"), len(raw)
        for size, rest, prefix in self._prefixes:  # noqa: SIM110 - a generator would cost as much as all of this
            if length == size and number >> rest == prefix:
                return True
        return False


def _prefix(network: IPv4Network | IPv6Network) -> tuple[int, int, int]:
    """How many bytes its addresses have, how many bits of them are not the network's, and those that are."""
    rest = network.max_prefixlen - network.prefixlen
    return network.max_prefixlen // 8, rest, int(network.network_address) >> rest
