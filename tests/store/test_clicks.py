"""Clicks in the real Valkey: on disk when recorded, found by their id, one click however often it is sent."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.store.factories import HOT_DAYS, LONG_AGO, SECOND, click_fact
from tracker.core.facts import ClickFact
from tracker.core.reasons import ClickReason, Reason
from tracker.embedded.valkey import EmbeddedValkey
from tracker.errors import StoreUnavailableError
from tracker.store.clicks import STREAMS, ClickStore, Recorded, read_entry
from tracker.store.find_click import FindClick
from tracker.store.hot_click import FULL_BUCKET, expires_at, pack, place_of, unpack
from tracker.store.valkey_node import open_node

VISITOR = b"shopper-0042/1/"


@pytest.fixture
def clicks(valkey: Redis) -> ClickStore:
    return ClickStore(valkey, hot_days=HOT_DAYS)


async def record(clicks: ClickStore, fact: ClickFact, visitor: bytes = VISITOR) -> Recorded:
    recorded = await clicks.record(fact, attributable=True, visitor=visitor)
    assert isinstance(recorded, Recorded)
    return recorded


async def streamed(valkey: Redis) -> list[ClickFact]:
    """What the drain will read."""
    entries: list[Any] = [entry for stream in STREAMS for entry in await valkey.xrange(stream) or []]
    return [read_entry(fields) for _, fields in entries]


async def test_a_recorded_click_is_found_and_waits_for_the_drain(clicks: ClickStore, valkey: Redis) -> None:
    fact = click_fact(after=0.25, refusals=[str(Reason.NO_SHOPPER)])
    assert await record(clicks, fact) == Recorded(fact.click_id, is_new=True)
    assert await clicks.find(fact.click_id, "lamoda") == unpack(fact.click_id, pack(fact))
    assert await streamed(valkey) == [fact]


async def test_a_recorded_click_survives_the_death_of_the_server(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "data")
    async with running(server) as valkey:
        await record(ClickStore(valkey, hot_days=HOT_DAYS), click_fact())
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
        await server.start()
        clicks = ClickStore(valkey, hot_days=HOT_DAYS)
        assert await clicks.find(click_fact().click_id, "lamoda") is not None
        assert await streamed(valkey) == [click_fact()]


async def test_a_click_that_was_never_recorded_or_is_another_partner_s_is_not_found(clicks: ClickStore) -> None:
    await record(clicks, click_fact())
    assert await clicks.find(click_fact(1).click_id, "lamoda") is None
    assert await clicks.find(click_fact().click_id, "ozon") is None


async def test_a_click_that_may_not_earn_is_kept_for_the_drain_and_not_found(clicks: ClickStore, valkey: Redis) -> None:
    bot = click_fact(outcome="plain", traffic=[str(ClickReason.BOT_UA)])
    for fact in (bot, click_fact(1)):
        assert await clicks.record(fact, attributable=False, visitor=VISITOR) == Recorded(fact.click_id, is_new=True)
    assert await clicks.find(bot.click_id, "lamoda") is None
    assert await streamed(valkey) == [bot, click_fact(1)]


@pytest.mark.parametrize("after", [0, 0.001, 2.0])
async def test_a_double_click_is_the_first_click(clicks: ClickStore, valkey: Redis, after: float) -> None:
    first, second = click_fact(1), click_fact(2, after=after)
    await record(clicks, first)
    assert await record(clicks, second) == Recorded(first.click_id, is_new=False)
    assert await clicks.find(second.click_id, "lamoda") is None
    assert await streamed(valkey) == [first]


async def test_a_click_after_two_seconds_is_a_new_one(clicks: ClickStore) -> None:
    await record(clicks, click_fact(1))
    second = await record(clicks, click_fact(2, after=2.001))
    assert second == Recorded(click_fact(2, after=2.001).click_id, is_new=True, repeat=True)


async def test_a_double_click_does_not_prolong_the_two_seconds(clicks: ClickStore) -> None:
    await record(clicks, click_fact(1))
    assert not (await record(clicks, click_fact(2, after=1.5))).is_new
    assert (await record(clicks, click_fact(3, after=2.5))).is_new


@pytest.mark.parametrize(
    ("times", "repeats"),
    [
        ((0, 10), (False, True)),
        ((0, 10.001), (False, False)),
        # Seconds are told from the last click that counted, not from the last repeat.
        ((0, 5, 9.9), (False, True, True)),
        ((0, 4, 8, 10.001), (False, True, True, False)),
        ((0, 9.9, 10.001 + 2, 20), (False, True, False, True)),
    ],
)
async def test_a_repeat_is_marked_and_still_found(
    clicks: ClickStore, valkey: Redis, times: tuple[float, ...], repeats: tuple[bool, ...]
) -> None:
    facts = [click_fact(number, after=after) for number, after in enumerate(times)]
    assert tuple([(await record(clicks, fact)).repeat for fact in facts]) == repeats
    marks = [fact.traffic for fact in await streamed(valkey)]
    assert marks == [[str(ClickReason.REPEAT)] if repeat else [] for repeat in repeats]
    for fact in facts:
        assert await clicks.find(fact.click_id, "lamoda") is not None


async def test_a_repeat_keeps_what_the_screening_found(clicks: ClickStore, valkey: Redis) -> None:
    await record(clicks, click_fact(1))
    await record(clicks, click_fact(2, after=3, traffic=[str(ClickReason.DATACENTER)]))
    assert (await streamed(valkey))[1].traffic == [ClickReason.DATACENTER, ClickReason.REPEAT]


async def test_another_partner_and_another_visitor_are_clicks_of_their_own(clicks: ClickStore) -> None:
    await record(clicks, click_fact(1))
    for fact, visitor in [
        (click_fact(2, partner="ozon"), VISITOR),
        (click_fact(3), b"shopper-0043/1/"),
        (click_fact(4), b""),
        (click_fact(5), b""),
    ]:
        assert await record(clicks, fact, visitor) == Recorded(fact.click_id, is_new=True)


@pytest.mark.parametrize("visitor", [VISITOR, b""])
@pytest.mark.parametrize("after_us", [0, 5_000_000])
async def test_a_click_that_is_sent_again_is_recorded_once(
    clicks: ClickStore, valkey: Redis, visitor: bytes, after_us: int
) -> None:
    """Its first reply was lost."""
    fact = click_fact()
    again = click_fact(clicked_at_us=fact.clicked_at_us + after_us)
    assert await record(clicks, fact, visitor) == Recorded(fact.click_id, is_new=True)
    for _ in range(2):
        assert await record(clicks, again, visitor) == Recorded(fact.click_id, is_new=False)
    assert await streamed(valkey) == [fact]


async def test_a_click_that_is_sent_again_after_another_of_its_visitor_keeps_its_own_id(
    clicks: ClickStore, valkey: Redis
) -> None:
    first, second = click_fact(1), click_fact(2, after=2.5)
    await record(clicks, first)
    await record(clicks, second)
    assert await record(clicks, first) == Recorded(first.click_id, is_new=False)
    assert await record(clicks, second) == Recorded(second.click_id, is_new=False)
    assert [fact.click_id for fact in await streamed(valkey)] == [first.click_id, second.click_id]


async def test_a_click_that_is_sent_again_is_known_in_every_block_of_its_hour(
    clicks: ClickStore, valkey: Redis
) -> None:
    facts = [click_fact(number << 8) for number in range(2 * FULL_BUCKET + 2)]
    for fact in facts:
        await record(clicks, fact, b"")
    for fact in (facts[0], facts[FULL_BUCKET], facts[-1]):
        assert await record(clicks, fact, VISITOR) == Recorded(fact.click_id, is_new=False)
    assert len(await streamed(valkey)) == len(facts)


@pytest.mark.parametrize(("back", "is_new", "repeat"), [(-1.9, False, False), (-5, True, True), (-11, True, False)])
async def test_a_clock_that_went_back_is_as_far_off_as_one_that_went_on(
    clicks: ClickStore, back: float, is_new: bool, repeat: bool
) -> None:
    first, second = click_fact(1), click_fact(2, after=back)
    await record(clicks, first)
    recorded = await record(clicks, second)
    assert recorded == Recorded((second if is_new else first).click_id, is_new=is_new, repeat=repeat)


async def test_an_hour_of_one_shard_spreads_over_compact_blocks(clicks: ClickStore, valkey: Redis) -> None:
    same_block = [click_fact(number << 8) for number in range(2 * FULL_BUCKET + 50)]
    elsewhere = click_fact(1)
    for fact in (*same_block, elsewhere):
        await record(clicks, fact, b"")
    first, second, third = place_of(same_block[0].click_id).buckets
    assert [await valkey.hlen(bucket) for bucket in (first, second, third)] == [FULL_BUCKET, FULL_BUCKET, 50]
    assert await valkey.hlen(place_of(elsewhere.click_id).buckets[1]) == 1
    for bucket in (first, second, third):
        assert await valkey.object("encoding", bucket) == b"listpack"
    for fact in (*same_block, elsewhere):
        assert await clicks.find(fact.click_id, "lamoda") is not None
    assert (await valkey.memory_usage(first, samples=0) or 0) in range(1, 96 * FULL_BUCKET)


async def test_a_bucket_expires_as_a_whole_and_no_later_click_prolongs_it(clicks: ClickStore, valkey: Redis) -> None:
    expected = expires_at(place_of(click_fact().click_id), HOT_DAYS)
    assert 0 < expected - (SECOND + HOT_DAYS * 86_400) <= 2 * 3600
    for number, after in enumerate([0, 60, 1200]):
        await record(clicks, click_fact(number, after=after), b"")
    bucket = place_of(click_fact().click_id).buckets[0]
    assert await valkey.hlen(bucket) == 3
    assert await valkey.expiretime(bucket) == expected


async def test_a_click_that_is_recorded_after_its_days_is_streamed_all_the_same(
    clicks: ClickStore, valkey: Redis
) -> None:
    """As from a journal: it may count, it is no longer hot."""
    old = click_fact(after=LONG_AGO - SECOND % 3600)
    await record(clicks, old)
    assert await clicks.find(old.click_id, "lamoda") is None
    assert await streamed(valkey) == [old]


# Shipped or not (TRACKER_HOT_DAYS are over, and ClickHouse was away all the time)


@pytest.mark.parametrize("attributable", [True, False])
async def test_a_click_that_is_no_longer_hot_may_wait_while_its_stream_holds_clicks_as_old(
    clicks: ClickStore, valkey: Redis, *, attributable: bool
) -> None:
    gone = click_fact(after=LONG_AGO)
    assert not await clicks.may_wait(gone.click_id)
    await clicks.record(click_fact(1, after=LONG_AGO + 240), attributable=attributable)  # clocks differ a little
    assert await clicks.may_wait(gone.click_id)
    assert not await clicks.may_wait(click_fact(after=LONG_AGO, shard=6).click_id)
    await valkey.xtrim(STREAMS[5], maxlen=0, approximate=False)
    assert not await clicks.may_wait(gone.click_id)


async def test_a_click_older_than_all_that_waits_has_been_shipped(clicks: ClickStore) -> None:
    await record(clicks, click_fact(1, after=LONG_AGO + 600))
    assert not await clicks.may_wait(click_fact(after=LONG_AGO).click_id)


async def test_a_click_that_would_still_be_hot_does_not_wait_unseen(valkey: Redis) -> None:
    """Its id was made and it was never recorded: nothing is gained by waiting."""
    days_over = expires_at(place_of(click_fact().click_id), HOT_DAYS)
    now = days_over - 600.0
    clicks = ClickStore(valkey, hot_days=HOT_DAYS, now=lambda: now)
    await record(clicks, click_fact(1))
    assert not await clicks.may_wait(click_fact().click_id)
    now = days_over - 60.0  # a few minutes to spare: Valkey's clock is another one
    assert await clicks.may_wait(click_fact().click_id)


async def test_what_cannot_be_read_may_be_as_old_as_any_click(clicks: ClickStore, valkey: Redis) -> None:
    await valkey.xadd(STREAMS[5], {b"f": b"no fact"})
    assert await clicks.may_wait(click_fact(after=LONG_AGO).click_id)


async def test_an_old_click_that_no_store_has_is_not_unknown_before_it_is_shipped(
    clicks: ClickStore, valkey: Redis
) -> None:
    class NotShipped:
        async def find(self, _click_id: str, _second: int) -> None:
            return None

    fact = click_fact(after=LONG_AGO)
    await record(clicks, fact)
    with pytest.raises(StoreUnavailableError):
        await FindClick(clicks, NotShipped(), lambda _: False).find(fact.click_id, "lamoda")
    await valkey.xtrim(STREAMS[5], maxlen=0, approximate=False)
    assert await FindClick(clicks, NotShipped(), lambda _: False).find(fact.click_id, "lamoda") is None


async def test_a_server_that_has_forgotten_the_script_is_told_it_again(clicks: ClickStore, valkey: Redis) -> None:
    await record(clicks, click_fact(1))
    await valkey.script_flush()
    facts = [click_fact(number, partner=f"shop-{number}") for number in range(2, 5)]
    outcomes = await asyncio.gather(
        *(record(clicks, fact) for fact in facts), clicks.record(click_fact(6), attributable=False)
    )
    assert all(isinstance(outcome, Recorded) and outcome.is_new for outcome in outcomes)
    assert {fact.click_id for fact in await streamed(valkey)} == {
        fact.click_id for fact in (click_fact(1), *facts, click_fact(6))
    }


async def test_all_keys_of_a_click_are_in_one_slot_of_a_cluster(clicks: ClickStore, valkey: Redis) -> None:
    for number in range(3 * FULL_BUCKET):
        await record(clicks, click_fact(number << 8, shard=37), b"")
    keys: list[Any] = await valkey.keys()
    assert {key[key.index(b"{") : key.index(b"}") + 1] for key in keys} == {b"{05}"}


async def test_a_thousand_clicks_at_once_share_a_few_round_trips(
    clicks: ClickStore, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = count_calls(monkeypatch, valkey, "pipeline")
    facts = [click_fact(number, shard=number % 1024) for number in range(1000)]
    outcomes = await asyncio.gather(*(record(clicks, fact, b"%d" % number) for number, fact in enumerate(facts)))
    assert [outcome.click_id for outcome in outcomes] == [fact.click_id for fact in facts]
    assert len(trips) <= 3
    assert {fact.click_id: fact for fact in await streamed(valkey)} == {fact.click_id: fact for fact in facts}
    assert sum([await valkey.xlen(stream) for stream in STREAMS]) == len(facts)


async def test_whoever_leaves_disturbs_nobody_and_no_answer_goes_to_another(clicks: ClickStore) -> None:
    for round_ in range(20):
        facts = [click_fact(100 * round_ + number) for number in range(20)]
        calls = [asyncio.create_task(record(clicks, fact, fact.click_id.encode())) for fact in facts]
        for number, call in enumerate(calls):
            if (number + round_) % 3 == 0:
                call.cancel()
            if number % 7 == 0:
                await asyncio.sleep(0)
        for fact, outcome in zip(facts, await asyncio.gather(*calls, return_exceptions=True), strict=True):
            if not isinstance(outcome, asyncio.CancelledError):
                assert outcome == Recorded(fact.click_id, is_new=True)


async def test_a_full_valkey_refuses_the_click_whole_and_still_finds_others(clicks: ClickStore, valkey: Redis) -> None:
    await record(clicks, click_fact(1))
    usual = (await valkey.config_get("maxmemory"))["maxmemory"] or ""
    await valkey.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(StoreUnavailableError, match="used memory > 'maxmemory'"):
            await record(clicks, click_fact(2, partner="ozon"))
        assert await clicks.find(click_fact(1).click_id, "lamoda") is not None
        assert await streamed(valkey) == [click_fact(1)]
    finally:
        await valkey.config_set("maxmemory", usual)
    assert (await record(clicks, click_fact(2, partner="ozon"))).is_new


@asynccontextmanager
async def running(server: EmbeddedValkey) -> AsyncIterator[Redis]:
    """A server of the test's own, to be stopped and killed."""
    await server.start()
    valkey = open_node(server.url)
    try:
        yield valkey
    finally:
        await valkey.aclose()
        await server.stop()


