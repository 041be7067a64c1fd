"""`GET|POST|HEAD /pb/{partner}/{secret}`: bytes in, the flow's answer out. Never a redirect."""

from collections.abc import Callable, Mapping

from aiohttp import web

from tracker.core.reasons import MessageCode
from tracker.postback.receive import Receive, Received
from tracker.postback.reply import Reply
from tracker.postback.request import RawRequest

BODY_BYTES = 64 * 1024
METHODS = frozenset({"GET", "POST", "HEAD"})  # some senders probe, or fire, with HEAD: it is taken like a GET


class PostbackEndpoint:
    def __init__(
        self,
        receive: Receive,
        *,
        address_hash: Callable[[web.Request], int],
        request_id: Callable[[web.Request], str],
    ) -> None:
        self._receive = receive
        self._address_hash = address_hash
        self._request_id = request_id

    def routes(self) -> list[web.RouteDef]:
        """With and without a trailing slash, since a redirect would lose a POST."""
        path = "/pb/{partner}/{secret}"
        return [web.route("*", path, self.handle), web.route("*", f"{path}/", self.handle)]

    async def handle(self, request: web.Request) -> web.Response:
        if request.method not in METHODS:
            return _plain(405, "Send GET, POST or HEAD.", {"Allow": ", ".join(sorted(METHODS))})
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return _plain(415, "Send the body as it is, without Content-Encoding.")
        body = await _body(request)
        if body is None:
            return _response(self._receive.refuse(MessageCode.TOO_LARGE))
        received = Received(
            partner_id=request.match_info["partner"],
            secret=request.match_info["secret"],
            request=RawRequest(
                method=request.method,
                query=request.rel_url.raw_query_string,
                content_type=request.headers.get("Content-Type", ""),
                body=body,
            ),
            address_hash=self._address_hash(request),
            request_id=self._request_id(request),
        )
        return _response(await self._receive.receive(received))


async def _body(request: web.Request) -> bytes | None:
    """None: too large. Nothing is read that announces itself as such."""
    if (request.content_length or 0) > BODY_BYTES:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > BODY_BYTES:
            return None
    return bytes(body)


def _response(reply: Reply) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(
        status=reply.status, body=reply.body, content_type=reply.content_type, charset="utf-8", headers=headers
    )


def _plain(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=sentence, headers=headers)
