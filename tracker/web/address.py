"""Whose request it is, when proxies stand in between (reliability.md 4.5)."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp import web

from tracker.errors import ConfigurationError

_Address = IPv4Address | IPv6Address
_MOST_HOPS = 20


class TrustedProxies:
    """Networks whose X-Forwarded-For is believed: ours. Raises ConfigurationError for what is no network."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = []
        problems = []
        for text in networks:
            try:
                self._networks.append(ip_network(text, strict=False))
            except ValueError:
                problems.append(f"TRACKER_TRUSTED_PROXIES: {text!r} is no network; write 10.0.0.0/8 or ::1")
        if problems:
            raise ConfigurationError(problems)

    def address_of(self, request: web.Request) -> str:
        """The sender's address as text, without zone or port; empty on a socket that has none."""
        if not self._networks:
            return _bare(request.remote or "")
        return self.client_address(request.remote or "", request.headers.getall("X-Forwarded-For", ()))

    def trusts(self, peer: str) -> bool:
        address = _parse(peer) if self._networks else None
        return address is not None and any(address in network for network in self._networks)

    def client_address(self, peer: str, forwarded: Sequence[str]) -> str:
        """From the right, the first hop that is not ours: each proxy appends the address that it saw. A hop that is no
        address ends the search: whatever stands left of it, anybody may have written."""
        seen = _bare(peer)
        hops = ",".join(forwarded).rsplit(",", _MOST_HOPS)
        while hops and self.trusts(seen):
            address = _parse(hops.pop())
            if address is None:
                break
            seen = str(address)
        return seen


def _parse(text: str) -> _Address | None:
    """`203.0.113.9`, `203.0.113.9:4711`, `[2001:db8::1]:443`, `fe80::1%eth0`, `::ffff:203.0.113.9`."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _bare(peer: str) -> str:
    """The socket's own address: already well-formed, so only the uncommon forms are taken apart."""
    if ":" not in peer:
        return peer
    return str(_parse(peer) or "")
