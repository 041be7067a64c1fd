"""Valkey hangs, is full, slow, or dead and kept away, under load on two workers: every shopper reaches the shop with an
id that counts once, and the orders of that time find their clicks (I1, I2, I5, I10; design 3.1, 3.5)."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from statistics import median

import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.faults.results import is_soak, note
from tests.faults.shoppers import Shoppers, shopping
from tests.faults.strace import attached, delay
from tests.running import RunningTracker, data_folder
from tests.warehouse.setting import until
from tracker.store.valkey_node import open_node

pytestmark = pytest.mark.slow

log = logging.getLogger(__name__)

ROUNDS = 10 if is_soak() else 1
DURING = 30  # clicks that are answered while it lasts
HOLDS = "each shopper reaches the shop with an id, it counts once, its order is paid once"


async def test_nobody_is_stuck_and_nothing_is_lost_whatever_valkey_does() -> None:
    with data_folder() as data:
        async with RunningTracker(data, workers=2) as tracker:
            async with shopping(tracker) as shoppers:
                for _ in range(ROUNDS):
                    for fault in (_hangs, _is_full, _is_slow, _is_kept_away, _is_kept_away_and_a_worker_dies):
                        async with fault(tracker):
                            await _answered(shoppers, DURING)
                        await until(lambda: not _journals(tracker), 60)
                        await _answered(shoppers, DURING // 3)
            wrong = await shoppers.wrong()
            took = sorted(shoppers.seconds)
            most = took[len(took) * 95 // 100]
            seen = f"{len(took)} clicks, 95 % within {most:.2f} s, {shoppers.left} shoppers left unanswered"
            note("Valkey hangs, full, slow, kept away, with a worker killed", HOLDS, 5 * ROUNDS, len(wrong), seen)
            log.info("%s, slowest %.2f s, %d failed, %s", seen, took[-1], shoppers.failed, shoppers.verdicts)
            assert wrong == []
            assert shoppers.without == 0
            assert shoppers.left > 0
            assert median(took) < 1
            assert {"deferred", "decided"} <= shoppers.verdicts
        assert not tracker.processes(), "no orphan is left"


async def _answered(shoppers: Shoppers, number: int) -> None:
    enough = len(shoppers.click_ids) + number
    await until(lambda: len(shoppers.click_ids) >= enough, 60)


def _journals(tracker: RunningTracker) -> list[str]:
    return [path.name for path in (tracker.data / "journal").glob("*")]


def _found(tracker: RunningTracker, part: str) -> psutil.Process:
    found = tracker.find(part)
    assert found is not None
    return found


@asynccontextmanager
async def _hangs(tracker: RunningTracker) -> AsyncIterator[None]:
    valkey = _found(tracker, "valkey")
    valkey.suspend()
    try:
        yield
    finally:
        valkey.resume()


@asynccontextmanager
async def _is_full(tracker: RunningTracker) -> AsyncIterator[None]:
    client = open_node(tracker.valkey_url)
    before = (await client.config_get("maxmemory"))["maxmemory"]
    await client.config_set("maxmemory", "1")
    try:
        yield
    finally:
        await client.config_set("maxmemory", before or "0")
        await client.aclose()


@asynccontextmanager
async def _is_slow(tracker: RunningTracker) -> AsyncIterator[None]:
    async with attached(_found(tracker, "valkey").pid, delay("fdatasync", 1)):
        yield


@asynccontextmanager
async def _is_kept_away(tracker: RunningTracker) -> AsyncIterator[None]:
    """Dead, and nobody starts it again."""
    serve = psutil.Process(tracker.pid)
    valkey = _found(tracker, "valkey")
    serve.suspend()
    valkey.kill()
    try:
        yield
    finally:
        serve.resume()
        client = open_node(tracker.valkey_url)
        await until(lambda: _answers(client), 60)
        await client.aclose()


@asynccontextmanager
async def _is_kept_away_and_a_worker_dies(tracker: RunningTracker) -> AsyncIterator[None]:
    """The worker's journal is taken up by another one."""
    async with _is_kept_away(tracker):
        yield
        assert _journals(tracker)
        _found(tracker, "web").kill()


async def _answers(client: Redis) -> bool:
    with suppress(RedisError, OSError):
        return bool(await client.ping())
    return False
