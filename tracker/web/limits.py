"""How much one address may ask of a worker: what is over it is answered 429 before anything is read, kept or asked."""

import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from tracker.telemetry import LIMITED, Telemetry
from tracker.web.buckets import Buckets, Rate, household
from tracker.web.errors import refusal
from tracker.web.networks import Networks, packed


class Exempt:
    """Networks that nothing is limited for: this machine's own, monitoring, proxies of ours."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = Networks(networks)

    def limited(self, address: str) -> str:
        """Whom a limit for this address is for; empty: nobody, it is exempt, or a socket without addresses."""
        raw = packed(address.partition("%")[0])
        return "" if raw is None or raw in self._networks else household(address)


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests that share a limit; `name` is what counts them."""

    name: str
    buckets: Buckets

    @classmethod
    def of(cls, name: str, a_minute: int) -> "Kind":
        return cls(name, Buckets(Rate(a_minute)))


class Limits:
    """Which route is of which kind. `others` is for all that nothing else is said of; None: of no kind."""

    def __init__(self, others: Kind) -> None:
        self._others = others
        self._kinds: dict[web.AbstractResource | None, Kind | None] = {}

    def put(self, routes: Iterable[web.AbstractRoute], kind: Kind | None) -> None:
        self._kinds |= {route.resource: kind for route in routes}

    def kind_of(self, request: web.Request) -> Kind | None:
        return self._kinds.get(request.match_info.route.resource, self._others)

    def middleware(
        self, exempt: Exempt, address: Callable[[web.Request], str], telemetry: Telemetry, now: Callable[[], float]
    ) -> Middleware:
        """`now` is in seconds, of a clock that does not go back. Goes inside of what gives requests their id."""

        @web.middleware
        async def limited(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            kind = self.kind_of(request)
            whom = exempt.limited(address(request)) if kind else ""
            wait = kind.buckets.take(whom, now()) if kind and whom else 0
            if not kind or not wait:
                return await handler(request)
            telemetry.count(LIMITED, kind.name)
            sentence = "Too many requests came from your network. Please try again in a moment."
            return refusal(429, "too_many", sentence, {"Retry-After": str(math.ceil(wait))})

        return limited
