"""Shoppers who click and buy while something fails, some of whom leave before they are answered: what each was
answered, to be compared with what the stores hold (I1, I2, I5)."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

from tests.agents import DESKTOP
from tests.passes import Passes
from tests.running import RunningTracker
from tests.warehouse.setting import until

RUBLES = 50  # of each order
LEAVES = 5  # each fifth shopper leaves
PATIENCE = aiohttp.ClientTimeout(total=30)
AWAY = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass
class Shoppers:
    tracker: RunningTracker
    client: aiohttp.ClientSession
    rate: int  # a second; the schedule is fixed: a slow answer delays nobody
    chance: random.Random = field(default_factory=lambda: random.Random(6))  # noqa: S311 - so that it can be repeated
    clicks_sent: int = 0
    click_ids: set[str] = field(default_factory=set)  # answered
    without: int = 0  # answered without an id
    seconds: list[float] = field(default_factory=list)  # each click took
    failed: int = 0  # requests without an answer, or 503
    left: int = 0
    orders: set[str] = field(default_factory=set)  # answered 2xx
    received: set[str] = field(default_factory=set)  # their messages
    verdicts: set[str] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def come(self, stopping: asyncio.Event) -> None:
        passes = Passes(self.tracker)
        number, begin = 0, time.monotonic()
        while not stopping.is_set():
            await asyncio.sleep(max(0, begin + number / self.rate - time.monotonic()))
            cookies = passes.passed(f"browser-{number}")
            task = asyncio.create_task(self._shop(number, cookies))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            number += 1
        await asyncio.gather(*self._tasks)

    async def _shop(self, number: int, cookies: dict[str, str]) -> None:
        if number % LEAVES == 0:
            await self._leave(self._click(number, cookies))
            return
        click_id = await self._click(number, cookies)
        if not click_id:
            return
        if number % LEAVES == 1:
            await self._leave(self._report(number, click_id))
        async with asyncio.timeout(60):
            while not await self._report(number, click_id):
                await asyncio.sleep(0.1)

    async def _leave(self, request: Coroutine[Any, Any, object]) -> None:
        """Gone at some moment before or after it is stored; what is answered by then is answered."""
        leaving = asyncio.ensure_future(request)
        done, _ = await asyncio.wait([leaving], timeout=self.chance.uniform(0, 0.03))
        if not done:
            self.left += 1
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving

    async def _click(self, number: int, cookies: dict[str, str]) -> str:
        self.clicks_sent += 1
        link, began = self.tracker.link(f"shopper-{number}", "lab"), time.monotonic()
        try:
            async with self.client.get(link, cookies=cookies, allow_redirects=False) as answer:
                location = answer.headers.get("Location", "")
        except AWAY:
            self.failed += 1
            return ""
        click_id = (parse_qs(urlsplit(location).query).get("sub") or [""])[0]
        self.seconds.append(time.monotonic() - began)
        self.without += not click_id
        if click_id:
            self.click_ids.add(click_id)
        return click_id

    async def _report(self, number: int, click_id: str) -> bool:
        said = {"click_id": click_id, "order_id": f"order-{number}", "status": "approved", "amount": "1000.00"}
        try:
            async with self.client.get(f"{self.tracker.postback_url('lab')}?{urlencode(said)}") as answer:
                if answer.status != 200:
                    assert answer.status == 503, await answer.text()
                    self.failed += 1
                    return False
                body = await answer.json()
        except AWAY:
            self.failed += 1
            return False
        self.orders.add(f"order-{number}")
        self.received.add(body["received_id"])
        self.verdicts.add(body["verdict"])
        return True

    async def wrong(self) -> list[str]:
        """When all that is on its way has arrived: what is missing, doubled, or there without reason."""
        ids = "SELECT click_id AS name, count() AS n FROM analytics.clicks GROUP BY name"
        paid = "SELECT order_id AS name, sum(cashback) AS n FROM analytics.conversions GROUP BY name"
        kept = "SELECT postback_id AS name, count() AS n FROM analytics.postbacks GROUP BY name"
        await self._arrived(ids, self.click_ids)
        await self._arrived(kept, self.received)
        await self._arrived(paid, self.orders, RUBLES)
        clicks, orders, messages = await self._asked(ids), await self._asked(paid), await self._asked(kept)
        found = [f"click {one}: {clicks.get(one)}" for one in self.click_ids if clicks.get(one) != 1]
        found += [f"message {one}: {messages.get(one)}" for one in self.received if messages.get(one) != 1]
        found += [f"{one}: {orders.get(one)}" for one in self.orders | orders.keys() if orders.get(one) != RUBLES]
        return found + ([] if len(clicks) <= self.clicks_sent else [f"{len(clicks)} clicks of {self.clicks_sent}"])

    async def _arrived(self, sql: str, names: set[str], value: int = 1) -> None:
        async def all_there() -> bool:
            rows = await self._asked(sql)
            return all(rows.get(name) == value for name in names)

        with suppress(TimeoutError):
            await until(all_there, 60)

    async def _asked(self, sql: str) -> dict[str, int]:
        """As an analyst's client does."""
        url = json.loads((self.tracker.data / "running.json").read_bytes())["warehouse_url"]
        async with aiohttp.ClientSession() as analyst, analyst.post(url, data=f"{sql} FORMAT JSONEachRow") as answer:
            rows = [json.loads(line) for line in (await answer.text()).splitlines()]
        return {row["name"]: int(row["n"]) for row in rows}


@asynccontextmanager
async def shopping(tracker: RunningTracker, rate: int = 20) -> AsyncIterator[Shoppers]:
    """They come as long as the block is inside, and are all answered behind it."""
    stopping = asyncio.Event()
    headers = {"User-Agent": DESKTOP, "Accept-Language": "ru"}
    async with aiohttp.ClientSession(
        headers=headers, timeout=PATIENCE, connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
    ) as client:
        shoppers = Shoppers(tracker, client, rate)
        coming = asyncio.create_task(shoppers.come(stopping))
        try:
            yield shoppers
        finally:
            stopping.set()
            await coming
