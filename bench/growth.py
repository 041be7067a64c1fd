"""What live clicks cost as they become more: memory, look-ups, the start of the tracker, and its rates.

Environment: BENCH_LIVE_CLICKS, how many are live (1,000,000).
"""

from collections.abc import AsyncIterator

from bench.flat import flat_clicks, flat_postbacks
from bench.growing import ninety_days
from bench.live_memory import memory
from bench.starting import starts
from bench.table import Table


async def measure() -> AsyncIterator[Table]:
    yield await memory()
    yield await ninety_days()
    yield await starts()
    yield await flat_clicks()
    yield await flat_postbacks()
