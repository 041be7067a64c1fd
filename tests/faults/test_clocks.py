"""Clocks that are wrong, and jump: nothing is lost, doubled or paid twice (I1, I5)."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from redis.asyncio import Redis

from tests.agents import DESKTOP
from tests.browsing import click_out, new_browser
from tests.faults.answered import Clicks
from tests.faults.clocks import SkewedValkey, with_clock
from tests.faults.parts import clicks_in, client_of
from tests.faults.results import is_soak, note
from tests.journeys.test_staff_work import available, report
from tests.running import ROOT, RunningTracker, data_folder, free_port, secrets_of
from tests.warehouse.setting import until
from tracker.redirect.tokens import make_link
from tracker.store.clicks import ClickStore

pytestmark = pytest.mark.slow

JUMPS = ("+0", "-1h", "+2d", "+0", "-1h", "+0")
SKEWS = {"-1h": -3_600, "+2d": 2 * 86_400}


async def _is_off_by(client: Redis, seconds: int) -> bool:
    """Valkey looks at the clock now and then."""
    shown, _ = await client.time()
    return abs(shown - time.time() - seconds) < 60


async def test_a_clock_of_valkey_that_jumps_loses_and_doubles_no_click() -> None:
    """Its stream goes on counting from the latest time that it ever saw; what it remembers for seconds is forgotten."""
    rounds = 10 if is_soak() else 1
    with data_folder() as data:
        clock = data.parent / "clock"
        clock.write_text("+0")
        server = SkewedValkey(data, clock)
        await server.start()
        try:
            async with client_of(server) as client:
                clicks = Clicks(ClickStore(client, hot_days=3650))
                for jump in JUMPS * rounds:
                    clock.write_text(jump)
                    await until(partial(_is_off_by, client, SKEWS.get(jump, 0)))
                    await clicks.record(20)
                    sent = list(clicks.sent.values())
                    again = [await clicks.store.record(fact, attributable=True) for fact in (sent[0], sent[-1])]
                    assert not any(getattr(one, "is_new", True) for one in again), "one click was recorded twice"
                wrong = await clicks.wrong(client)
                assert len(await clicks_in(client)) == 20 * len(JUMPS) * rounds
                for fact in clicks.sent.values():
                    assert await clicks.store.find(fact.click_id, fact.partner_id) is not None
        finally:
            await server.stop()
    note("Valkey's clock jumps by -1 h and +2 d", "each click once, and found", len(JUMPS) * rounds, len(wrong))
    assert wrong == []


@pytest.mark.parametrize("skew", SKEWS)
async def test_a_web_worker_whose_clock_is_wrong_makes_clicks_that_count_and_earn_once(
    tracker: RunningTracker, skew: str
) -> None:
    async with _skewed_worker(tracker, skew) as url:
        shopper = f"clock{skew}"
        click_id = await _click_out(tracker, url, shopper, time.time() + SKEWS[skew])
        for _ in range(2):  # at a worker whose clock is right
            await report(tracker, click_id=click_id, order_id=f"CLOCK{skew}")
        await until(lambda: available_is(tracker, shopper, 50_00), 60)
        counted = f"SELECT toString(count()) AS n FROM analytics.clicks WHERE click_id = '{click_id}'"
        await until(lambda: [row["n"] for row in tracker.query(counted)] == ["1"], 60)
    note(f"a web worker's clock is wrong by {skew}", "its click counts once, its order is paid once", 1, 0)


async def available_is(tracker: RunningTracker, shopper: str, kopecks: int) -> bool:
    return await available(tracker, shopper) == kopecks


@asynccontextmanager
async def _skewed_worker(tracker: RunningTracker, skew: str) -> AsyncIterator[str]:
    port, clock = free_port(), tracker.data.parent / f"clock{skew}"
    clock.write_text(skew)
    command = with_clock(clock, [sys.executable, "-m", "tracker", "web", "--port", str(port)])
    stores = {"TRACKER_VALKEY_URL": tracker.valkey_url, "TRACKER_POSTGRES_URL": tracker.postgres_dsn}
    environment = tracker.environment | stores | {"PYTHONPATH": os.pathsep.join([str(ROOT)])}
    with (tracker.data.parent / "skewed.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        await until(lambda: _answers(process, url), 90)
        yield url
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 60)


async def _answers(process: "subprocess.Popen[bytes]", url: str) -> bool:
    assert process.poll() is None
    try:
        async with aiohttp.ClientSession() as client, client.get(f"{url}/healthz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _click_out(tracker: RunningTracker, url: str, shopper: str, moment: float) -> str:
    """By a link of that worker's time, through the checks page."""
    link = f"{url}/go/lab?s={make_link(secrets_of(tracker).link, shopper, 'lab', moment)}"
    async with new_browser(headers={"User-Agent": DESKTOP}) as browser:
        gone = await click_out(browser, link)
    return parse_qs(urlsplit(gone.location).query)["sub"][0]
