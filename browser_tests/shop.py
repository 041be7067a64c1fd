"""A partner's shop that carries our tag, its bank, and our side of the tag, on one port of this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

from aiohttp import web
from aiohttp.typedefs import Handler

from browser_tests.browser import Browser, Tab, until
from tests.demo.setting import programme
from tests.running import free_port
from tracker.core.facts import TagFact
from tracker.core.signing_keys import since_ever
from tracker.errors import StoreUnavailableError
from tracker.redirect.click_id import SignedClickIds
from tracker.tag.baits import BAITS
from tracker.tag.endpoint import TagEndpoint
from tracker.tag.scripts import script
from tracker.tag.self_test import SelfTestPage
from tracker.telemetry import Telemetry
from tracker.web import TrustedProxies, middleware, request_id
from tracker.web.hashing import KeyedHash

PARTNER = "lamoda"
SHOP, OTHER_SHOP, BANK, TRACKER = "shop", "pay.shop", "bank", "tracker"
KEY = "5a" * 32


_WALK_ON = """<script>addEventListener("load", async () => {
  const rules = document.createElement("script")
  rules.type = "speculationrules"
  rules.text = JSON.stringify({ prerender: [{ urls: ["/done?order=A-1"], eagerness: "immediate" }] })
  document.head.append(rules)
  while (!(await fetch("/prerendered")).ok) await new Promise(done => setTimeout(done, 50))
  setTimeout(() => fetch("/leaving").then(() => { location.href = "/done?order=A-1" }), 500)
})</script>"""


@dataclass
class Shop:
    """Hosts, all below localhost: `shop` (its pages), `pay.shop` (the same pages, another origin), `bank` (where one
    pays: it sends on by two redirects), `tracker` (the real endpoint of the tag, with real click ids).

    Pages: `/` landing, `/basket`, `/done?order=A-1` confirmation. Each has links with these ids: `home`, `basket`,
    `buy` (to the confirmation), `bank` (there by way of the bank), `blank` (target=_blank to the basket), `opener`
    (the same with rel=opener).

    Each notes in `restored` whether it came back from the back-forward cache, and asks for `/prerendering` behind the
    tag while it is not shown yet.

    The fields below may be changed at any time; they count from the next request on.
    """

    port: int
    inline: bool = False  # the tag's text in the page, instead of a script of the tracker's
    tagged: bool = True
    baits: bool = False  # serves our four files, and says so to the tag
    policy: str = ""  # the pages' Content-Security-Policy
    clears: bool = False  # the pages clear sessionStorage before the tag runs
    cleans: bool = False  # the landing page takes the parameters out of its address before the tag runs
    prerenders: bool = False  # the landing page has the confirmation prerendered, and goes there by itself
    done_at: str = SHOP  # host of the confirmation page
    state: str = "up"  # of the tracker: up · silent (never answers) · failing (503) · gone (another, closed port)
    reports: list[TagFact] = field(default_factory=list)
    sent: list[TagFact] = field(default_factory=list)  # reports that reached us, also where nobody took them
    asked: list[str] = field(default_factory=list)  # paths, of any host here, in turn
    missing: set[str] = field(default_factory=set)  # baits that are not served
    _numbers: Iterator[int] = field(default_factory=count)
    _closed_port: int = field(default_factory=free_port)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/", host: str = SHOP) -> str:
        return f"http://{host}.localhost:{self.port}{path}"

    @property
    def tracker(self) -> str:
        port = self._closed_port if self.state == "gone" else self.port
        return f"http://{TRACKER}.localhost:{port}"

    def click_id(self) -> str:
        """A new one, of this shop."""
        now = int(datetime.now(UTC).timestamp())
        return self.click_ids.make(PARTNER, 1, now, next(self._numbers))

    def landing(self, click_id: str) -> str:
        """Where a click-out leads."""
        return self.url(f"/?utm_source=cashback&subid4={click_id}")

    async def reported(self, order_id: str, *, final: bool = True) -> TagFact:
        """The first report of an order, the final one unless told otherwise."""
        return await self._first(lambda one: one.order_id == order_id and one.final is final)

    async def landed(self, click_id: str) -> TagFact:
        return await self._first(lambda one: one.kind == "landing" and one.click_id == click_id and one.final)

    async def _first(self, wanted: Callable[[TagFact], bool]) -> TagFact:
        async def found() -> list[TagFact]:
            return [one for one in self.reports if wanted(one)]

        return (await until(found))[0]

    @property
    def click_ids(self) -> SignedClickIds:
        return SignedClickIds(since_ever(KEY))

    async def take(self, fact: TagFact) -> None:
        """In the place of the flow, which journeys test on the real stores."""
        self.sent.append(fact)
        if self.state == "silent":
            await self._over.wait()
        if self.state == "failing":
            raise StoreUnavailableError("as the test wants it")
        self.reports.append(fact)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0].removesuffix(".localhost")
        if host == BANK:
            return self._bank(request)
        if request.path == "/prerendered" and "/prerendering" in self.asked:
            return web.Response()
        if request.path.startswith("/static/"):
            return self._bait(request.path.removeprefix("/static/"))
        if request.path in ("/", "/basket", "/done"):
            return self._page(request)
        raise web.HTTPNotFound

    def _page(self, request: web.Request) -> web.Response:
        order_id = request.query.get("order", "")
        headers = {"Content-Security-Policy": self.policy} if self.policy else {}
        html = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{request.path}</title>
{"<script>sessionStorage.clear()</script>" if self.clears else ""}
{"<script>history.replaceState(null, '', location.pathname)</script>" if self.cleans and not order_id else ""}
{self._snippet(order_id) if self.tagged else ""}
<script>addEventListener("pageshow", event => {{ restored = event.persisted }})
if (document.prerendering) fetch("/prerendering")</script>
{_WALK_ON if self.prerenders and request.path == "/" else ""}
<h1>{request.path} {order_id}</h1>
<a id="home" href="/">home</a> <a id="basket" href="/basket">basket</a>
<a id="buy" href="{self.url("/done?order=A-1", self.done_at)}">buy</a>
<a id="bank" href="{self.url("/pay", BANK)}">pay at the bank</a>
<a id="blank" href="/basket" target="_blank">basket in a new tab</a>
<a id="opener" href="/basket" target="_blank" rel="opener">basket in a new tab that is a copy</a>"""
        return web.Response(text=html, content_type="text/html", headers=headers)

    def _snippet(self, order_id: str) -> str:
        said = f'data-partner="{PARTNER}"'
        if order_id:
            said += f' data-order="{order_id}"'
        if self.baits:
            said += ' data-bait="/static"'
        if self.inline:
            return f'<script {said} data-server="{self.tracker}">{script("tag.js").text}</script>'
        return f'<script src="{self.tracker}/tag.js" async {said}></script>'

    def _bank(self, request: web.Request) -> web.Response:
        there = "/paid" if request.path == "/pay" else self.url("/done?order=A-1", self.done_at)
        headers = {"Location": there, "Cross-Origin-Opener-Policy": "same-origin"}
        return web.Response(status=302, headers=headers)

    def _bait(self, name: str) -> web.Response:
        if name not in BAITS or name in self.missing:
            raise web.HTTPNotFound
        return web.Response(text=BAITS[name].text, content_type=BAITS[name].content_type)


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    telemetry = Telemetry()
    numbers = count(1)
    shop = Shop(port=free_port())

    @web.middleware
    async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
        shop.asked.append(request.path)
        return await handler(request)

    app = web.Application(middlewares=[noted, middleware(telemetry, lambda: f"request-{next(numbers)}")])
    runner = web.AppRunner(app, shutdown_timeout=1)
    known = {PARTNER: replace(programme().partners[PARTNER], home=shop.url())}
    endpoint = TagEndpoint(
        partners=lambda: known,
        click_ids=shop.click_ids,
        reports=shop,
        hashes=KeyedHash("1f" * 32),
        telemetry=telemetry,
        now=lambda: datetime.now(UTC),
        address=TrustedProxies().address_of,
        request_id=request_id,
    )
    page = SelfTestPage(lambda: known, name="Programme", public_url=shop.tracker)
    app.add_routes([*endpoint.routes(), *page.routes(), web.get("/{path:.*}", shop.handle)])
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", shop.port).start()
        yield shop
    finally:
        shop._over.set()
        await runner.cleanup()


async def land(browser: Browser, shop: Shop, click_id: str | None = None) -> Tab:
    """A new tab that has come to the shop by a click-out, seen as such."""
    click_id = click_id or shop.click_id()
    tab = await browser.open(shop.landing(click_id))
    await shop.landed(click_id)
    return tab


async def buy(tab: Tab, shop: Shop, order_id: str) -> str:
    """What the tag says of the tab."""
    await tab.goto(shop.url(f"/done?order={order_id}", shop.done_at))
    return (await shop.reported(order_id)).tab
