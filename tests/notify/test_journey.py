"""From a postback to what the programme is told, on a running tracker: AE-45, AE-49 and AE-60."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from tests import browsing
from tests.agents import DESKTOP
from tests.notify.setting import SECRET, Programme, open_programme
from tests.running import RunningTracker, secrets_of
from tracker.app.installation import load
from tracker.app.notifying import notifying
from tracker.core.partner import Notify
from tracker.settings import read_settings
from tracker.telemetry import Telemetry


async def click_out(tracker: RunningTracker, shopper: str) -> str:
    async with browsing.new_browser(headers={"User-Agent": DESKTOP}) as browser:
        gone = await browsing.click_out(browser, tracker.link(shopper, "lab"))
    [click_id] = re.findall("[a-z][0-9a-z]{29}", gone.location)
    return str(click_id)


async def report(tracker: RunningTracker, **fields: str) -> str:
    async with aiohttp.ClientSession() as client, client.post(tracker.postback_url("lab"), data=fields) as answer:
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["verdict"])


@asynccontextmanager
async def told(tracker: RunningTracker, programme: Programme) -> AsyncIterator[None]:
    """The sender as the drain process runs it; the shared tracker's own partners.yaml notifies nobody."""
    settings = read_settings(tracker.environment)
    of_the_tracker = load(settings, secrets_of(tracker))
    stopping = asyncio.Event()
    notified = replace(of_the_tracker, notify=Notify(programme.url, (SECRET,)))
    async with notifying(settings, lambda: notified, Telemetry(), stopping):
        yield
        stopping.set()


@pytest.fixture
async def programme() -> AsyncIterator[Programme]:
    async with open_programme() as opened:
        yield opened


def about(programme: Programme, order: str) -> list[dict[str, Any]]:
    return [one.said for one in programme.received if json.loads(one.body)["data"]["order_id"] == order]


async def until_told(programme: Programme, order: str, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        while len(found := about(programme, order)) < count:
            await asyncio.sleep(0.02)
    return found


async def test_one_message_for_what_is_credited_and_one_when_it_is_taken_back(
    tracker: RunningTracker, programme: Programme
) -> None:
    click_id = await click_out(tracker, "told-1")
    order = {"order_id": "TOLD-1", "click_id": click_id, "amount": "1050.00"}
    last = {"order_id": "TOLD-2", "click_id": click_id, "amount": "1000.00", "status": "approved"}

    async with told(tracker, programme):
        assert await report(tracker, **order, status="pending") == "decided"
        assert await report(tracker, **order, status="approved") == "decided"
        assert await report(tracker, **order, status="approved") == "duplicate"
        assert await report(tracker, **order, status="approved") == "duplicate"
        await until_told(programme, "TOLD-1", 1)
        assert await report(tracker, order_id="TOLD-1", status="declined") == "decided"
        assert await report(tracker, order_id="TOLD-1", status="declined") == "duplicate"
        assert await report(tracker, **last) == "decided"
        await until_told(programme, "TOLD-2", 1)  # and whatever went before it
        accrued, taken_back = await until_told(programme, "TOLD-1", 2)

    assert accrued["type"] == "cashback.accrued"
    assert (
        accrued["data"] | {"shopper_id": "told-1", "cashback_before": 0, "cashback": 53, "revision": 2}
        == accrued["data"]
    )
    assert taken_back["type"] == "cashback.taken_back"
    assert taken_back["data"] | {"cashback_before": 53, "cashback": 0, "status": "declined"} == taken_back["data"]
