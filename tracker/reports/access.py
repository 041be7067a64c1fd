"""Who may open a page: whoever has its token, and for some hours the browser that brought it."""

import hmac
from collections.abc import Callable
from html import escape
from typing import Protocol

from aiohttp import web

_PARAMETER = "token"


class Signed(Protocol):
    """The signed text that a cookie holds."""

    @property
    def seconds(self) -> int: ...

    def make(self, now: float) -> str: ...

    def is_valid(self, text: str, now: float) -> bool: ...


def partner_token(key: str, partner_id: str) -> str:
    """Of one partner's own page; `key` is the installation's."""
    return hmac.new(bytes.fromhex(key), f"partner:{partner_id}".encode(), "sha256").hexdigest()


class Access:
    def __init__(
        self,
        token: str,
        signed: Signed,
        *,
        over_tls: bool,
        now: Callable[[], float],
        cookie: str = "analyst",
        strict: bool = False,
    ) -> None:
        """`cookie` is its name; `strict`: browsers send it from our own pages alone."""
        self._token = token.encode()
        self._signed = signed
        self._cookie = f"__Host-{cookie}" if over_tls else cookie  # browsers refuse the prefix on plain http
        same_site = "Strict" if strict else "Lax"
        self._attributes = f"; Path=/; HttpOnly; SameSite={same_site}{'; Secure' if over_tls else ''}"
        self._strict = strict
        self._now = now

    def admits(self, request: web.Request) -> bool:
        return self._signed.is_valid(self.brought(request), self._now())

    def brought(self, request: web.Request) -> str:
        """What the browser keeps, valid or not; empty: nothing."""
        return request.cookies.get(self._cookie, "")

    def take_token(self, request: web.Request) -> web.Response | None:
        """A page that was opened with the token, right or wrong, is opened again without it: no token stays in an
        address, where histories and logs would keep it."""
        if _PARAMETER not in request.query:
            return None
        response = self._again(str(request.rel_url.without_query_params(_PARAMETER)))
        given = request.query[_PARAMETER].encode(errors="replace")
        if hmac.compare_digest(given, self._token):
            cookie = f"{self._cookie}={self._signed.make(self._now())}; Max-Age={self._signed.seconds}"
            response.headers["Set-Cookie"] = cookie + self._attributes
        return response

    def _again(self, address: str) -> web.Response:
        """A strict cookie does not come along on a redirect from a chat or a letter: there a page of ours leads on."""
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        if not self._strict:
            return web.Response(status=302, headers=headers | {"Location": address})
        leads_on = f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(address)}"><title>…</title>'
        headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return web.Response(text=leads_on, content_type="text/html", headers=headers)
