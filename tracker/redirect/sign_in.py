"""Who looks at a page: signed in by the programme's link, known by our cookie after that."""

from collections.abc import Callable
from urllib.parse import urlencode

from aiohttp import web

from tracker.redirect.cookies import Cookies
from tracker.redirect.tokens import ANY_PARTNER, Tokens


class SignIn:
    def __init__(
        self, tokens: Tokens, cookies: Cookies, *, address: str | None, public_url: str, now: Callable[[], float]
    ) -> None:
        """`address` is the programme's own sign-in page, if it has one."""
        self._tokens = tokens
        self._cookies = cookies
        self._address = address
        self._public_url = public_url
        self._now = now

    def shopper(self, request: web.Request) -> str:
        """Empty: nobody is signed in."""
        return self._cookies.read(request.cookies, self._now()).shopper_id

    def take_link(self, request: web.Request) -> web.Response | None:
        """A page that was opened by a signed link (`s`) is opened again without it: a token shall not stay in the
        address. As at a click-out, a link never replaces another shopper who is signed in."""
        if "s" not in request.query:
            return None
        now = self._now()
        linked = self._tokens.read_link(request.query["s"], ANY_PARTNER, now)
        response = web.Response(status=302, headers={"Cache-Control": "no-store"})
        response.headers["Location"] = str(request.rel_url.without_query_params("s"))
        if linked is not None and self.shopper(request) in ("", linked):
            response.headers.add("Set-Cookie", self._cookies.set_shopper(linked, now))
        return response

    def address(self, path: str) -> str:
        """Where to sign in and come back to `path`; empty when the programme has no such page."""
        if not self._address:
            return ""
        return f"{self._address}{'&' if '?' in self._address else '?'}{urlencode({'back': self._public_url + path})}"

    def sign_out(self, response: web.Response) -> None:
        response.headers.add("Set-Cookie", self._cookies.forget_shopper())
