"""`/my` and `/my/{partner}/{order}`: a shopper's own clicks and purchases."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

from aiohttp import web

from tracker.core.facts import RevisionFact
from tracker.core.partner import Programme
from tracker.errors import StoreUnavailableError
from tracker.ports import Purchase, ShopperClick
from tracker.reports.shopper.period import Period, State, read_period, state_of, totals
from tracker.reports.shopper.texts import TEXTS
from tracker.reports.shopper.views import Words
from tracker.web.language import language_of
from tracker.web.pages import Pages

MOST_PURCHASES = 500
MOST_CLICKS = 100

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # in no order that a message may name, and PostgreSQL cannot take a zero


class SignIn(Protocol):
    def shopper(self, request: web.Request) -> str:
        """Empty: nobody is signed in."""

    def take_link(self, request: web.Request) -> web.Response | None:
        """An answer for a request that brings a signed link."""

    def address(self, path: str) -> str: ...

    def sign_out(self, response: web.Response) -> None: ...


class Purchases(Protocol):
    """Both raise StoreUnavailableError."""

    async def purchases(self, shopper_id: str, since: datetime, until: datetime, *, limit: int) -> list[Purchase]: ...

    async def purchase(
        self, shopper_id: str, partner_id: str, order_id: str
    ) -> tuple[Purchase, list[RevisionFact]] | None: ...


class Clicks(Protocol):
    async def clicks(self, shopper_id: str, since: datetime, until: datetime, *, limit: int) -> list[ShopperClick]:
        """Raises StoreUnavailableError."""


class ShopperPages:
    def __init__(
        self,
        programme: Callable[[], Programme],
        *,
        name: str,
        sign_in: SignIn,
        purchases: Purchases,
        clicks: Clicks,
        now: Callable[[], datetime],
    ) -> None:
        self._programme = programme
        self._sign_in = sign_in
        self._purchases = purchases
        self._clicks = clicks
        self._now = now
        self._pages = Pages("tracker.reports.shopper", programme=name, home="/")

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/my", self.my),
            web.get("/my/{partner}/{order}", self.purchase),
            web.post("/my/sign-out", self.sign_out),
        ]

    async def my(self, request: web.Request) -> web.Response:
        if (signed_in := self._sign_in.take_link(request)) is not None:
            return signed_in
        shopper_id = self._sign_in.shopper(request)
        if not shopper_id:
            return self._signed_out(request)
        words = self._words(request)
        period = read_period(request.query, self._now(), self._programme().timezone)
        chosen = next((one for one in State if one == request.query.get("state")), None)
        found = await self._purchases.purchases(shopper_id, period.since, period.until, limit=MOST_PURCHASES)
        said = {"from": str(period.first), "until": str(period.last)}
        return self._pages.response(
            request,
            "my.html",
            language=words.language,
            text=words.text,
            totals=words.totals(totals(found)),
            said=said,
            chosen=chosen or "",
            chips=[(one, words.text.states[one], f"/my?{urlencode(said | {'state': one})}") for one in ("", *State)],
            purchases=[words.purchase(one) for one in found if chosen in (None, state_of(one))],
            clicks=await self._listed_clicks(shopper_id, period, words),
            other_language=f"/my?{urlencode(said | {'state': chosen or '', 'lang': words.other_language})}",
        )

    async def purchase(self, request: web.Request) -> web.Response:
        shopper_id = self._sign_in.shopper(request)
        if not shopper_id:
            return self._signed_out(request)
        key = request.match_info["partner"], request.match_info["order"]
        if any(_CONTROL.search(part) for part in key):
            raise web.HTTPNotFound
        found = await self._purchases.purchase(shopper_id, *key)
        if found is None:  # also when it is another shopper's: that is nobody else's business
            raise web.HTTPNotFound
        words = self._words(request)
        one, history = found
        return self._pages.response(
            request,
            "purchase.html",
            language=words.language,
            text=words.text,
            purchase=words.purchase(one),
            history=words.history(history),
            other_language=f"{request.rel_url.path}?lang={words.other_language}",
        )

    async def sign_out(self, request: web.Request) -> web.Response:
        """Only from our own page: signing somebody out from elsewhere is a nuisance."""
        response = web.Response(status=303, headers={"Location": "/my", "Cache-Control": "no-store"})
        if request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin":
            self._sign_in.sign_out(response)
        return response

    async def _listed_clicks(self, shopper_id: str, period: Period, words: Words) -> Sequence[object] | None:
        """None: the history is away, and the page says so; the purchases are shown all the same."""
        try:
            found = await self._clicks.clicks(shopper_id, period.since, period.until, limit=MOST_CLICKS)
        except StoreUnavailableError:
            return None
        return [words.click(one) for one in found]

    def _signed_out(self, request: web.Request) -> web.Response:
        words = self._words(request)
        return self._pages.response(
            request,
            "signed_out.html",
            language=words.language,
            text=words.text,
            sign_in=self._sign_in.address("/my"),
            other_language=f"/my?lang={words.other_language}",
        )

    def _words(self, request: web.Request) -> Words:
        language = language_of(request)
        return Words(TEXTS[language], language, self._programme(), self._now())
