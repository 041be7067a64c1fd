"""Sends what was planned: browsers that click, partners that report. To this machine only."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import aiohttp

from tracker.simulate.browser import NO_ANSWER, Browser
from tracker.simulate.clicks import PlannedClick
from tracker.simulate.messages import Message

AT_ONCE = 32  # requests under way together

_SOON_SECONDS = 2.6
_TWO_DAYS = 2 * 86_400
_Task = TypeVar("_Task")

# Signs a link: shopper, partner (or *), Unix time.
Sign = Callable[[str, str, float], str]


class Answered(NamedTuple):
    """How a click-out was answered, in turn, and where it led at last."""

    steps: str
    location: str
    sent_at: float
    answered_at: float


class Replied(NamedTuple):
    status: int
    text: str


class Traffic:
    def __init__(
        self, client: aiohttp.ClientSession, url: str, secrets: Mapping[str, str], sign: Sign, run: str
    ) -> None:
        """`secrets` of the partners' postbacks; `run` marks the banners of this run."""
        self._client = client
        self._url = url
        self._secrets = secrets
        self._sign = sign
        self._run = run

    async def visit(self, clicks: Sequence[PlannedClick]) -> list[Answered]:
        """One browser's clicks, one after the other."""
        browser = Browser(self._client, self._url, clicks[0].number)
        answers = []
        for click in clicks:
            if click.after == "soon":
                await asyncio.sleep(_SOON_SECONDS)
            sent_at = time.time()
            steps, location = await browser.click_out(click, self._parameters(click))
            answers.append(Answered(" ".join(steps), location, sent_at, time.time()))
        return answers

    async def report(self, message: Message) -> Replied:
        secret = self._secrets[message.partner_id]
        url = f"{self._url}/pb/{message.partner_id}/{secret if message.secret_is_right else secret[::-1]}"
        form = {"Content-Type": "application/x-www-form-urlencoded"} if message.body else {}
        sending = self._client.request(
            message.method, f"{url}?{message.query}", data=message.body or None, headers=form
        )
        try:
            async with sending as answer:
                return Replied(answer.status, await answer.text())
        except (aiohttp.ClientError, TimeoutError) as fault:
            return Replied(NO_ANSWER, str(fault))

    def _parameters(self, click: PlannedClick) -> dict[str, str]:
        deep_link = "https://evil.example/" if click.kind == "bad_link" else click.deep_link
        said = {
            "s": self._token(click),
            "url": deep_link,
            "b": banner(self._run, click.number),
            "surface": "app" if click.surface == "app" else "",
            "go": "1" if click.told else "",
        }
        return {name: value for name, value in said.items() if value}

    def _token(self, click: PlannedClick) -> str:
        if click.token == "none":  # noqa: S105 - a kind of link
            return ""
        shopper, partner_id, now = click.shopper or f"nobody-{click.number}", click.partner_id, time.time()
        if click.token == "forged":  # noqa: S105
            claim, mac = self._sign(shopper, partner_id, now).split(".")
            return f"{claim}.{'B' if mac[0] == 'A' else 'A'}{mac[1:]}"
        kinds = {
            "any": (shopper, "*", now),
            "expired": (shopper, partner_id, now - _TWO_DAYS),
            "foreign": (shopper, f"not-{partner_id}", now),
            "other": (f"friend-of-{shopper}", partner_id, now),
        }
        return self._sign(*kinds.get(click.token, (shopper, partner_id, now)))


def banner(run: str, number: int) -> str:
    """By which a click is found again in the tables."""
    return f"{run}-{number}"


def open_client() -> aiohttp.ClientSession:
    """Without cookies and agent of its own: each browser has its own."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=AT_ONCE),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent",),
        timeout=aiohttp.ClientTimeout(total=60),
    )


async def do_all(tasks: Iterable[_Task], do: Callable[[_Task], Awaitable[None]]) -> None:
    """Each task once, so many of them at a time."""
    waiting = iter(tasks)

    async def work() -> None:
        for task in waiting:
            await do(task)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
