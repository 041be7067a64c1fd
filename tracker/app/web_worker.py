"""One web worker: `/go`, `/pb` and the health of the parts behind them."""

import os
import socket
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from tracker.redirect.pages import Pages
from tracker.redirect.record_click import RecordClick
from tracker.redirect.tokens import Tokens
from tracker.settings import Settings
from tracker.telemetry import POSTBACKS, Telemetry
from tracker.web import LARGEST_BODY, Health, Part, TrustedProxies, make_runner, middleware, request_id
from tracker.web.hashing import KeyedHash


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
        app = web.Application(
            client_max_size=LARGEST_BODY, middlewares=[middleware(telemetry, lambda: uuid.uuid4().hex[:16])]
        )
        app.add_routes(_click_out(settings, secrets, programme, proxies, stores, telemetry).routes())
        app.add_routes(_postbacks(secrets, programme, proxies, stores, telemetry).routes())
        app.add_routes(_health(stores, warehouse, telemetry).routes())
        runner = make_runner(app, telemetry)
        await runner.setup()
        try:
            await web.SockSite(runner, listening, backlog=1024).start()
            yield
        finally:
            await runner.cleanup()


def _click_out(
    settings: Settings,
    secrets: Keys,
    programme: Programme,
    proxies: TrustedProxies,
    stores: Stores,
    telemetry: Telemetry,
) -> ClickOutEndpoint:
    tokens = Tokens(secrets.link, secrets.cookie)
    record_click = RecordClick(
        partners=lambda: programme.partners,
        clicks=stores.clicks,
        click_ids=stores.click_ids,
        tokens=tokens,
        cookies=Cookies(tokens, over_tls=settings.public_url.startswith("https://")),
        hashes=KeyedHash(secrets.address_hash),
        telemetry=telemetry,
        now=time.time,
        random=os.urandom,
    )
    pages = Pages(programme, settings.public_url)
    return ClickOutEndpoint(record_click, pages, address=proxies.address_of, request_id=request_id)


def _postbacks(
    secrets: Keys, programme: Programme, proxies: TrustedProxies, stores: Stores, telemetry: Telemetry
) -> PostbackEndpoint:
    hashes = KeyedHash(secrets.address_hash)
    receive = Receive(
        partners=lambda: programme.partners,
        books=stores.ledger,
        ingest=stores.ingest,
        now=lambda: datetime.now(UTC),
        random=os.urandom,
        count=lambda partner, verdict: telemetry.count(POSTBACKS, partner, verdict),
    )
    return PostbackEndpoint(
        receive,
        address_hash=lambda request: hashes.of_month(proxies.address_of(request), datetime.now(UTC)),
        request_id=request_id,
    )


def _health(stores: Stores, warehouse: Warehouse, telemetry: Telemetry) -> Health:
    """A shopper or a partner does not notice when the warehouse is away."""
    parts = {
        "valkey": Part(stores.valkey.ping),
        "postgres": Part(stores.ledger.ping),
        "warehouse": Part(lambda: warehouse.query("SELECT 1", "TabSeparated"), needed=False),
    }
    return Health(parts, telemetry)
