"""`/partner/{partner}`: a partner's own page, behind its own token. Nothing of another partner's is on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from urllib.parse import urlencode

from aiohttp import web

from tracker.core.listed import KeptMessage, RoundTrip
from tracker.core.partner import Partner, Programme
from tracker.core.partner_address import Address, Asking, StatusWords
from tracker.reports.access import Access
from tracker.reports.partner.checklist import checklist, is_whole
from tracker.reports.partner.texts import TEXTS
from tracker.reports.partner.views import Words
from tracker.web.forms import read_form
from tracker.web.language import language_of
from tracker.web.pages import Pages

MOST_MESSAGES = 50
LATEST = 5
MOST_PREVIOUS = 20
REFRESH_SECONDS = 10

_FILE = "@"  # on the command line it names a file: here nobody may read one of ours


class Log(Protocol):
    """Both raise StoreUnavailableError."""

    async def latest(self, partner_id: str, *, limit: int) -> list[KeptMessage]:
        """Newest first."""

    async def round_trip(self, partner_id: str) -> RoundTrip: ...


# The partner's id, a pasted request, those before it -> the object that `tracker try-postback` prints.
TryRequest = Callable[[str, str, Sequence[str]], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Told:
    """What a partner is told to send, as its dialect and partners.yaml have it now."""

    addresses: Callable[[Partner], Sequence[Address]]
    asking: Callable[[Partner], Asking]
    status_words: Callable[[Partner], StatusWords]
    is_known: Callable[[Partner, str], bool]  # a status word
    paths: Callable[[str], str]  # of a kept message's dialect
    example: Callable[[Partner], str]  # a query


class PartnerPages:
    def __init__(
        self,
        programme: Callable[[], Programme],
        *,
        access: Callable[[str], Access],
        log: Log,
        told: Told,
        try_request: TryRequest,
    ) -> None:
        """`access` is that of one partner, by its id."""
        self._programme = programme
        self._access = access
        self._log = log
        self._told = told
        self._try_request = try_request
        self._pages = Pages("tracker.reports.partner", programme=programme().name, home="/")

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/partner/{partner}", self.overview),
            web.get("/partner/{partner}/log", self.log),
            web.get("/partner/{partner}/try", self.trial),
            web.post("/partner/{partner}/try", self.tried),
        ]

    async def overview(self, request: web.Request) -> web.Response:
        """Raises HTTPNotFound without leave, as for a partner that is none: so do all of these."""
        if (opened := self._access(self._named(request).id).take_token(request)) is not None:
            return opened
        partner, words = self._admitted(request), self._words(request)
        trip = await self._log.round_trip(partner.id)
        items = checklist(partner, trip, partial(self._told.is_known, partner))
        messages = await self._log.latest(partner.id, limit=LATEST)
        return self._response(
            request,
            "partner.html",
            partner,
            checks=words.checklist(items, signed=partner.postback.auth is not None),
            whole=is_whole(items),
            addresses=self._told.addresses(partner),
            status_words=self._told.status_words(partner),
            asking=self._told.asking(partner),
            click=f"/go/{partner.id}?{urlencode({'b': 'partner-test', 'go': '1'})}",
            self_test=f"/tag/self-test?{urlencode({'partner': partner.id})}",
            messages=[words.message(one) for one in messages],
        )

    async def log(self, request: web.Request) -> web.Response:
        partner, words = self._admitted(request), self._words(request)
        messages = await self._log.latest(partner.id, limit=MOST_MESSAGES)
        live = "stopped" not in request.query
        response = self._response(
            request,
            "log.html",
            partner,
            messages=[words.message(one) for one in messages],
            live=live,
            count=MOST_MESSAGES,
            zone=words.timezone,
            seconds=REFRESH_SECONDS,
        )
        if live:
            response.headers["Refresh"] = str(REFRESH_SECONDS)
        return response

    async def trial(self, request: web.Request) -> web.Response:
        return self._response(request, "try.html", self._admitted(request), pasted="", previous="", tried=None)

    async def tried(self, request: web.Request) -> web.Response:
        """Keeps nothing, so anybody may be made to send it."""
        partner, words = self._admitted(request), self._words(request)
        form = await read_form(request)
        pasted, previous = _text(form, "request"), _text(form, "previous")
        asked, *before = (one.strip().lstrip(_FILE) for one in (pasted, *previous.splitlines()[:MOST_PREVIOUS]))
        printed = self._try_request(partner.id, asked, list(filter(None, before))) if asked else None
        return self._response(
            request,
            "try.html",
            partner,
            pasted=pasted,
            previous=previous,
            tried=words.trial(printed) if printed is not None else None,
        )

    def _named(self, request: web.Request) -> Partner:
        """Which partners there are is no secret: the catalogue lists them."""
        partner = self._programme().partners.get(request.match_info["partner"])
        if partner is None:
            raise web.HTTPNotFound
        return partner

    def _admitted(self, request: web.Request) -> Partner:
        partner = self._named(request)
        if not self._access(partner.id).admits(request):
            raise web.HTTPNotFound
        return partner

    def _response(self, request: web.Request, template: str, partner: Partner, **values: object) -> web.Response:
        words = self._words(request)
        response = self._pages.response(
            request,
            template,
            language=words.language,
            status=200,
            text=words.text,
            partner=partner,
            base=f"/partner/{partner.id}",
            path=request.path,
            example=self._told.example(partner),
            other_language=f"{request.path}?lang={words.other_language}",
            **values,
        )
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    def _words(self, request: web.Request) -> Words:
        language = language_of(request)
        return Words(TEXTS[language], language, self._programme().timezone, self._told.paths)


def _text(form: Mapping[str, object], name: str) -> str:
    """A file is no text."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
