"""The whole programme as a shopper's browser meets it: a running tracker behind a proxy on `tracker.localhost`, and the
demo's shops on hosts of their own."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg

from browser_tests.browser import PATIENCE, Tab, until, until_at
from browser_tests.proxy import Exchange, Proxy, proxy_to
from tests.running import PARTNERS, START_SECONDS, RunningTracker, data_folder, free_port

HOST = "tracker.localhost"
_CLICK_ID = re.compile(r"[?&]sub=([a-z][0-9a-z]{29})")
_ORDERS = count(1)


def click_id_in(address: str) -> str:
    found = _CLICK_ID.search(address)
    return found[1] if found else ""


@dataclass(frozen=True)
class Look:
    """One visit to the checks page until it asked the server. `sent` is what its script brought, `said` the answer."""

    sent: dict[str, Any]
    said: dict[str, Any]
    milliseconds: int  # from the request for the page to the arrival of what it found


@dataclass
class World:
    tracker: RunningTracker
    proxy: Proxy
    warehouse: str = ""
    shoppers: "count[int]" = field(default_factory=lambda: count(1))

    def link(self, shopper: str = "", partner: str = "lab", banner: str = "") -> str:
        """A banner's address. Without a name: another shopper each time."""
        made = urlsplit(self.tracker.link(shopper or f"shopper-{next(self.shoppers)}", partner))
        return f"{self.proxy.url}{made.path}?{made.query}{f'&b={banner}' if banner else ''}"

    def shop(self, partner: str = "lab") -> str:
        return f"http://{partner}.shop.localhost:"

    async def until_at_shop(self, tab: Tab, partner: str = "lab", seconds: float = PATIENCE) -> str:
        """The click id that it arrived with; empty: without one."""
        return click_id_in(await until_at(tab, self.shop(partner), seconds))

    async def until_stopped(self, tab: Tab, act: str = "anyway") -> str:
        """The words of the page, once it shows what it found and offers that act."""
        script = f"return document.querySelector('#result:not([hidden]) [data-act={act}]') && document.body.innerText"

        async def shown() -> str:
            return str(await tab.run(script) or "")

        return await until(shown)

    async def look(self, tab: Tab, link: str) -> Look:
        since = time.monotonic()
        await tab.goto(link)
        return await self.next_look(since)

    async def next_look(self, since: float) -> Look:
        sent = await self.proxy.until_seen("POST", "/check", since)
        asked: list[Exchange] = [
            one for one in self.proxy.seen("GET", sent.path.removesuffix("/check")) if one.at <= sent.at
        ]
        milliseconds = round((sent.at - asked[-1].at) * 1000)
        return Look(json.loads(sent.body), json.loads(sent.answer), milliseconds)

    async def order(self, click_id: str, partner: str = "lab", **said: str) -> dict[str, Any]:
        """What an approved order of 1,000.00 becomes: `cashback`, `reasons` and `flags`."""
        order_id = f"B-{next(_ORDERS)}"
        fields = {"order_id": order_id, "click_id": click_id, "status": "approved", "amount": "1000.00"} | said
        async with (
            aiohttp.ClientSession() as client,
            client.post(self.tracker.postback_url(partner), data=fields) as answer,
        ):
            assert answer.status == 200, await answer.text()
        return await self.conversion(fields["order_id"], partner)

    async def conversion(self, order_id: str, partner: str = "lab") -> dict[str, Any]:
        connection = await asyncpg.connect(self.tracker.postgres_dsn)
        try:
            row = await connection.fetchrow(
                "SELECT status, cashback, reasons, flags FROM conversions WHERE partner_id = $1 AND order_id = $2",
                partner, order_id,
            )  # fmt: skip
        finally:
            await connection.close()
        assert row is not None, f"no conversion of {order_id}"
        return dict(row)

    async def query(self, sql: str) -> list[dict[str, Any]]:
        """As an analyst asks, over ClickHouse's HTTP protocol."""
        async with (
            aiohttp.ClientSession() as client,
            client.post(self.warehouse, data=f"{sql} FORMAT JSONEachRow") as answer,
        ):
            text = await answer.text()
            assert answer.status == 200, text
            return [json.loads(line) for line in text.splitlines()]

    async def clicks(self, banner: str, expected: int) -> list[dict[str, Any]]:
        """Those of a banner, once so many are in ClickHouse: the oldest first, and in one second those that stop."""
        sql = (
            "SELECT click_id, outcome, refusals, checks, check_evidence, check_ms, superseded FROM clicks "
            f"WHERE banner = '{banner}' ORDER BY clicked_at, outcome = 'go'"
        )

        async def shipped() -> list[dict[str, Any]]:
            rows = await self.query(sql)
            return rows if len(rows) >= expected else []

        rows = await until(shipped, 30)
        assert len(rows) == expected, rows
        return rows


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    with data_folder() as data:
        settings = {"TRACKER_DEMO": "1", "TRACKER_DEMO_PORT": str(free_port())}
        tracker = RunningTracker(data, PARTNERS, workers=2, more=settings)
        async with proxy_to(tracker.url, HOST) as proxy:
            tracker.more = settings | {"TRACKER_PUBLIC_URL": proxy.url}
            async with tracker:
                noted = data / "running.json"
                async with asyncio.timeout(START_SECONDS):
                    while not noted.exists():
                        await asyncio.sleep(0.05)
                yield World(tracker, proxy, str(json.loads(noted.read_bytes())["warehouse_url"]))
