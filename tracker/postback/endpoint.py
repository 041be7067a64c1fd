"""`GET|POST|HEAD /pb/{partner}/{secret}` and the networks' own paths: bytes in, the flow's answer out. Never a
redirect."""

from collections.abc import Callable, Mapping

from aiohttp import web

from tracker.core.reasons import MessageCode
from tracker.postback.receive import Receive, Received
from tracker.postback.reply import Reply
from tracker.postback.request import RawRequest
from tracker.postback.senders import Call, own_paths

BODY_BYTES = 64 * 1024
METHODS = frozenset({"GET", "POST", "HEAD"})  # some senders probe, or fire, with HEAD: it is taken like a GET


class PostbackEndpoint:
    def __init__(
        self,
        receive: Receive,
        *,
        address: Callable[[web.Request], str],
        address_hash: Callable[[web.Request], int],
        request_id: Callable[[web.Request], str],
    ) -> None:
        self._receive = receive
        self._address = address
        self._address_hash = address_hash
        self._request_id = request_id

    def routes(self) -> list[web.RouteDef]:
        """With and without a trailing slash, since a redirect would lose a POST. Behind the secret may stand the path
        of a network's shape."""
        path = "/pb/{partner}/{secret}"
        ours = [web.route("*", path, self.handle), web.route("*", f"{path}/{{tail:.*}}", self.handle)]
        theirs = [web.route("*", own + slash, self.handle_own_path) for own in own_paths() for slash in ("", "/")]
        return ours + theirs

    async def handle(self, request: web.Request) -> web.Response:
        match = request.match_info
        return await self._take(request, f"/{match.get('tail', '')}", match["partner"], match["secret"])

    async def handle_own_path(self, request: web.Request) -> web.Response:
        return await self._take(request, request.path)

    async def _take(self, request: web.Request, path: str, partner_id: str = "", secret: str = "") -> web.Response:
        if request.method not in METHODS:
            return _plain(405, "Send GET, POST or HEAD.", {"Allow": ", ".join(sorted(METHODS))})
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return _plain(415, "Send the body as it is, without Content-Encoding.")
        body = await _body(request)
        if body is None:
            return _response(self._receive.refuse(MessageCode.TOO_LARGE))
        raw = RawRequest(
            method=request.method,
            query=request.rel_url.raw_query_string,
            content_type=request.headers.get("Content-Type", ""),
            body=body,
        )
        received = Received(
            Call(raw, path, request.headers, self._address(request)),
            partner_id=partner_id,
            secret=secret,
            address_hash=self._address_hash(request),
            request_id=self._request_id(request),
        )
        if partner_id:
            return _response(await self._receive.receive(received))
        return _response(await self._receive.receive_at_own_path(received))


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
    if reply.retry_seconds:
        headers["Retry-After"] = str(reply.retry_seconds)
    charset = None if reply.content_type.startswith("image/") else "utf-8"
    return web.Response(
        status=reply.status, body=reply.body, content_type=reply.content_type, charset=charset, headers=headers
    )


def _plain(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=sentence, headers=headers)
