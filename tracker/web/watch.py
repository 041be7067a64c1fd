"""Every request from outside: the id that a proxy of ours gave it, how long it took, and a line only for what went
wrong or took long."""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from time import perf_counter

from aiohttp import web
from aiohttp.typedefs import Middleware

from tracker.telemetry import REQUEST_SECONDS, Telemetry
from tracker.web.address import TrustedProxies
from tracker.web.errors import name_request, path_of, request_id

SLOW_SECONDS = 1.0
HEALTH = "health"  # asked every second, and says itself what is wrong
OTHER = "page"
REQUEST_ID_HEADER = "X-Request-Id"

_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+/-]{7,63}")
_CLASSES = ("2xx", "3xx", "4xx", "5xx")

log = logging.getLogger(__name__)


def paths_of(routes: Iterable[web.RouteDef]) -> Iterator[str]:
    """As aiohttp names them afterwards: without the patterns of their parts."""
    for route in routes:
        yield re.sub(r":[^{}]*}", "}", route.path)


class Watch:
    def __init__(
        self, telemetry: Telemetry, proxies: TrustedProxies, kinds: Iterable[str], *, slow_seconds: float = SLOW_SECONDS
    ) -> None:
        """`kinds` of what is asked are a closed list, for the histogram."""
        self._seconds = {
            kind: [telemetry.histogram(REQUEST_SECONDS, kind, answer) for answer in _CLASSES]
            for kind in sorted({OTHER, *kinds})
        }
        self._proxies = proxies
        self._slow_seconds = slow_seconds

    def given_id(self, peer: str, headers: Mapping[str, str]) -> str | None:
        """The id that a proxy of ours, whose address is `peer`, gave a request."""
        given = headers.get(REQUEST_ID_HEADER)
        if given and _SANE_ID.fullmatch(given) and self._proxies.trusts(peer):
            return given
        return None

    def answered(self, method: str, path: str, kind: str, status: int, took: float) -> None:
        """`path` is that of the route: the request's own may hold a secret."""
        self._seconds[kind][min(max(status // 100, 2), 5) - 2].observe(took)
        if (took > self._slow_seconds or status >= 500) and kind != HEALTH:
            log.warning("%s %s answered %d after %.3f s", method, path, status, took)


def watched(watch: Watch, kinds: Mapping[str, str]) -> Middleware:
    """Outside of all other middlewares. `kinds` says by path what is asked there."""

    @web.middleware
    async def watching(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        begun = perf_counter()
        given = watch.given_id(request.remote or "", request.headers)
        if given:
            name_request(request, given)
        answer = await handler(request)
        path = path_of(request)
        watch.answered(request.method, path, kinds.get(path, OTHER), answer.status, perf_counter() - begun)
        if not answer.prepared:
            answer.headers[REQUEST_ID_HEADER] = request_id(request)
        return answer

    return watching
