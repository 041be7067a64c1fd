"""Clicks in a real Valkey Cluster: each on the node of its slot, once, whatever one node does to its own."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from redis.crc import key_slot

from tests.clusters.valkey_servers import PASSWORD, Cluster, Server, out_of_step
from tests.store.factories import HOT_DAYS, click_fact
from tests.store.test_clicks import count_calls
from tracker.app import check_valkey_server
from tracker.core.facts import ClickFact
from tracker.core.session import Session, SessionAct
from tracker.errors import ConfigurationError, StoreUnavailableError
from tracker.store import valkey_cluster as client_module
from tracker.store.click_streams import ClickStreams, Span, named
from tracker.store.clicks import ClickStore, Recorded, read_entry
from tracker.store.valkey_client import TAGS, open_valkey
from tracker.store.valkey_cluster import ValkeyCluster

pytestmark = pytest.mark.slow

SLOTS = [key_slot(tag.encode()) for tag in TAGS]
EVERY_SHARD = [click_fact(number, shard=number) for number in range(64)]
BRIEFLY = 2.0  # seconds a store waits for an answer in these tests


@pytest.fixture
def clicks(opened: ValkeyCluster) -> ClickStore:
    return ClickStore(opened, hot_days=HOT_DAYS, answer_seconds=BRIEFLY)


async def record(clicks: ClickStore, *facts: ClickFact) -> list[Recorded | BaseException]:
    """All at once; each is its own visitor."""
    attempts = (clicks.record(fact, attributable=True, visitor=fact.click_id.encode()) for fact in facts)
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    assert all(isinstance(answer, Recorded | StoreUnavailableError) for answer in answers), answers
    return answers  # type: ignore[return-value]


async def streamed(opened: ValkeyCluster) -> list[str]:
    read = await ClickStreams(opened).read({}, count=10_000)
    assert read.away is None
    return sorted(read_entry(named(entry.fields)).click_id for some in read.entries.values() for entry in some)


def ids(*facts: ClickFact) -> list[str]:
    return sorted(fact.click_id for fact in facts)


def on(node: Server, opened: ValkeyCluster) -> list[ClickFact]:
    """The clicks that the node has, as the client believes."""
    owners = [opened.node_of(tag) for tag in TAGS]
    return [fact for at, fact in enumerate(EVERY_SHARD) if (owner := owners[at % 16]) and owner.port == node.port]


async def test_clicks_of_every_slot_are_recorded_found_and_drained(clicks: ClickStore, opened: ValkeyCluster) -> None:
    assert await record(clicks, *EVERY_SHARD) == [Recorded(fact.click_id, is_new=True) for fact in EVERY_SHARD]
    assert await record(clicks, *EVERY_SHARD) == [Recorded(fact.click_id, is_new=False) for fact in EVERY_SHARD]
    for fact in EVERY_SHARD:
        assert await clicks.find(fact.click_id, "lamoda") is not None
    unattributable = click_fact(99, shard=99)
    await clicks.record(unattributable, attributable=False)
    assert await streamed(opened) == ids(*EVERY_SHARD, unattributable)

    streams = ClickStreams(opened)
    read = await streams.read({}, count=100)
    assert (read.waiting, len(read.entries)) == (65, 16)
    late = click_fact(200, shard=3)
    await record(clicks, late)
    await streams.trim({stream: Span(entries[0].id, entries[-1]) for stream, entries in read.entries.items()})
    assert await streamed(opened) == [late.click_id]


async def test_all_keys_of_starting_over_are_in_one_slot(clicks: ClickStore) -> None:
    for shard in range(16):
        session = Session(key=f"shopper-{shard}/lamoda/b1", seconds=3600, tab="a")
        first, second = click_fact(1, shard=shard), click_fact(2, shard=shard, after=60)
        await clicks.record(first, attributable=True, session=session)
        over = Session(key=session.key, seconds=3600, tab="b", act=SessionAct.OVER)
        assert await clicks.record(second, attributable=True, session=over) == Recorded(second.click_id, is_new=True)
        superseded = await clicks.find(first.click_id, "lamoda")
        assert superseded is not None
        assert superseded.superseded_at is not None
        opened = await clicks.open_elsewhere(shard, session)
        assert opened is not None
        assert opened.click_ids == (second.click_id,)


async def test_a_thousand_clicks_at_once_take_a_few_round_trips_to_each_node(
    clicks: ClickStore, opened: ValkeyCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened.ping()
    await record(clicks, *EVERY_SHARD)  # every node knows the script
    trips = count_calls(monkeypatch, client_module, "send_to")
    facts = [click_fact(number, shard=number) for number in range(1000, 2000)]
    assert all(isinstance(answer, Recorded) for answer in await record(clicks, *facts))
    assert len(trips) <= 3 * 2


@asynccontextmanager
async def stopped(node: Server) -> AsyncIterator[None]:
    node.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        node.signal(signal.SIGCONT)


@pytest.mark.parametrize("how", ["killed", "hanging"])
async def test_a_node_that_is_away_fails_its_own_clicks_and_delays_no_other(
    clicks: ClickStore, opened: ValkeyCluster, valkey_cluster: Cluster, how: str
) -> None:
    await opened.ping()
    node = await valkey_cluster.primary_of(SLOTS[0])
    replica = await valkey_cluster.replica_of(node)
    its = on(node, opened)
    others = [fact for fact in EVERY_SHARD if fact not in its]
    async with stopped(replica):  # nobody takes over
        if how == "killed":
            node.kill()
            assert await _failed_at_first(valkey_cluster) == its
        async with stopped(node) if how == "hanging" else _nothing():
            began = monotonic()
            attempts = [asyncio.create_task(record(clicks, fact)) for fact in EVERY_SHARD]
            await asyncio.gather(*(task for task, fact in zip(attempts, EVERY_SHARD, strict=True) if fact in others))
            assert monotonic() - began < BRIEFLY, "clicks of other nodes waited for it"
            answers = [(await task)[0] for task in attempts]
            read = await ClickStreams(opened).read({}, count=1)
            assert read.away is not None
            assert len(read.entries) == len(others) // 4, "streams of the others are drained"
    failed = [fact for fact, answer in zip(EVERY_SHARD, answers, strict=True) if not isinstance(answer, Recorded)]
    assert failed == its
    assert len(its) >= 16

    if node.process is None:
        await node.start()
    await valkey_cluster.until_whole()
    again = await _until_recorded(clicks, its)
    assert [answer.click_id for answer in again] == [fact.click_id for fact in its]
    assert await streamed(opened) == ids(*EVERY_SHARD), "one that was sent again is there twice"


async def _failed_at_first(cluster: Cluster) -> list[ClickFact]:
    """Of a client that does not know yet who has what, so that all go together."""
    opened = open_valkey(cluster.url)
    answers = await record(ClickStore(opened, hot_days=HOT_DAYS), *EVERY_SHARD)
    await opened.aclose()
    return [fact for fact, answer in zip(EVERY_SHARD, answers, strict=True) if not isinstance(answer, Recorded)]


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


async def _until_recorded(clicks: ClickStore, facts: Sequence[ClickFact]) -> list[Recorded]:
    """As from a journal."""
    async with asyncio.timeout(20):
        while True:
            answers = await record(clicks, *facts)
            recorded = [answer for answer in answers if isinstance(answer, Recorded)]
            if len(recorded) == len(facts):
                return recorded


async def test_a_slot_that_moves_to_another_node_takes_its_clicks_along(
    clicks: ClickStore, opened: ValkeyCluster, valkey_cluster: Cluster
) -> None:
    """ASK and MOVED are followed. TRYAGAIN, for a script whose keys are not all in one place yet, is not waited for."""
    slot = SLOTS[5]
    source = await valkey_cluster.primary_of(slot)
    target = await valkey_cluster.primary_of(SLOTS[6])
    assert target is not source
    facts = [click_fact(number, shard=5) for number in range(6)]
    await record(clicks, facts[0])
    old_name, new_name = [await node.command("CLUSTER", "MYID") for node in (source, target)]
    await target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", old_name)
    await source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", new_name)
    [split] = await record(clicks, facts[1])
    assert isinstance(split, StoreUnavailableError)
    keys = await source.command("CLUSTER", "GETKEYSINSLOT", slot, 100)
    await source.command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "AUTH", PASSWORD, "KEYS", *keys)
    await clicks.record(facts[2], attributable=False)  # by ASK
    for node in (target, source):
        await node.command("CLUSTER", "SETSLOT", slot, "NODE", new_name)
    try:
        assert await record(clicks, *facts) == [  # by MOVED
            Recorded(fact.click_id, is_new=at > 0) for at, fact in enumerate(facts)
        ]
        assert await streamed(opened) == ids(*facts, facts[2])
    finally:
        await valkey_cluster.empty()
        for node in (target, source):
            await node.command("CLUSTER", "SETSLOT", slot, "NODE", old_name)


async def test_a_click_that_no_replica_has_is_not_recorded_and_one_that_is_sent_again_is_waited_for_too(
    opened: ValkeyCluster, valkey_cluster: Cluster
) -> None:
    clicks = ClickStore(opened, hot_days=HOT_DAYS, replicas=1)
    fact, other = click_fact(1, shard=0), click_fact(2, shard=0)
    await record(clicks, other)
    primary = await valkey_cluster.primary_of(SLOTS[0])
    async with out_of_step(valkey_cluster, primary):
        for _ in range(2):  # the second time it is already there: nothing is written, and still nobody has it
            [answer] = await record(clicks, fact)
            assert isinstance(answer, StoreUnavailableError)
            assert "0 of 1 replicas" in str(answer)
    await valkey_cluster.until_whole()
    assert await record(clicks, fact) == [Recorded(fact.click_id, is_new=False)]
    assert await streamed(opened) == ids(fact, other)


async def test_every_node_is_checked_at_the_start(valkey_cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    await check_valkey_server(valkey_cluster.url, 1)
    assert caplog.messages == []
    await check_valkey_server(valkey_cluster.url, 2)
    assert len([one for one in caplog.messages if "1 replicas, and TRACKER_VALKEY_REPLICAS is 2" in one]) == 3

    replica = valkey_cluster.nodes[4]
    await replica.command("CONFIG", "SET", "appendfsync", "everysec", "cluster-require-full-coverage", "yes")
    try:
        with pytest.raises(ConfigurationError) as refused:
            await check_valkey_server(valkey_cluster.url, 0)
    finally:
        await replica.command("CONFIG", "SET", "appendfsync", "always", "cluster-require-full-coverage", "no")
    [problem] = refused.value.problems
    assert problem.startswith(f"127.0.0.1:{replica.port}: Valkey has appendfsync everysec")
    assert "cluster-require-full-coverage yes" in caplog.messages[-1]


async def test_a_node_that_is_away_at_the_start_is_named_and_the_rest_is_checked(
    valkey_cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    replica = valkey_cluster.nodes[5]
    replica.kill()
    await check_valkey_server(valkey_cluster.url, 0)
    assert any(f"127.0.0.1:{replica.port}: Valkey does not answer" in one for one in caplog.messages)


async def test_a_cluster_of_which_nobody_answers_is_away() -> None:
    nowhere = open_valkey("valkey+cluster://127.0.0.1:1,127.0.0.1:2")
    try:
        with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:2"):
            await ClickStore(nowhere, hot_days=HOT_DAYS).record(click_fact(), attributable=True)
        with pytest.raises(StoreUnavailableError):
            await check_valkey_server("valkey+cluster://127.0.0.1:1", 0)
    finally:
        await nowhere.aclose()
