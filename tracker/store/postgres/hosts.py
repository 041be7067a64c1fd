"""The address of PostgreSQL, as its operator wrote it: one server, or several of which one is the primary."""

from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit

from tracker.errors import ConfigurationError

PORT = 5432
_UNREADABLE = (
    "TRACKER_POSTGRES_URL is no address that we can use: write one such as postgresql://user:password@host/tracker, "
    "and percent-encode what is neither letter nor digit in user and password"
)


class Host(NamedTuple):
    name: str  # or the folder of a unix socket
    port: int

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


def hosts_of(dsn: str) -> tuple[Host, ...]:
    """Every server that the address names, in its order; empty: it names none, and libpq's defaults count.

    Raises ConfigurationError, which never repeats the address: a password is in it.
    """
    try:
        parts = urlsplit(dsn)
        asked = parse_qs(parts.query, strict_parsing=bool(parts.query))
        listed, ports = asked.get("host", [""])[-1], asked.get("port", [""])[-1]
        return _named(listed, ports) if listed else _in_front(parts, ports)
    except ValueError:
        raise ConfigurationError([_UNREADABLE]) from None


def _in_front(parts: SplitResult, ports: str) -> tuple[Host, ...]:
    """`a:5432,[::1]:5433` between the user and the database."""
    _, _, places = parts.netloc.rpartition("@")
    if parts.fragment or parts.netloc.count("@") > 1:
        raise ValueError("the password ends somewhere else than its author meant")
    if not places:
        return ()
    default = int(ports) if ports else PORT
    split = [urlsplit(f"//{place}") for place in places.split(",")]
    if not all(one.hostname for one in split):
        raise ValueError("a host is missing")
    return tuple(Host(one.hostname or "", default if one.port is None else one.port) for one in split)


def _named(listed: str, ports: str) -> tuple[Host, ...]:
    """`?host=a,b&port=5432,5433`; one port may be said for all."""
    names = listed.split(",")
    numbers = [int(port) for port in ports.split(",")] if ports else [PORT]
    if len(numbers) == 1:
        numbers *= len(names)
    return tuple(Host(name, number) for name, number in zip(names, numbers, strict=True))
