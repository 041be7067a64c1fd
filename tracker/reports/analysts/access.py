"""Who may read the reports: whoever has the installation's token, and for some hours the browser that brought it."""

import hmac
from collections.abc import Callable
from typing import Protocol

from aiohttp import web

_PARAMETER = "token"


class Signed(Protocol):
    """The signed text that a cookie holds."""

    @property
    def seconds(self) -> int: ...

    def make(self, now: float) -> str: ...

    def is_valid(self, text: str, now: float) -> bool: ...


class Access:
    def __init__(self, token: str, signed: Signed, *, over_tls: bool, now: Callable[[], float]) -> None:
        self._token = token.encode()
        self._signed = signed
        self._cookie = "__Host-analyst" if over_tls else "analyst"  # browsers refuse the prefix on plain http
        self._attributes = f"; Path=/; HttpOnly; SameSite=Lax{'; Secure' if over_tls else ''}"
        self._now = now

    def admits(self, request: web.Request) -> bool:
        return self._signed.is_valid(request.cookies.get(self._cookie, ""), self._now())

    def take_token(self, request: web.Request) -> web.Response | None:
        """A page that was opened with the token, right or wrong, is opened again without it: no token stays in an
        address, where histories and logs would keep it."""
        if _PARAMETER not in request.query:
            return None
        response = web.Response(status=302, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        response.headers["Location"] = str(request.rel_url.without_query_params(_PARAMETER))
        given = request.query[_PARAMETER].encode(errors="replace")
        if hmac.compare_digest(given, self._token):
            cookie = f"{self._cookie}={self._signed.make(self._now())}; Max-Age={self._signed.seconds}"
            response.headers["Set-Cookie"] = cookie + self._attributes
        return response
