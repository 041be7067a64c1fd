"""One web worker: `/go`, `/pb`, the shopper's and the analysts' pages, and the health of the parts behind them."""

import os
import socket
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from tracker import keys
from tracker.app.installation import load
from tracker.app.stores import Stores, Warehouse, open_stores, open_warehouse
from tracker.core.partner import Programme
from tracker.keys import Keys
from tracker.postback.endpoint import PostbackEndpoint
from tracker.postback.receive import Receive
from tracker.redirect.cookies import Cookies
from tracker.redirect.endpoint import ClickOutEndpoint
from tracker.redirect.pages import ToldPages
from tracker.redirect.record_click import RecordClick
from tracker.redirect.sign_in import SignIn
from tracker.redirect.tokens import AnalystTokens, Tokens
from tracker.reports.analysts.access import Access
from tracker.reports.analysts.endpoint import AnalystPages
from tracker.reports.catalogue.endpoint import Catalogue
from tracker.reports.shopper.endpoint import ShopperPages
from tracker.settings import Settings
from tracker.telemetry import POSTBACKS, Telemetry
from tracker.web import LARGEST_BODY, Health, Part, TrustedProxies, make_runner, middleware, request_id
from tracker.web.hashing import KeyedHash
from tracker.web.wrong import pages_for_people


@asynccontextmanager
async def web_worker(settings: Settings, listening: socket.socket) -> AsyncIterator[None]:
    """Serves on that socket inside the block; requests under way are finished behind it."""
    secrets = keys.load(settings.data)
    programme = load(settings, secrets)
    proxies = TrustedProxies(settings.trusted_proxies)
    telemetry = Telemetry()
    async with (
        open_warehouse(settings) as warehouse,
        open_stores(settings, secrets, warehouse.old_clicks) as stores,
    ):
        worker = _Worker(settings, secrets, programme, proxies, telemetry, stores, warehouse)
        runner = make_runner(worker.application(), telemetry)
        await runner.setup()
        try:
            await web.SockSite(runner, listening, backlog=1024).start()
            yield
        finally:
            await runner.cleanup()


@dataclass(frozen=True, slots=True)
class _Worker:
    """Everything that the routes are built of."""

    settings: Settings
    secrets: Keys
    programme: Programme
    proxies: TrustedProxies
    telemetry: Telemetry
    stores: Stores
    warehouse: Warehouse

    def application(self) -> web.Application:
        app = web.Application(
            client_max_size=LARGEST_BODY,
            middlewares=[
                pages_for_people(self.programme.name),
                middleware(self.telemetry, lambda: uuid.uuid4().hex[:16]),
            ],
        )
        tokens = Tokens(self.secrets.link, self.secrets.cookie)
        cookies = Cookies(tokens, over_tls=self.settings.public_url.startswith("https://"))
        app.add_routes(self._click_out(tokens, cookies).routes())
        app.add_routes(self._postbacks().routes())
        sign_in = SignIn(
            tokens, cookies, address=self.programme.sign_in, public_url=self.settings.public_url, now=time.time
        )
        app.add_routes(self._catalogue(sign_in).routes())
        app.add_routes(self._shopper_pages(sign_in).routes())
        app.add_routes(self._analyst_pages().routes())
        app.add_routes(self._health().routes())
        return app

    def _click_out(self, tokens: Tokens, cookies: Cookies) -> ClickOutEndpoint:
        record_click = RecordClick(
            partners=lambda: self.programme.partners,
            clicks=self.stores.clicks,
            click_ids=self.stores.click_ids,
            tokens=tokens,
            cookies=cookies,
            hashes=KeyedHash(self.secrets.address_hash),
            telemetry=self.telemetry,
            now=time.time,
            random=os.urandom,
        )
        pages = ToldPages(self.programme, self.settings.public_url)
        return ClickOutEndpoint(record_click, pages, address=self.proxies.address_of, request_id=request_id)

    def _postbacks(self) -> PostbackEndpoint:
        hashes = KeyedHash(self.secrets.address_hash)
        receive = Receive(
            partners=lambda: self.programme.partners,
            books=self.stores.ledger,
            ingest=self.stores.ingest,
            now=_now,
            random=os.urandom,
            count=lambda partner, verdict: self.telemetry.count(POSTBACKS, partner, verdict),
        )
        return PostbackEndpoint(
            receive,
            address_hash=lambda request: hashes.of_month(self.proxies.address_of(request), _now()),
            request_id=request_id,
        )

    def _catalogue(self, sign_in: SignIn) -> Catalogue:
        return Catalogue(lambda: self.programme, name=self.programme.name, sign_in=sign_in, now=_now)

    def _shopper_pages(self, sign_in: SignIn) -> ShopperPages:
        return ShopperPages(
            lambda: self.programme,
            name=self.programme.name,
            sign_in=sign_in,
            purchases=self.stores.ledger,
            clicks=self.warehouse.shopper_clicks,
            now=_now,
        )

    def _analyst_pages(self) -> AnalystPages:
        token = self.secrets.reports
        over_tls = self.settings.public_url.startswith("https://")
        return AnalystPages(
            lambda: self.programme,
            name=self.programme.name,
            access=Access(token, AnalystTokens(token), over_tls=over_tls, now=time.time),
            ask=self.warehouse.query,
            now=_now,
        )

    def _health(self) -> Health:
        """A shopper or a partner does not notice when the warehouse is away."""
        parts = {
            "valkey": Part(self.stores.valkey.ping),
            "postgres": Part(self.stores.ledger.ping),
            "warehouse": Part(lambda: self.warehouse.query("SELECT 1", "TabSeparated"), needed=False),
        }
        return Health(parts, self.telemetry)


def _now() -> datetime:
    return datetime.now(UTC)
