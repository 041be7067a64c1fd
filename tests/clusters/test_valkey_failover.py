"""kill -9 of a primary of Valkey Cluster under load, and its replica takes over: what the load generator was answered
is in ClickHouse once. Judged by its journal alone (reliability.md 5.2).

A replica has what its primary wrote a moment later. Each other round makes that moment long: the replica gets nothing
for a while before its primary dies, and neither does ClickHouse. With TRACKER_VALKEY_REPLICAS=1 such clicks are not
answered as recorded; without it they are lost, and this test says how many.
"""

import asyncio
import logging
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic

import psutil
import pytest
from redis.crc import key_slot

from tests.clusters.valkey_servers import Cluster, out_of_step
from tests.faults.journal import Journal
from tests.faults.loading import Load, load_on, our_faults
from tests.faults.results import is_soak, note
from tests.running import RunningTracker, data_folder
from tracker.store.click_streams import ClickStreams
from tracker.store.valkey_client import TAGS, open_valkey

pytestmark = pytest.mark.slow

log = logging.getLogger(__name__)

RATE = 20  # clicks a second
FELT = 20  # answers between two steps of a round
ROUNDS = 20 if is_soak() else 2  # each other one with the replica out of step
REPLICAS = [1, 0] if is_soak() else [1]


@dataclass
class Round:
    cut: bool
    answered_before: set[str]  # when the replica got its last
    answered_meanwhile: int  # while the shard had no primary
    seconds: float  # for which it had none


@pytest.mark.parametrize("replicas", REPLICAS)
async def test_a_click_that_was_answered_outlives_its_primary(valkey_cluster: Cluster, replicas: int) -> None:
    chance = random.Random(20261129)  # noqa: S311 - a seed, so that a failure can be repeated
    settings = {"TRACKER_VALKEY_URL": valkey_cluster.url, "TRACKER_VALKEY_REPLICAS": str(replicas)}
    with data_folder() as data:
        async with RunningTracker(data, more=settings) as tracker:
            with load_on(tracker, RATE) as load:
                await _until_answered(load, FELT)
                rounds = [
                    await _fail_over(valkey_cluster, tracker, load, key_slot(chance.choice(TAGS).encode()), cut=cut)
                    for cut in [True, False] * (ROUNDS // 2)
                ]
                await tracker.until_ready()
                journal = await load.stop()
            await _judge(valkey_cluster, tracker, journal, rounds, replicas)
        assert not tracker.processes(), "no orphan is left"


async def _until_answered(load: Load, more: int) -> None:
    before = len(load.so_far().answered_ids)
    await load.until(lambda journal: len(journal.answered_ids) >= before + more)


@contextmanager
def _stopped(process: psutil.Process | None) -> Iterator[None]:
    assert process is not None
    process.suspend()
    try:
        yield
    finally:
        process.resume()


async def _fail_over(cluster: Cluster, tracker: RunningTracker, load: Load, slot: int, *, cut: bool) -> Round:
    primary = await cluster.primary_of(slot)
    async with AsyncExitStack() as stack:
        before = load.so_far().answered_ids
        if cut:
            await stack.enter_async_context(out_of_step(cluster, primary))
            stack.enter_context(_stopped(tracker.find("drain")))
            await _until_answered(load, 2 * FELT)
        primary.kill()
        killed_at, answered = monotonic(), len(load.so_far().answered_ids)
    async with asyncio.timeout(60):
        while await cluster.primary_of(slot) is primary:
            await asyncio.sleep(0.05)
    seconds, meanwhile = monotonic() - killed_at, len(load.so_far().answered_ids) - answered
    await _until_answered(load, FELT)
    await primary.start()  # as a replica: what the other one never got is gone
    await cluster.until_whole()
    return Round(cut, before, meanwhile, seconds)


async def _judge(
    cluster: Cluster, tracker: RunningTracker, journal: Journal, rounds: list[Round], replicas: int
) -> None:
    await _until_drained(cluster)
    rows = tracker.query("SELECT click_id, count() AS n FROM analytics.clicks GROUP BY click_id")
    counts = {row["click_id"]: int(row["n"]) for row in rows}
    answered = journal.answered_ids
    lost = answered - counts.keys()
    doubled = {click_id for click_id, n in counts.items() if n != 1}
    gaps = sorted(one.seconds for one in rounds)
    seen = (
        f"{len(lost)} of {len(answered)} answered clicks lost; {sum(one.cut for one in rounds)} of {len(rounds)} "
        f"rounds with the replica out of step; a shard was without primary for {gaps[0]:.1f} to {gaps[-1]:.1f} s; "
        f"{sum(one.answered_meanwhile for one in rounds)} clicks answered with an id meanwhile"
    )
    note(
        f"kill -9 of a primary of Valkey Cluster, TRACKER_VALKEY_REPLICAS={replicas}",
        "every answered click is in ClickHouse once" if replicas else "only clicks that the replica never got are lost",
        len(rounds), len(doubled) + (len(lost) if replicas else 0), seen,
    )  # fmt: skip
    log.info("replicas=%d: %s", replicas, seen)
    assert journal.done
    assert not our_faults(journal)
    assert len(answered) > FELT * 4 * len(rounds), "the load was too light to judge by"
    assert sum(one.answered_meanwhile for one in rounds) > 0, "clicks of other shards did not go on"
    assert doubled == set()
    if replicas:
        assert lost == set(), "answered, and lost with the primary"
    else:
        assert lost != set(), "the replica was out of step, and the test did not feel it"
        safe = [one.answered_before for one in rounds if one.cut]
        assert [click_id for click_id in lost if click_id in safe[0]] == [], "lost although the replica had it"


async def _until_drained(cluster: Cluster) -> None:
    valkey = open_valkey(cluster.url)
    try:
        async with asyncio.timeout(60):
            while (await ClickStreams(valkey).read({}, count=1)).waiting:
                await asyncio.sleep(0.1)
    finally:
        await valkey.aclose()
