"""`/desk`: the queues by pages, every order with its history, and the acts of staff."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from tracker.core.listed import DeskOrder, OrderFile
from tracker.core.partner import Programme
from tracker.ports import Waiting
from tracker.reports.access import Access
from tracker.reports.desk.forms import (
    Acting,
    ActKind,
    FormTokens,
    field,
    is_from_our_page,
    message_id,
    moment,
    read_act,
)
from tracker.reports.desk.texts import TEXTS
from tracker.reports.desk.views import Words, order_address
from tracker.web.forms import read_form
from tracker.web.language import language_of
from tracker.web.pages import Pages

ORDER_QUEUES = ("late", "held", "unmatched")
WAITING = "waiting"
PAGE = 100


class Orders(Protocol):
    """Every method raises StoreUnavailableError."""

    @property
    def most_counted(self) -> int:
        """Nothing is counted further than one more than this."""

    async def count(self, queue: str, now: datetime) -> int: ...

    async def page(
        self, queue: str, now: datetime, *, after: tuple[datetime, str, str] | None, limit: int
    ) -> list[DeskOrder]: ...

    async def named(self, order_id: str, *, limit: int) -> list[DeskOrder]: ...

    async def file(self, partner_id: str, order_id: str) -> OrderFile | None: ...


class KeptForLater(Protocol):
    async def __call__(self, after: tuple[datetime, str] | None, *, limit: int) -> list[Waiting]:
        """Deferred and failed messages, oldest first. Raises StoreUnavailableError."""


class DeskPages:
    def __init__(
        self,
        programme: Callable[[], Programme],
        *,
        access: Access,
        forms: FormTokens,
        orders: Orders,
        waiting: KeptForLater,
        acting: Acting,
        public_url: str,
        now: Callable[[], datetime],
    ) -> None:
        self._programme = programme
        self._access = access
        self._forms = forms
        self._orders = orders
        self._waiting = waiting
        self._acting = acting
        self._public_host = urlsplit(public_url).netloc
        self._now = now
        self._pages = Pages("tracker.reports.desk", programme=programme().name, home="/")

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/desk", self.desk),
            web.get("/desk/find", self.find),
            web.get("/desk/order", self.order),
            web.post("/desk/order", self.act),
            web.get("/desk/{queue}", self.queue),
        ]

    async def desk(self, request: web.Request) -> web.Response:
        """Raises HTTPNotFound without leave: so do all of these."""
        if (opened := self._access.take_token(request)) is not None:
            return opened
        words = self._admitted(request)
        queues = (*ORDER_QUEUES, WAITING)
        counts = await asyncio.gather(*(self._orders.count(queue, self._now()) for queue in queues))
        cards = [
            (queue, words.text.queues[queue], self._counted(count)) for queue, count in zip(queues, counts, strict=True)
        ]
        return self._response(request, "desk.html", words, cards=cards)

    async def queue(self, request: web.Request) -> web.Response:
        words, queue = self._admitted(request), request.match_info["queue"]
        if queue == WAITING:
            return await self._waiting_page(request, words)
        if queue not in ORDER_QUEUES:
            raise web.HTTPNotFound
        at, partner_id, order_id = moment(request.query), field(request.query, "p"), field(request.query, "o")
        after = (at, partner_id, order_id) if at and partner_id else None
        found = await self._orders.page(queue, self._now(), after=after, limit=PAGE + 1)
        last = found[PAGE - 1] if len(found) > PAGE else None
        more = {"at": last.first_seen_at.isoformat(), "p": last.partner_id, "o": last.order_id} if last else None
        return self._response(
            request,
            "queue.html",
            words,
            said=words.text.queues[queue],
            orders=[words.order(one) for one in found[:PAGE]],
            next_page=f"/desk/{queue}?{urlencode(more)}" if more else "",
            first_page=f"/desk/{queue}" if after else "",
        )

    async def find(self, request: web.Request) -> web.Response:
        words, order_id = self._admitted(request), field(request.query, "order").strip()
        found = await self._orders.named(order_id, limit=PAGE) if order_id else []
        return self._response(request, "found.html", words, asked=order_id, orders=[words.order(one) for one in found])

    async def order(self, request: web.Request) -> web.Response:
        words = self._admitted(request)
        done = next((kind for kind in ActKind if kind == request.query.get("done")), None)
        partner_id, order_id = field(request.query, "partner"), field(request.query, "order")
        return await self._order_page(request, words, partner_id, order_id, done=done)

    async def act(self, request: web.Request) -> web.Response:
        """Only from our own page: an act is staff's own."""
        words = self._admitted(request)
        form = await read_form(request)
        act = read_act(form)
        proof = self._forms.is_valid(self._access.brought(request), field(form, "form"))
        if not proof or not is_from_our_page(request, self._public_host):
            return self._response(request, "told.html", words, status=403)
        if act is None:
            raise web.HTTPBadRequest
        sentence = await self._acting.do(act)
        if sentence:
            return await self._order_page(request, words, act.partner_id, act.order_id, not_done=sentence, said=form)
        address = f"{order_address(act.partner_id, act.order_id)}&done={act.kind}"
        return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})

    async def _order_page(
        self,
        request: web.Request,
        words: Words,
        partner_id: str,
        order_id: str,
        *,
        done: ActKind | None = None,
        not_done: str = "",
        said: Mapping[str, object] | None = None,
    ) -> web.Response:
        """`said`: what the form held that could not be done, so that nobody types it again."""
        file = await self._orders.file(partner_id, order_id) if partner_id and order_id else None
        if file is None:
            raise web.HTTPNotFound
        return self._response(
            request,
            "order.html",
            words,
            status=409 if not_done else 200,
            file=words.file(file),
            partner_id=partner_id,
            order_id=order_id,
            form=self._forms.make(self._access.brought(request)),
            said={name: field(said or {}, name) for name in ("act", "reason", "staff", "click_id")},
            done=words.text.acts[done].done if done else "",
            not_done=not_done,
        )

    async def _waiting_page(self, request: web.Request, words: Words) -> web.Response:
        at, postback_id = moment(request.query), message_id(request.query)
        after = (at, postback_id) if at and postback_id else None
        found = await self._waiting(after, limit=PAGE + 1)
        last = found[PAGE - 1].raw if len(found) > PAGE else None
        more = {"at": last.received_at.isoformat(), "id": last.postback_id} if last else None
        return self._response(
            request,
            "waiting.html",
            words,
            said=words.text.queues[WAITING],
            messages=[words.waiting(one) for one in found[:PAGE]],
            next_page=f"/desk/{WAITING}?{urlencode(more)}" if more else "",
            first_page=f"/desk/{WAITING}" if after else "",
        )

    def _admitted(self, request: web.Request) -> Words:
        if not self._access.admits(request):
            raise web.HTTPNotFound
        language = language_of(request)
        return Words(TEXTS[language], language, self._programme())

    def _counted(self, count: int) -> str:
        most = self._orders.most_counted
        return f"{most}+" if count > most else str(count)

    def _response(
        self, request: web.Request, template: str, words: Words, *, status: int = 200, **values: object
    ) -> web.Response:
        asked = {name: value for name, value in request.query.items() if name != "lang"}
        response = self._pages.response(
            request,
            template,
            language=words.language,
            status=status,
            text=words.text,
            path=request.path,
            other_language=f"{request.path}?{urlencode(asked | {'lang': words.other_language})}",
            **values,
        )
        # With no referrer browsers send forms with `Origin: null`.
        response.headers.update({"Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex"})
        return response
