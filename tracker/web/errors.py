"""What a failure looks like from outside: a status, a code and a sentence. Tracebacks stay in the log."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from aiohttp.typedefs import Middleware

from tracker.errors import StoreUnavailableError
from tracker.telemetry import OUR_ERRORS, REFUSED_REQUESTS, REQUEST_ID, Telemetry

LARGEST_BODY = 64 * 1024

_REFUSALS = {
    400: ("malformed", "The request cannot be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("too_large", f"The body is larger than {LARGEST_BODY} bytes."),
    415: ("encoded_body", "Send the body as it is, without Content-Encoding."),
}
_REQUEST_ID = web.RequestKey("request_id", str)

log = logging.getLogger(__name__)


def middleware(telemetry: Telemetry, new_request_id: Callable[[], str]) -> Middleware:
    """Gives each request its id, and turns whatever goes wrong in a handler into an answer."""

    @web.middleware
    async def guarded(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if _REQUEST_ID not in request:  # a proxy that we trust may have given it one
            name_request(request, new_request_id())
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return _refused(telemetry, 415)
        try:
            return await handler(request)
        except web.HTTPException as answer:
            return _refused(telemetry, answer.status, answer.headers) if answer.status >= 400 else _copy(answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, the sender must hear of it
            return _failed(telemetry, request, error)

    return guarded


def name_request(request: web.Request, name: str) -> None:
    """Its id from now on, on every line of the log too."""
    request[_REQUEST_ID] = name
    REQUEST_ID.set(name)


def request_id(request: web.Request) -> str:
    known: str = request.get(_REQUEST_ID, "")
    return known


def refusal(status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """The one shape of every refusal that is no page and in no partner's dialect."""
    answer = web.json_response({"code": code, "error": sentence}, status=status, headers=headers)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _refused(telemetry: Telemetry, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    code, sentence = _REFUSALS.get(status, ("refused", "The request is refused."))
    telemetry.count(REFUSED_REQUESTS, code)
    kept = {name: value for name, value in (headers or {}).items() if name in ("Allow", "Retry-After")}
    return refusal(status, code, sentence, kept)


def _failed(telemetry: Telemetry, request: web.Request, error: Exception) -> web.Response:
    if isinstance(error, web.RequestPayloadError):
        return _refused(telemetry, 400)
    if isinstance(error, ConnectionError) and request.transport is None:
        return web.Response(status=400)  # the sender has gone: nobody is left to read it
    if isinstance(error, StoreUnavailableError):
        telemetry.count(OUR_ERRORS, "store_unavailable")
        log.error("%s %s: %s", request.method, path_of(request), error)
        sentence = f"This cannot be answered now. Please try again in a minute. The request was {request_id(request)}."
        return refusal(503, "store_unavailable", sentence, {"Retry-After": "60"})
    telemetry.count(OUR_ERRORS, "failed")
    log.error("%s %s failed", request.method, path_of(request), exc_info=error)
    sentence = f"Something went wrong on our side. Tell us this number: {request_id(request)}"
    return refusal(500, "failed", sentence)


def _copy(answer: web.HTTPException) -> web.Response:
    """An exception is to be raised, a response to be returned: this is the same answer as the other kind."""
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


def path_of(request: web.Request) -> str:
    """The route, not the address: that may hold a secret."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "-"
