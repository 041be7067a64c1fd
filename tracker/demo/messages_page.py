"""What the programme would send to its shoppers' telephones, as a page."""

from decimal import Decimal

from aiohttp import web

from tracker.demo.goods import RUBLE
from tracker.demo.pages import DemoPages, money
from tracker.demo.report import Clock
from tracker.demo.telling import Telling, Told
from tracker.demo.texts import TEXTS, Text
from tracker.web.language import language_of


class MessagesPage:
    def __init__(self, telling: Telling, pages: DemoPages, now: Clock) -> None:
        self._telling = telling
        self._pages = pages
        self._now = now

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/notifications", self.receive), web.get("/messages", self.page)]

    async def receive(self, request: web.Request) -> web.Response:
        """From the tracker alone: whatever is not signed is refused."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        taken = self._telling.receive(headers, await request.read(), self._now())
        return web.Response(status=204 if taken else 401)

    async def page(self, request: web.Request) -> web.Response:
        text = TEXTS[language_of(request)]
        told = [(one, message(one, text)) for one in self._telling.newest_first()]
        return self._pages.of_programme(request, "messages.html", told=told)


def message(told: Told, text: Text) -> str:
    """What the shopper would read."""
    return text.messages[told.kind].format(
        now=_rubles(told.cashback), before=_rubles(told.before), partner=told.partner, why=_why(told, text)
    )


def _why(told: Told, text: Text) -> str:
    if told.hold:
        return text.taken_back["hold"]
    if told.reasons:
        return text.taken_back.get(told.reasons[0], f"{text.taken_back['rules']} ({', '.join(told.reasons)})")
    return text.taken_back["declined"]


def _rubles(rubles: int) -> str:
    return money(Decimal(rubles), RUBLE)
