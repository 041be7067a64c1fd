"""From `tracker serve` to the first redirect, with an append-only file full of live clicks and without."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import aiohttp
from redis.asyncio import Redis

from bench.facts import click, clicks
from bench.live_clicks import LiveClicks
from bench.live_memory import HOT_DAYS, LIVE
from bench.table import Table
from tests.agents import DESKTOP
from tests.passes import Passes
from tests.running import RunningTracker, data_folder
from tracker.core.session import Session
from tracker.embedded.lock import DataFolderLock
from tracker.embedded.valkey import EmbeddedValkey
from tracker.store.clicks import STREAMS, ClickStore

RUNS = 3
BAR_SECONDS = 3.0
_SINCE_REWRITE = LIVE // 10  # clicks: their commands are about as long as all of the rewritten file
_AT_ONCE = 500
_SESSION_SECONDS = 6 * 3600
_PAUSE_SECONDS = 0.005
_PARTNER = "lab"


async def starts() -> Table:
    with data_folder() as full, data_folder() as empty:
        trackers = {
            "with none": RunningTracker(empty),
            f"with {LIVE + _SINCE_REWRITE:,} live clicks": RunningTracker(full),
        }
        for tracker in trackers.values():
            async with tracker:
                pass  # makes keys, folders and tables
        size = await _fill(full)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in trackers}
        for _ in range(RUNS):
            for name, tracker in trackers.items():
                times[name].append(await _start(tracker))
    medians = {name: [sorted(ones)[RUNS // 2] for ones in zip(*both, strict=True)] for name, both in times.items()}
    (*_, (redirect, _)) = medians.values()
    return Table(
        title="Start",
        head=["", "first redirect", "all parts ready"],
        rows=[[name, *(f"{seconds:.2f} s" for seconds in both)] for name, both in medians.items()],
        notes=[
            (
                f"From `tracker serve` on a stopped data folder; median of {RUNS}, in turn. Valkey's "
                f"file has {size / 1_000_000:.0f} MB: rewritten with {LIVE:,} live clicks in it, then "
                f"{_SINCE_REWRITE:,} more were recorded with their sessions. The redirect is that of a browser that "
                "passed, with an id."
            ),
            f"Bar: {BAR_SECONDS:.0f} s with live clicks; {'met' if redirect < BAR_SECONDS else 'missed'}.",
        ],
    )


async def _fill(data: Path) -> int:
    """Bytes of Valkey's file in the end."""
    with DataFolderLock(data):
        server = EmbeddedValkey(data)
        await server.start()
        client: Redis = Redis.from_url(server.url)
        now = int(time.time())
        await LiveClicks(client, HOT_DAYS).put(clicks(LIVE, now - HOT_DAYS * 86_400, HOT_DAYS * 86_400))
        await _rewrite(client)
        store = ClickStore(client, hot_days=HOT_DAYS, answer_seconds=60)
        for first in range(0, _SINCE_REWRITE, _AT_ONCE):
            facts = [click(LIVE + number, now * 1_000_000 + number) for number in range(first, first + _AT_ONCE)]
            await asyncio.gather(
                *(
                    store.record(fact, attributable=True, session=Session(fact.click_id, _SESSION_SECONDS))
                    for fact in facts
                )
            )
        await client.delete(*STREAMS)  # shipped
        size = int((await client.info("persistence"))["aof_current_size"])
        await client.aclose()
        await server.stop()
    return size


async def _rewrite(client: Redis) -> None:
    await client.bgrewriteaof()
    while True:
        told = await client.info("persistence")
        if not told["aof_rewrite_in_progress"] and not told["aof_rewrite_scheduled"]:
            return
        await asyncio.sleep(0.1)


async def _start(tracker: RunningTracker) -> tuple[float, float]:
    """Seconds to the first redirect, and until every part is ready."""
    cookies = Passes(tracker).passed(f"browser-{time.time_ns()}")
    headers = {"User-Agent": DESKTOP, "Cookie": "; ".join(f"{name}={text}" for name, text in cookies.items())}
    link = tracker.link(f"shopper-{time.time_ns()}", _PARTNER)
    began = time.perf_counter()
    tracker.spawn()
    async with aiohttp.ClientSession() as client, asyncio.timeout(120):
        while True:
            with suppress(aiohttp.ClientError):
                async with client.get(link, headers=headers, allow_redirects=False) as answer:
                    if answer.status == 302:
                        break
                    raise SystemExit(f"the first answer was {answer.status}: {await answer.text()}")
            await asyncio.sleep(_PAUSE_SECONDS)
    redirected = time.perf_counter() - began
    await tracker.until_ready()
    ready = time.perf_counter() - began
    await tracker.stop()
    return redirected, ready