async def is_away(clicks: ClickStore) -> bool:
    """All callers hear of it, and long before the client itself gives up on its socket."""
    started = monotonic()
    outcomes = await asyncio.gather(
        *(record(clicks, click_fact(number), b"") for number in range(10)),
        clicks.find(click_fact().click_id, "lamoda"),
        return_exceptions=True,
    )
    assert monotonic() - started < 1.5
    return [type(outcome) for outcome in outcomes] == [StoreUnavailableError] * 11


async def test_a_valkey_that_is_away_is_said_to_be_away_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "data")
    async with running(server) as valkey:
        clicks = ClickStore(valkey, hot_days=HOT_DAYS, answer_seconds=0.2)
        await record(clicks, click_fact(100))
        await server.stop()
        assert await is_away(clicks)
        await server.start()
        assert (await record(clicks, click_fact(101, after=60))).is_new


async def test_a_valkey_that_hangs_is_not_waited_for_and_its_late_answers_go_to_nobody(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "data")
    async with running(server) as valkey:
        clicks = ClickStore(valkey, hot_days=HOT_DAYS, answer_seconds=0.2)
        await record(clicks, click_fact(100))
        os.kill(server.pid, signal.SIGSTOP)
        try:
            assert await is_away(clicks)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        for number in range(5):
            fact = click_fact(number, after=60)
            assert (await record(clicks, fact, b"%d" % number)).click_id == fact.click_id
            found = await clicks.find(fact.click_id, "lamoda")
            assert found is not None
            assert found.click_id == fact.click_id


