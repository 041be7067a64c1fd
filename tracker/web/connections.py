"""How many connections a worker holds, in all and of one address: idle and slow ones cost a descriptor each."""

import logging
import resource
from collections import Counter
from contextlib import suppress

from tracker.telemetry import LIMITED, Telemetry
from tracker.web.limits import Exempt

_RESERVED = 128  # descriptors for the stores, the log, files that are read
_NO_LIMIT = 1_000_000

log = logging.getLogger(__name__)


class Connections:
    """Counts the open ones. What is over a limit is to be closed unread."""

    def __init__(
        self,
        telemetry: Telemetry,
        *,
        most: int = _NO_LIMIT,
        most_of_one: int = _NO_LIMIT,
        exempt: Exempt | None = None,
    ) -> None:
        """`exempt` have no limit of their own, but count as all do."""
        self._telemetry = telemetry
        self._most = most
        self._most_of_one = most_of_one
        self._exempt = exempt or Exempt(())
        self._open = 0
        self._of_one: Counter[str] = Counter()

    def admit(self, peer: str) -> str | None:
        """Whom it counts for, to be given back by `leave`; None: it is one too many. `peer` is the socket's address."""
        whom = self._exempt.limited(peer)
        if self._open >= self._most or (whom and self._of_one[whom] >= self._most_of_one):
            self._telemetry.count(LIMITED, "connections")
            return None
        self._open += 1
        if whom:
            self._of_one[whom] += 1
        return whom

    def leave(self, whom: str) -> None:
        self._open -= 1
        if whom:
            self._of_one[whom] -= 1
            if not self._of_one[whom]:
                del self._of_one[whom]


def room_for(wanted: int) -> int:
    """As many connections as this process may open files for, `wanted` at most; raises its limit as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _RESERVED
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
        if soft < needed:
            log.warning("this process may open %d files: %d connections at most", soft, soft - _RESERVED)
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - _RESERVED))
