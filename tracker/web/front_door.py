"""The short way of a request that is asked for often: past the router and the middlewares, which cost as much as what
is answered. What they do for it is done here, in order. Whatever is unusual about a request goes the long way: through
the application, where the same route answers it, and where each refusal and failure has its one shape."""

import re
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TypeAlias

from aiohttp import HttpVersion11, web

from tracker.web.errors import name_request
from tracker.web.limits import Exempt, Kind
from tracker.web.watch import REQUEST_ID_HEADER, Watch

Answering: TypeAlias = Callable[[web.Request, str], Awaitable[web.StreamResponse]]  # with the last part of the path
Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

FRONT_DOOR: web.AppKey["FrontDoor"] = web.AppKey("front_door")  # that of an application, if it has one
_FAILED = web.RequestKey("failed", Exception)


class FrontDoor:
    """For `GET` of one path and a name behind it."""

    def __init__(
        self,
        path: str,
        answer: Answering,
        *,
        kind: str,
        watch: Watch,
        limit: Kind,
        exempt: Exempt,
        address: Callable[[web.Request], str],
        new_request_id: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        """`now` is in seconds, of a clock that does not go back."""
        self._route = f"{path}/{{name}}"
        self._path = re.compile(rf"{re.escape(path)}/([a-z0-9-]+)(?:\?[^#]*)?")
        self._answer = answer
        self._kind = kind
        self._watch = watch
        self._limit = limit
        self._exempt = exempt
        self._address = address
        self._new_request_id = new_request_id
        self._now = now

    def before(self, application: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            asked = self._path.fullmatch(request.raw_path) if _is_usual(request) else None
            if asked is None:
                return await application(request)
            begun = perf_counter()
            request_id = self._watch.given_id(request) or self._new_request_id()
            name_request(request, request_id)
            whom = self._exempt.limited(self._address(request))
            if whom and self._limit.buckets.take(whom, self._now()):
                return await application(request)
            try:
                answer = await self._answer(request, asked[1])
            except Exception as error:  # noqa: BLE001 - told the long way, whatever it is
                request[_FAILED] = error
                return await application(request)
            self._watch.answered(request.method, self._route, self._kind, answer, perf_counter() - begun)
            answer.headers[REQUEST_ID_HEADER] = request_id
            return answer

        return handle


def raise_what_failed(request: web.Request) -> None:
    """On the long way of a request that failed on the short one: it is not tried again."""
    error = request.get(_FAILED)
    if error is not None:
        raise error


def _is_usual(request: web.Request) -> bool:
    headers = request.headers
    return (
        request.method == "GET"
        and request.version == HttpVersion11
        and "Content-Encoding" not in headers
        and "Expect" not in headers
        and "Transfer-Encoding" not in headers
    )
