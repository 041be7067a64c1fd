"""The hosts of one ClickHouse: whoever answered last is asked first, and who did not answer is asked last."""

import threading
from collections.abc import Callable
from urllib.parse import urlsplit

# When none has answered, nobody is asked for so long: look-ups by the hundred do not queue up behind a dead server.
REST_SECONDS = 1.0


def addresses(url: str) -> list[str]:
    """`clickhouse://user:password@one:9000,two:9000/` -> one address for each host. Raises ValueError for a port that
    is none."""
    parts = urlsplit(url)
    account, at, hosts = parts.netloc.rpartition("@")
    found = [parts._replace(netloc=f"{account}{at}{host.strip()}") for host in hosts.split(",")]
    for one in found:
        if not one.hostname or one.port == 0:
            raise ValueError("a host without a name, or the port 0")
    return [one.geturl() for one in found]


class Hosts:
    """Threads share it."""

    def __init__(self, urls: list[str], now: Callable[[], float]) -> None:
        """`now` counts seconds, and never jumps."""
        self._urls = urls
        self._now = now
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def in_order(self) -> list[str]:
        """Empty while nobody is to be asked."""
        with self._lock:
            return [] if self._now() < self._silent_until else list(self._urls)

    def failed(self, url: str) -> None:
        """It is asked last from now on."""
        with self._lock:
            if self._urls[0] == url:
                self._urls = [*self._urls[1:], url]

    def all_failed(self) -> None:
        with self._lock:
            self._silent_until = self._now() + REST_SECONDS
