"""The load generator: a process of its own, whose journal alone is the judge (reliability.md 5.2).

    python -m tests.faults.load PLAN JOURNAL RATE

PLAN holds one click-out of one shopper a line: its address, the cookies of a browser that passed the checks (none: it
goes through the checks page), and where its shop reports orders (empty: it does not). Every request is written down
before it is sent and after it is answered. It stops at the end of PLAN, or on SIGTERM.
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
from yarl import URL

from tests.agents import DESKTOP
from tests.browsing import check_of, said
from tests.faults.orders import messages_of

PATIENCE = aiohttp.ClientTimeout(total=10)
DOUBLE = 9  # each ninth click is a double click
REPEAT = 5  # each fifth order's messages are sent again although they were answered
ATTEMPTS = 60
CANARY = "canary-5f1d0c7e"  # how every secret that a message carries begins


class Page(NamedTuple):
    """The checks page that a browser shows."""

    check: URL  # where it asks
    token: str
    cookies: dict[str, str]


class Shopper(NamedTuple):
    """One click-out as planned. `due` is when, on the clock of `time.monotonic`: what a slow answer delays is counted
    from there."""

    number: int
    due: float
    link: str
    cookies: dict[str, str]
    postback_url: str

    @property
    def headers(self) -> dict[str, str]:
        """Addresses that must never be seen again whole: none ends in 0, as what is kept of them does."""
        last = self.number % 250 + 1
        address = f"203.0.113.{last}" if self.number % 2 else f"2001:db8:77:1:ab1e::{last:x}"
        return {"X-Forwarded-For": address}


class Sent(NamedTuple):
    method: str
    query: str
    content_type: str
    body: str


class Load:
    def __init__(self, client: aiohttp.ClientSession, journal: IO[str]) -> None:
        self.client = client
        self.journal = journal

    def note(self, **entry: object) -> None:
        self.journal.write(json.dumps(entry) + "\n")
        self.journal.flush()

    async def shop(self, shopper: Shopper) -> None:
        """One click-out and, if it was answered with an id, the order's messages, each repeated until 2xx."""
        click_out = partial(self.follow, shopper)
        if not shopper.cookies:
            page = await self.page(shopper)
            if page is None:
                return
            click_out = partial(self.ask, shopper, page)
        double = asyncio.create_task(click_out(again=True)) if shopper.number % DOUBLE == 0 else None
        click_id = await click_out()
        messages = messages_of(shopper.number) if click_id and shopper.postback_url else []
        began = int(time.time())
        for step, message in enumerate(messages):
            fields = {
                "click_id": click_id,
                "order_id": f"order-{shopper.number}",
                "status": message.status,
                "amount": message.amount,
                "event_time": str(began + step),
                "api_key": f"{CANARY}-{shopper.number}",
            }
            if not await self.report(shopper, step, _written(shopper.number + step, fields)):
                break
        if double:
            await double

    async def follow(self, shopper: Shopper, **more: bool) -> str:
        """The click id of one redirect; empty: there was none."""
        self.note(click=shopper.number)
        sent_at = time.monotonic()
        try:
            async with self.client.get(
                shopper.link, cookies=shopper.cookies, headers=shopper.headers, allow_redirects=False
            ) as answer:
                location = answer.headers.get("Location", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.note(click=shopper.number, failed=repr(error))
            return ""
        return self.sent_on(shopper, answer.status, location, sent_at, **more)

    async def page(self, shopper: Shopper) -> Page | None:
        self.note(page=shopper.number)
        try:
            async with self.client.get(shopper.link, headers=shopper.headers, allow_redirects=False) as answer:
                html = await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.note(page=shopper.number, failed=repr(error))
            return None
        self.note(page=shopper.number, answered=answer.status)
        if answer.status >= 500:
            return None
        address, token = check_of(html)
        cookies = {name: morsel.value for name, morsel in answer.cookies.items()}
        return Page(answer.url.join(URL(address, encoded=True)), token, cookies)

    async def ask(self, shopper: Shopper, page: Page, **more: bool) -> str:
        """The click id with which the page is sent on; empty: it is not."""
        self.note(click=shopper.number)
        sent_at = time.monotonic()
        try:
            async with self.client.post(
                page.check, json=said(page.token), cookies=page.cookies, headers=shopper.headers
            ) as answer:
                location = (await answer.json()).get("go", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.note(click=shopper.number, failed=repr(error))
            return ""
        return self.sent_on(shopper, answer.status, location, sent_at, by_page=True, **more)

    def sent_on(self, shopper: Shopper, status: int, location: str, sent_at: float, **more: bool) -> str:
        click_id = (parse_qs(urlsplit(location).query).get("sub") or [""])[0]
        now = time.monotonic()
        seconds, late = round(now - sent_at, 4), round(now - shopper.due, 4)
        self.note(
            click=shopper.number,
            answered=status,
            click_id=click_id,
            seconds=seconds,
            due=shopper.due,
            late=late,
            **more,
        )
        return click_id

    async def report(self, shopper: Shopper, step: int, sent: Sent) -> bool:
        """A sender that repeats until it is answered 2xx, and now and then although it was. False: it gave up."""
        again = 1 + (shopper.number % REPEAT == 0)
        for attempt in range(ATTEMPTS):
            again -= await self.send(shopper, step, sent)
            if not again:
                return True
            await asyncio.sleep(min(2, 0.2 + 0.1 * attempt))
        return False

    async def send(self, shopper: Shopper, step: int, sent: Sent) -> bool:
        """Whether it was answered 2xx."""
        which = {"order": shopper.number, "step": step}
        self.note(**which, sent=sent._asdict(), to=shopper.postback_url)
        try:
            status, body = await send(self.client, shopper.postback_url, sent, shopper.headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.note(**which, failed=repr(error))
            return False
        self.note(**which, answered=status, body=body)
        return 200 <= status < 300


async def send(client: aiohttp.ClientSession, url: str, sent: Sent, headers: Mapping[str, str]) -> tuple[int, str]:
    """Byte for byte."""
    address = URL(f"{url}?{sent.query}" if sent.query else url, encoded=True)
    typed = dict(headers) | ({"Content-Type": sent.content_type} if sent.content_type else {})
    async with client.request(sent.method, address, data=sent.body.encode() or None, headers=typed) as answer:
        return answer.status, await answer.text()


def _written(number: int, fields: Mapping[str, str]) -> Sent:
    """In one of the ways in which a shop sends it, with something in it that another writer would spell otherwise."""
    form = urlencode(fields) + "&note=%d0%97aka%7A+~%2f"
    if number % 3 == 0:
        return Sent("GET", form, "", "")
    if number % 3 == 1:
        return Sent("POST", "", "application/x-www-form-urlencoded", form)
    return Sent("POST", "", "application/json", json.dumps(fields, indent=1))


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The client sends a GET again by itself when its connection breaks: the journal would know of one request, and
    there were two."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientError(repr(error)) from error


async def main(plan: str, journal: str, rate: str) -> None:
    """Open loop: the schedule is fixed in advance, a slow answer delays nobody."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    begin = time.monotonic()
    tasks: set[asyncio.Task[None]] = set()
    headers = {"User-Agent": DESKTOP, "Accept-Language": "ru"}
    with Path(journal).open("a", encoding="utf-8") as file:  # noqa: ASYNC230 - a line a request, written before it
        async with aiohttp.ClientSession(
            headers=headers,
            timeout=PATIENCE,
            connector=aiohttp.TCPConnector(limit=0, force_close=True),  # each shopper has a connection of their own
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_once,),
        ) as client:
            load = Load(client, file)
            for number, line in enumerate(Path(plan).read_text().splitlines()):
                due = begin + number / float(rate)
                await asyncio.sleep(max(0, due - time.monotonic()))
                if stopping.is_set():
                    break
                tasks.add(asyncio.create_task(load.shop(Shopper(number, due, *json.loads(line)))))
            await asyncio.gather(*tasks)
            load.note(done=True, stopped=stopping.is_set())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
