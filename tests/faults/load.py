"""The load generator: a process of its own, whose journal alone is the judge (reliability.md 5.2).

    python -m tests.faults.load POSTBACK_URL LINKS JOURNAL RATE

LINKS holds one click-out address of one shopper a line. Every request is written down before it is sent and after it is
answered. It stops at the end of LINKS, or on SIGTERM.
"""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

from tests.agents import DESKTOP

PATIENCE = aiohttp.ClientTimeout(total=10)


class Load:
    def __init__(self, postback_url: str, journal: IO[str]) -> None:
        self.postback_url = postback_url
        self.journal = journal

    def note(self, **entry: object) -> None:
        self.journal.write(json.dumps(entry) + "\n")
        self.journal.flush()

    async def shop(self, client: aiohttp.ClientSession, number: int, link: str) -> None:
        """One click-out and, if it was answered with an id, the order's messages, each repeated until 2xx."""
        self.note(click=number)
        try:
            async with client.get(link, allow_redirects=False) as answer:
                location = answer.headers.get("Location", "")
                click_id = (parse_qs(urlsplit(location).query).get("sub") or [""])[0]
                self.note(click=number, answered=answer.status, click_id=click_id)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.note(click=number, failed=repr(error))
            return
        if click_id:
            for status in ("pending", "approved"):
                await self.report(client, number, click_id, status)

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
            for number, link in enumerate(Path(links).read_text().split()):
                if stopping.is_set():
                    break
                await asyncio.sleep(max(0, begin + number / float(rate) - time.monotonic()))
                tasks.add(asyncio.create_task(load.shop(client, number, link)))
            await asyncio.gather(*tasks)
        load.note(done=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