class LosesReplies:
    """Stands between a client and Valkey. While `loses` is set, a command arrives and its reply does not."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self.loses = False

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Redis]:
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        valkey = open_node(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        try:
            yield valkey
        finally:
            await valkey.aclose()
            server.close()

    async def _pass_on(self, sender: asyncio.StreamReader, to_sender: asyncio.StreamWriter) -> None:
        reader, writer = await asyncio.open_unix_connection(str(self._socket))
        while command := await sender.read(2**16):
            writer.write(command)
            reply = await reader.read(2**16)
            if self.loses and (b"XADD" in command or b"EVALSHA" in command):
                break
            to_sender.write(reply)
        writer.close()
        to_sender.close()


@pytest.mark.parametrize("attributable", [True, False])
async def test_a_click_whose_answer_was_lost_is_not_sent_again_behind_our_back(
    valkey_server: EmbeddedValkey, *, attributable: bool
) -> None:
    """As a retrying client does: a repeated XADD is a second click."""
    between = LosesReplies(valkey_server.socket)
    async with between.client() as losing, open_node(valkey_server.url) as valkey:
        await valkey.flushall()
        clicks = ClickStore(losing, hot_days=HOT_DAYS)
        await clicks.record(click_fact(1), attributable=attributable)
        between.loses = True
        with pytest.raises(StoreUnavailableError):
            await clicks.record(click_fact(2), attributable=attributable)
        assert await streamed(valkey) == [click_fact(1), click_fact(2)]


def count_calls(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> list[None]:
    calls: list[None] = []
    original: Callable[..., Any] = getattr(owner, name)

    def counted(*arguments: Any, **named: Any) -> Any:
        calls.append(None)
        return original(*arguments, **named)

    monkeypatch.setattr(owner, name, counted)
    return calls
