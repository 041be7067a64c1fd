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


def watched(
    telemetry: Telemetry, proxies: TrustedProxies, kinds: Mapping[str, str], *, slow_seconds: float = SLOW_SECONDS
) -> Middleware:
    """Outside of all other middlewares. `kinds` says by path what is asked there: a closed list, for the histogram."""
    seconds = {
        kind: [telemetry.histogram(REQUEST_SECONDS, kind, answer) for answer in _CLASSES]
        for kind in sorted({OTHER, *kinds.values()})
    }

    @web.middleware
    async def watch(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        begun = perf_counter()
        given = request.headers.get(REQUEST_ID_HEADER)
        if given and _SANE_ID.fullmatch(given) and proxies.trusts(request.remote or ""):
            name_request(request, given)
        answer = await handler(request)
        took = perf_counter() - begun
        resource = request.match_info.route.resource
        kind = kinds.get(resource.canonical, OTHER) if resource else OTHER
        seconds[kind][min(max(answer.status // 100, 2), 5) - 2].observe(took)
        if (took > slow_seconds or answer.status >= 500) and kind != HEALTH:
            log.warning("%s %s answered %d after %.3f s", request.method, path_of(request), answer.status, took)
        if not answer.prepared:
            answer.headers[REQUEST_ID_HEADER] = request_id(request)
        return answer

    return watch
