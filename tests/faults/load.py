"""The load generator: a process of its own, whose journal alone is the judge (reliability.md 5.2).

    python -m tests.faults.load POSTBACK_URL LINKS JOURNAL RATE

LINKS holds one click-out of one shopper a line: its address and the cookies of a browser that passed the checks, or
none: then the browser goes through the checks page. Every request is written down before it is sent and after it is
answered. It stops at the end of LINKS, or on SIGTERM.
"""

import asyncio
import json
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
from yarl import URL

from tests.agents import DESKTOP
from tests.browsing import check_of, said

PATIENCE = aiohttp.ClientTimeout(total=10)
DOUBLE = 9  # each ninth click is a double click


class Page(NamedTuple):
    """The checks page that a browser shows."""

    check: URL  # where it asks
    token: str
    cookies: dict[str, str]


class Load:
    def __init__(self, postback_url: str, journal: IO[str]) -> None:
        self.postback_url = postback_url
        self.journal = journal

    def note(self, **entry: object) -> None:
        self.journal.write(json.dumps(entry) + "\n")
        self.journal.flush()

    async def shop(self, client: aiohttp.ClientSession, number: int, link: str, cookies: dict[str, str]) -> None:
        """One click-out and, if it was answered with an id, the order's messages, each repeated until 2xx."""
        click_out = partial(self.follow, client, number, link, cookies)
        if not cookies:
            page = await self.page(client, number, link)
            if page is None:
                return
            click_out = partial(self.ask, client, number, page)
        double = asyncio.create_task(click_out(again=True)) if number % DOUBLE == 0 else None
        click_id = await click_out()
        for status in ("pending", "approved") if click_id else ():
            await self.report(client, number, click_id, status)
        if double:
            await double

    async def follow(
        self, client: aiohttp.ClientSession, number: int, link: str, cookies: dict[str, str], **more: bool
    ) -> str:
        """The click id of one redirect; empty: there was none."""
        self.note(click=number)
        sent_at = time.monotonic()
        try:
            async with client.get(link, cookies=cookies, allow_redirects=False) as answer:
                location = answer.headers.get("Location", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.note(click=number, failed=repr(error))
            return ""
        return self.sent_on(number, answer.status, location, sent_at, **more)

    async def page(self, client: aiohttp.ClientSession, number: int, link: str) -> Page | None:
        self.note(page=number)
        try:
            async with client.get(link, allow_redirects=False) as answer:
                html = await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.note(page=number, failed=repr(error))
            return None
        self.note(page=number, answered=answer.status)
        address, token = check_of(html)
        cookies = {name: morsel.value for name, morsel in answer.cookies.items()}
        return Page(answer.url.join(URL(address, encoded=True)), token, cookies)

    async def ask(self, client: aiohttp.ClientSession, number: int, page: Page, **more: bool) -> str:
        """The click id with which the page is sent on; empty: it is not."""
        self.note(click=number)
        sent_at = time.monotonic()
        try:
            async with client.post(page.check, json=said(page.token), cookies=page.cookies) as answer:
                location = (await answer.json()).get("go", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.note(click=number, failed=repr(error))
            return ""
        return self.sent_on(number, answer.status, location, sent_at, by_page=True, **more)

    def sent_on(self, number: int, status: int, location: str, sent_at: float, **more: bool) -> str:
        click_id = (parse_qs(urlsplit(location).query).get("sub") or [""])[0]
        seconds = round(time.monotonic() - sent_at, 3)
        self.note(click=number, answered=status, click_id=click_id, seconds=seconds, **more)
        return click_id

    async def report(self, client: aiohttp.ClientSession, number: int, click_id: str, status: str) -> None:
        """A sender that repeats until it is answered 2xx, and now and then although it was."""
        fields = {"click_id": click_id, "order_id": f"order-{number}", "status": status, "amount": "1000.00"}
        repeats = 1 + (number % 5 == 0)
        for attempt in range(40):
            self.note(order=number, status=status)
            try:
                async with client.get(f"{self.postback_url}?{urlencode(fields)}") as answer:
                    body = await answer.text()
                    self.note(order=number, status=status, answered=answer.status, body=body)
                    if 200 <= answer.status < 300:
                        repeats -= 1
                        if not repeats:
                            return
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self.note(order=number, status=status, failed=repr(error))
            await asyncio.sleep(0.1 + 0.02 * attempt)


async def main(postback_url: str, links: str, journal: str, rate: str) -> None:
    """Open loop: the schedule is fixed in advance, a slow answer delays nobody."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    begin = time.monotonic()
    tasks: set[asyncio.Task[None]] = set()
    with Path(journal).open("a", encoding="utf-8") as file:  # noqa: ASYNC230 - a line a request, written before it
        load = Load(postback_url, file)
        headers = {"User-Agent": DESKTOP, "Accept-Language": "ru"}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            headers=headers, timeout=PATIENCE, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        ) as client:
            for number, line in enumerate(Path(links).read_text().splitlines()):
                if stopping.is_set():
                    break
                await asyncio.sleep(max(0, begin + number / float(rate) - time.monotonic()))
                tasks.add(asyncio.create_task(load.shop(client, number, *json.loads(line))))
            await asyncio.gather(*tasks)
        load.note(done=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
