"""Clicks that the tracker itself recorded: each of another shopper and browser."""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from bench.requests import Client, one_after_the_other, written
from tests.agents import DESKTOP
from tests.passes import Passes
from tests.running import RunningTracker, secrets_of
from tracker.redirect.tokens import make_link

AT_ONCE = 32


class RecordedClick(NamedTuple):
    partner_id: str
    click_id: str


async def record_clicks(tracker: RunningTracker, partners: Sequence[str], number: int) -> list[RecordedClick]:
    client = Client(tracker.url)
    answers = await one_after_the_other(client, _click_outs(tracker, partners, number), AT_ONCE)
    await client.close()
    clicks = [
        RecordedClick(partners[place % len(partners)], _click_id(answer.head)) for place, answer in enumerate(answers)
    ]
    assert len({click.click_id for click in clicks}) == number, "a click was not recorded, or was taken for another"
    return clicks


def _click_outs(tracker: RunningTracker, partners: Sequence[str], number: int) -> Iterator[bytes]:
    passes, key = Passes(tracker), secrets_of(tracker).link
    for place in range(number):
        partner = partners[place % len(partners)]
        cookies = passes.passed(f"browser-{place}")
        headers = {"User-Agent": DESKTOP, "Cookie": "; ".join(f"{name}={text}" for name, text in cookies.items())}
        yield written(f"/go/{partner}?s={make_link(key, f'shopper-{place}', partner, time.time())}", headers)


def _click_id(head: bytes) -> str:
    location = next(line for line in head.decode().split("\r\n") if line.lower().startswith("location:"))
    return parse_qs(urlsplit(location.partition(" ")[2]).query)["sub"][0]
