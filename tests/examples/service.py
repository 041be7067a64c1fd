"""An example on a whole running tracker: a real click-out now, real postbacks, and what PostgreSQL then holds.

The examples' clicks are of 2019: every time that a postback states is moved by as much as the real click is later.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg

from tests.agents import DESKTOP, PHONE
from tests.browsing import click_out, new_browser
from tests.examples.dialects import Dialect, token_name
from tests.running import RunningTracker, secrets_of
from tracker.core.click_id import parts

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CLICK_ID = re.compile(r"[a-z][0-9a-z]{29}")
_ORDER = re.compile(r"order_id=([^&]+)")
_CONVERSION = """
SELECT status, hold, settled, base::text, rate::text, accrual::text, cashback, reasons, flags, click_id
FROM conversions WHERE partner_id = $1 AND order_id = $2
"""
_VERDICT = "SELECT verdict FROM postbacks WHERE partner_id = $1 ORDER BY received_at DESC, id DESC LIMIT 1"
_NOTHING: Mapping[str, Any] = {
    "status": None, "hold": False, "settled": False, "base": "0", "rate": None, "accrual": "0", "cashback": 0,
    "reasons": [], "flags": [], "click_id": None,
}  # fmt: skip
_numbers = count(1)


def try_on_service(
    tracker: RunningTracker,
    partner: str,
    requests: Sequence[str],
    options: Sequence[str],
    clicked_at: str,
    dialect: Dialect | None = None,
) -> dict[str, Any]:
    """What `tracker try-postback` would print, as the service has it. In a thread: the tests' own loop is pytest's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _try(tracker, partner, requests, options, clicked_at, dialect)).result()


async def _try(
    tracker: RunningTracker,
    partner: str,
    requests: Sequence[str],
    options: Sequence[str],
    clicked_at: str,
    dialect: Dialect | None,
) -> dict[str, Any]:
    example = next(_numbers)
    partner = dialect.partner(partner) if dialect else partner
    async with aiohttp.ClientSession() as client:
        click_id = await _click_out(tracker, partner, f"shopper-{example}", options)
        other = await _click_out(tracker, partner, f"other-{example}", options)
        later = datetime.fromtimestamp(parts(click_id).second, UTC) - datetime.fromisoformat(clicked_at)
        answer: dict[str, Any] = {}
        for sent in requests:
            query = sent.replace("{click_id}", click_id).replace("{other_click_id}", other)
            query = _ORDER.sub(rf"order_id=\1-{example}", query)
            query = _MOMENT.sub(lambda found: f"{datetime.fromisoformat(found[0]) + later:%Y-%m-%dT%H:%M:%SZ}", query)
            async with client.get(_address(tracker, partner, query, dialect)) as response:
                answer = {"http_status": response.status, "reply": await response.text()}
    found = _ORDER.search(query)
    conversion = await _conversion(tracker, partner, found[1] if found else "")
    verdict = await _verdict(tracker, partner)
    reasons = [*conversion["reasons"], *([] if verdict == "decided" else [verdict])]
    return conversion | answer | {"reasons": list(dict.fromkeys(reasons))}


def _address(tracker: RunningTracker, partner: str, query: str, dialect: Dialect | None) -> str:
    if dialect is None:
        return f"{tracker.postback_url(partner)}?{query}"
    if not dialect.own_path:
        return f"{tracker.postback_url(partner)}?{dialect.say(query)}"
    token = secrets_of(tracker).postback[token_name(partner)]
    return f"{tracker.url}{dialect.own_path}?{dialect.say(query)}&security_token={token}"


async def _click_out(tracker: RunningTracker, partner: str, shopper: str, options: Sequence[str]) -> str:
    chosen = dict(zip(options[::2], options[1::2], strict=True))
    asked = f"&surface={chosen.get('--surface', 'site')}&go=1"
    headers = {"User-Agent": PHONE if chosen.get("--device") == "phone" else DESKTOP}
    async with new_browser(headers=headers) as browser:
        gone = await click_out(browser, tracker.link(shopper, partner) + asked)
    found = _CLICK_ID.search(urlsplit(gone.location).query)
    assert found is not None, gone.text
    return found[0]


async def _verdict(tracker: RunningTracker, partner: str) -> str:
    """Not every network's words tell it."""
    connection = await asyncpg.connect(tracker.postgres_dsn)
    try:
        verdict: str = await connection.fetchval(_VERDICT, partner)
    finally:
        await connection.close()
    return verdict


async def _conversion(tracker: RunningTracker, partner: str, order: str) -> dict[str, Any]:
    connection = await asyncpg.connect(tracker.postgres_dsn)
    try:
        row = await connection.fetchrow(_CONVERSION, partner, order)
    finally:
        await connection.close()
    return dict(row or _NOTHING) | {"order_id": order}
