"""Whose request it is, when proxies stand in between (reliability.md 4.5)."""

from collections.abc import Iterable, Sequence

from aiohttp import web
from multidict import CIMultiDictProxy

from tracker.errors import ConfigurationError
from tracker.web.networks import Networks, packed, written

_MOST_HOPS = 20
_ADDRESS = web.RequestKey("address", str)


class TrustedProxies:
    """Networks whose X-Forwarded-For is believed: ours. Raises ConfigurationError for what is no network."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        good, problems = [], []
        for text in networks:
            try:
                Networks([text])
                good.append(text)
            except ValueError:
                problems.append(f"TRACKER_TRUSTED_PROXIES: {text!r} is no network; write 10.0.0.0/8 or ::1")
        if problems:
            raise ConfigurationError(problems)
        self._networks = Networks(good)

    def address_of(self, request: web.Request) -> str:
        """The sender's address as text, without zone or port; empty on a socket that has none."""
        try:
            return request[_ADDRESS]
        except KeyError:
            address = request[_ADDRESS] = self.sender(request.remote or "", request.headers)
            return address

    def sender(self, peer: str, headers: "CIMultiDictProxy[str]") -> str:
        """As `address_of`, by the socket's address and what was sent with the request."""
        if not self._networks:
            return _bare(peer)
        return self.client_address(peer, headers.getall("X-Forwarded-For", ()))

    def trusts(self, peer: str) -> bool:
        raw = _read(peer) if self._networks else None
        return raw is not None and raw in self._networks

    def client_address(self, peer: str, forwarded: Sequence[str]) -> str:
        """From the right, the first hop that is not ours: each proxy appends the address that it saw. A hop that is no
        address ends the search: whatever stands left of it, anybody may have written."""
        seen = _read(peer)
        if seen is None:
            return ""
        hops = ",".join(forwarded).rsplit(",", _MOST_HOPS)
        while hops and seen in self._networks:
            hop = _read(hops.pop())
            if hop is None:
                break
            seen = hop
        return written(seen)


def _read(text: str) -> bytes | None:
    """`203.0.113.9`, `203.0.113.9:4711`, `[2001:db8::1]:443`, `fe80::1%eth0`, `::ffff:203.0.113.9`."""
    host = text.strip()
    plain = packed(host)
    if plain is not None:
        return plain
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    return packed(host.partition("%")[0])


def _bare(peer: str) -> str:
    """The socket's own address: already well-formed, so only the uncommon forms are taken apart."""
    if ":" not in peer:
        return peer
    raw = _read(peer)
    return "" if raw is None else written(raw)
