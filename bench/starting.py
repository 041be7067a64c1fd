"""From `tracker serve` to the first redirect, with an append-only file full of live clicks and without."""

import asyncio
import re
import time
from contextlib import suppress

import aiohttp

from bench.live_clicks import LIVE, SINCE_REWRITE, put_live_clicks
from bench.table import Table
from tests.agents import DESKTOP
from tests.passes import Passes
from tests.running import RunningTracker, data_folder

RUNS = 3
BAR_SECONDS = 3.0
_PAUSE_SECONDS = 0.005
_PARTNER = "lab"
_EMPTY, _FULL = "with none", f"with {LIVE + SINCE_REWRITE:,} live clicks"


async def starts() -> Table:
    with data_folder() as full, data_folder() as empty:
        trackers = {_EMPTY: RunningTracker(empty), _FULL: RunningTracker(full)}
        size = await put_live_clicks(trackers[_FULL])
        async with trackers[_EMPTY]:
            pass  # makes keys, folders and tables
        times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in trackers}
        for _ in range(RUNS):
            for name, tracker in trackers.items():
                times[name].append(await _start(tracker))
    medians = {name: [sorted(ones)[RUNS // 2] for ones in zip(*runs, strict=True)] for name, runs in times.items()}
    redirect = medians[_FULL][0]
    return Table(
        title="Start",
        head=["", "first redirect", "all parts ready", "of it Valkey loads"],
        rows=[[name, *(f"{one:.2f} s" for one in seconds)] for name, seconds in medians.items()],
        notes=[
            (
                f"From `tracker serve` on a stopped data folder; median of {RUNS}, in turn. Valkey's "
                f"file has {size / 1_000_000:.0f} MB: rewritten with {LIVE:,} live clicks in it, then "
                f"{SINCE_REWRITE:,} more were recorded with their sessions; at the first start it writes it anew. The "
                "redirect is that of a browser that passed, with an id, on disk: in the journal while Valkey loads."
            ),
            f"Bar: {BAR_SECONDS:.0f} s with live clicks; {'met' if redirect < BAR_SECONDS else 'missed'}.",
        ],
    )


async def _start(tracker: RunningTracker) -> tuple[float, float, float]:
    """Seconds to the first redirect, until every part is ready, and that Valkey says it has loaded."""
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
    return redirected, ready, _loaded(tracker)


def _loaded(tracker: RunningTracker) -> float:
    said = (tracker.data / "valkey" / "valkey.log").read_text(errors="replace")
    return float(re.findall(r"DB loaded from append only file: (\S+) seconds", said)[-1])
