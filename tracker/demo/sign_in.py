"""The programme's own sign-in, as far as the tracker knows one: it sends shoppers back with a signed link."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

from aiohttp import web

from tracker.demo.forms import own_form, see_other
from tracker.demo.pages import DemoPages
from tracker.demo.partners import SIGN_IN, without_port
from tracker.errors import TrackerError

SHOPPERS = (("shopper-1", "Анна", "Anna"), ("shopper-2", "Борис", "Boris"), ("shopper-3", "Вера", "Vera"))

MakeLink = Callable[[str, str], str]  # shopper, partner or "*" -> token; raises TrackerError for what is no shopper id

_ANY_PARTNER = "*"
_PRINTABLE = re.compile(r"[!-~]+")
_CLICK_OUT = re.compile(r"/go/([a-z0-9-]+)")


class SignIn:
    def __init__(self, make_link: MakeLink, pages: DemoPages, tracker_url: str) -> None:
        self._make_link = make_link
        self._pages = pages
        self._tracker_url = tracker_url

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/sign-in", self.page), web.post("/sign-in", self.sign_in)]

    async def page(self, request: web.Request) -> web.Response:
        _refuse_elsewhere(request)
        return self._page(request, request.query.get("back", ""), bad_shopper="bad" in request.query)

    async def sign_in(self, request: web.Request) -> web.Response:
        _refuse_elsewhere(request)
        form = await own_form(request)
        back = form.get("back", "")
        inside = self._path_inside(back)
        if inside is None:
            return self._page(request, back)
        found = _CLICK_OUT.match(inside)
        try:
            token = self._make_link(form.get("shopper", "").strip(), found[1] if found else _ANY_PARTNER)
        except TrackerError:
            return see_other(f"/sign-in?{urlencode({'back': back, 'bad': '1'})}")
        return see_other(self._tracker_url + with_token(inside, token))

    def _path_inside(self, back: str) -> str | None:
        """The path of an address of the tracker; None for any other address."""
        if not back:
            return "/"
        inside = back.removeprefix(self._tracker_url)
        is_ours = inside != back and inside.startswith("/") and _PRINTABLE.fullmatch(inside)
        return inside if is_ours else None

    def _page(self, request: web.Request, back: str, *, bad_shopper: bool = False) -> web.Response:
        bad_back = self._path_inside(back) is None
        response = self._pages.of_programme(
            request,
            "sign_in.html",
            status=400 if bad_back else 200,
            back=back,
            shoppers=SHOPPERS,
            bad_back=bad_back,
            bad_shopper=bad_shopper,
        )
        # Chromium holds this to the redirects behind a form too, and they lead to the tracker and on to a shop.
        policy = response.headers["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = policy.replace("form-action 'self'", "form-action http: https:")
        return response


def _refuse_elsewhere(request: web.Request) -> None:
    """The shops answer at the same port, and have no sign-in."""
    if without_port(request.host) != SIGN_IN:
        raise web.HTTPNotFound


def with_token(address: str, token: str) -> str:
    """The address with the token as `s`, instead of the one that it may have."""
    path, _, query = address.partition("#")[0].partition("?")
    kept = [pair for pair in query.split("&") if pair and not pair.startswith("s=")]
    return f"{path}?{'&'.join([*kept, f's={token}'])}"
