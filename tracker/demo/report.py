"""Sends a partner's messages over HTTP, as a partner would: it knows an address, and nothing of who answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from tracker.core.partner import Partner
from tracker.demo.wording import Message

Clock = Callable[[], datetime]

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_LONGEST_REPLY = 4_000
_MASK = "***"


@dataclass(frozen=True, slots=True)
class Sent:
    """One message and its answer, as the shop's log shows them: the secret of the address is masked."""

    at: datetime
    method: str
    address: str
    parameters: tuple[tuple[str, str], ...]
    status: int | None  # None: no answer came
    reply: str
    verdict: str | None


class Reporter:
    def __init__(self, client: aiohttp.ClientSession, tracker_url: str, now: Clock) -> None:
        self._client = client
        self._tracker_url = tracker_url
        self._now = now

    async def send(self, partner: Partner, message: Message) -> Sent:
        """Once: a partner that gets no answer looks into its log."""
        address = f"{self._tracker_url}/pb/{partner.id}/"
        status, reply = await self._request(address + partner.postback.secrets[0], message)
        return Sent(
            at=self._now(),
            method=message.method,
            address=address + _MASK,
            parameters=message.parameters,
            status=status,
            reply=reply,
            verdict=_verdict(reply),
        )

    async def _request(self, address: str, message: Message) -> tuple[int | None, str]:
        encoded = urlencode(message.parameters)
        if message.method == "GET":
            url, body, headers = f"{address}?{encoded}", None, {}
        else:
            url, body, headers = address, encoded.encode(), _FORM
        try:
            async with self._client.request(
                message.method, URL(url, encoded=True), data=body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, (await answer.text(errors="replace"))[:_LONGEST_REPLY]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return None, type(error).__name__  # its text may hold the address


def _verdict(reply: str) -> str | None:
    """What a JSON reply decided; a plain OK says nothing of it."""
    try:
        said = json.loads(reply)
    except ValueError:
        return None
    return str(said["verdict"]) if isinstance(said, dict) and "verdict" in said else None
