"""The shops' pages, one shop a host: shelf, basket, checkout, orders and what becomes of them."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from tracker.core.partner import Origin, Partner
from tracker.core.terms import terms_at
from tracker.demo.basket import with_more
from tracker.demo.checkout import (
    DELIVERIES,
    Choices,
    delivery_price,
    take_order,
    takes_applications,
    tariff_choices,
    tariff_of,
)
from tracker.demo.forms import own_form, see_other
from tracker.demo.goods import currency_of, goods_of
from tracker.demo.order import Act, possible
from tracker.demo.orders import Kept, Orders
from tracker.demo.pages import DemoPages
from tracker.demo.partners import partner_of
from tracker.demo.report import Clock
from tracker.demo.visit import basket_in, keep_basket, keep_landing, landing_in

_ShopHandler = Callable[[web.Request, Partner], Awaitable[web.Response]]


class Shops:
    def __init__(
        self,
        partners: Mapping[str, Partner],
        orders: Orders,
        pages: DemoPages,
        *,
        now: Clock,
        new_number: Callable[[], int],
    ) -> None:
        self._partners = partners
        self._orders = orders
        self._pages = pages
        self._now = now
        self._new_number = new_number

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._in_shop(self.shelf)),
            web.get("/basket", self._in_shop(self.basket)),
            web.post("/basket", self._in_shop(self.change_basket)),
            web.get("/orders", self._in_shop(self.list_orders)),
            web.post("/orders", self._in_shop(self.place_order)),
            web.get("/orders/{order}", self._in_shop(self.show_order)),
            web.post("/orders/{order}", self._in_shop(self.decide)),
        ]

    def _in_shop(self, handler: _ShopHandler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            partner = partner_of(request.host, self._partners)
            if partner is None:
                return self._pages.of_programme(request, "shops.html", partners=self._partners.values())
            return await handler(request, partner)

        return handle

    async def shelf(self, request: web.Request, partner: Partner) -> web.Response:
        """The landing page: a click id that arrives here is kept for 90 days."""
        now = self._now()
        terms = terms_at(partner.terms, now)
        landing = landing_in(request, partner, now)
        response = self._page(
            request,
            "application.html" if takes_applications(terms) else "shelf.html",
            partner,
            goods=goods_of(partner).values(),
            currency=currency_of(partner),
            tariff_of=lambda product_id: tariff_of(partner, product_id, terms),
            origins=Origin,
            landing=landing,
        )
        if landing is not None:
            keep_landing(response, landing)
        return response

    async def basket(self, request: web.Request, partner: Partner) -> web.Response:
        goods, currency = goods_of(partner), currency_of(partner)
        lines = [
            (goods[product_id], units, goods[product_id].price(currency) * units)
            for product_id, units in basket_in(request, partner).items()
        ]
        return self._page(
            request,
            "basket.html",
            partner,
            lines=lines,
            total=sum(total for _, _, total in lines),
            currency=currency,
            deliveries={name: delivery_price(name, currency) for name in DELIVERIES},
            origins=Origin,
            tariffs=tariff_choices(partner, terms_at(partner.terms, self._now())),
            landing=landing_in(request, partner, self._now()),
        )

    async def change_basket(self, request: web.Request, partner: Partner) -> web.Response:
        form = await own_form(request)
        response = see_other("/basket")
        if form.get("product", "") in goods_of(partner):
            units = -1 if form.get("change") == "fewer" else 1
            keep_basket(response, with_more(basket_in(request, partner), form["product"], units))
        return response

    async def place_order(self, request: web.Request, partner: Partner) -> web.Response:
        form = await own_form(request)
        now = self._now()
        basket = basket_in(request, partner)
        if not basket and not takes_applications(terms_at(partner.terms, now)):
            return see_other("/basket")
        choices = Choices(form.get("delivery", ""), form.get("origin", ""), form.get("tariff", ""))
        landing = landing_in(request, partner, now)
        order = take_order(partner, basket, choices, landing, now, self._new_number())
        await self._orders.place(partner, order)
        response = see_other(f"/orders/{order.id}")
        keep_basket(response, {})
        return response

    async def list_orders(self, request: web.Request, partner: Partner) -> web.Response:
        return self._page(request, "orders.html", partner, orders=self._orders.of(partner), missing=False)

    async def show_order(self, request: web.Request, partner: Partner) -> web.Response:
        kept = self._kept(request, partner)
        if kept is None:
            orders = self._orders.of(partner)
            return self._page(request, "orders.html", partner, status=404, orders=orders, missing=True)
        return self._page(
            request,
            "order.html",
            partner,
            order=kept.order,
            acts=possible(kept.order, partner),
            log=list(reversed(kept.sent)),
        )

    async def decide(self, request: web.Request, partner: Partner) -> web.Response:
        form = await own_form(request)
        kept = self._kept(request, partner)
        act = next((act for act in Act if act == form.get("act")), None)
        if kept is not None and act is not None:
            await self._orders.decide(partner, kept.order, act)
        return see_other(request.path)

    def _kept(self, request: web.Request, partner: Partner) -> Kept | None:
        return self._orders.find(partner, request.match_info["order"])

    def _page(
        self, request: web.Request, template: str, partner: Partner, *, status: int = 200, **values: object
    ) -> web.Response:
        sells = not takes_applications(terms_at(partner.terms, self._now()))
        in_basket = sum(basket_in(request, partner).values())
        return self._pages.of_shop(
            request, template, partner, status=status, sells=sells, in_basket=in_basket, **values
        )
