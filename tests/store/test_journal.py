"""Clicks of an outage of Valkey: answered at once, in Valkey once when it is back, with their sessions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.store.factories import click_fact, click_id
from tests.store.journaling import SHOPPER, Lab
from tracker.core.reasons import ClickReason
from tracker.core.session import Session, SessionAct
from tracker.store.clicks import ClickStore, Recorded
from tracker.store.journal import Journal, JournaledClicks, JournalFolder
from tracker.store.journal.frames import frames
from tracker.store.valkey_client import open_valkey
from tracker.telemetry import JOURNAL_BEGUN, JOURNAL_BYTES, JOURNAL_REPLAYED, JOURNALED, Telemetry


async def test_while_valkey_answers_nothing_is_written_to_the_disk(lab: Lab) -> None:
    await lab.record(click_fact())
    assert lab.files() == []
    assert lab.telemetry.value(JOURNALED) == 0


async def test_clicks_of_an_outage_are_on_disk_at_once_and_in_valkey_once_when_it_is_back(lab: Lab) -> None:
    lab.switch(off=True)
    sent = [click_fact(number, after=number, shard=number) for number in range(200)]
    recorded = await asyncio.gather(*map(lab.record, sent))
    assert [one.click_id for one in recorded] == [fact.click_id for fact in sent]
    assert len(frames(b"".join(path.read_bytes() for path in lab.files())).payloads) == 200

    assert await lab.replay() > 0
    assert await lab.facts() == []
    lab.switch(off=False)
    assert await lab.replay() == 0

    assert await lab.facts() == sent
    assert lab.files() == []
    assert (lab.telemetry.value(JOURNALED), lab.telemetry.value(JOURNAL_REPLAYED)) == (200, 200)
    assert lab.telemetry.value(JOURNAL_BYTES) == lab.telemetry.value(JOURNAL_BEGUN) == 0
    for fact in sent:
        assert await lab.store.find(fact.click_id, "lamoda")


async def test_looks_in_vain_make_no_files(lab: Lab) -> None:
    lab.switch(off=True)
    for number in range(20):
        await lab.record(click_fact(number))
        await lab.replay()
    assert len(lab.files()) == 1


async def test_a_click_whose_answer_was_lost_is_in_valkey_and_in_the_journal_and_counts_once(lab: Lab) -> None:
    fact = click_fact()
    await lab.store.record(fact, attributable=True, visitor=SHOPPER)
    lab.switch(off=True)
    await lab.record(fact, SHOPPER)
    lab.switch(off=False)
    await lab.replay()
    assert await lab.facts() == [fact]


async def test_a_replay_that_was_killed_before_the_file_went_changes_nothing_the_second_time(
    lab: Lab, valkey: Redis
) -> None:
    lab.switch(off=True)
    for number in range(3):
        await lab.record(click_fact(number, after=number))
    [segment] = lab.files()
    copy = segment.read_bytes()
    lab.switch(off=False)
    await lab.replay()
    (lab.folder.path / "1-killed.clicks").write_bytes(copy)
    assert await lab.replay() == 0
    assert len(await lab.facts()) == 3
    assert await valkey.keys("x*") == []


async def test_one_part_of_a_cluster_is_away_and_the_others_take_their_clicks(lab: Lab) -> None:
    here, there = click_fact(1, shard=1), click_fact(2, shard=2)
    lab.store.off = frozenset({"{01}"})
    await lab.record(here)
    await lab.record(there)
    assert await lab.facts() == [there]
    assert await lab.replay() > 0
    lab.store.off = frozenset()
    assert await lab.replay() == 0
    assert {fact.click_id for fact in await lab.facts()} == {here.click_id, there.click_id}


async def test_what_a_part_that_is_away_leaves_holds_up_no_other_part_and_is_not_read_again_and_again(lab: Lab) -> None:
    lab.switch(off=True)
    for number in range(8):
        await lab.record(click_fact(number, shard=number % 4))
    lab.store.off = frozenset({"{01}", "{02}"})
    await lab.replay()
    assert len(await lab.facts()) == 4
    assert [path.stem[-2:] for path in lab.files()] in (["01", "02"], ["02", "01"])
    names, asked = lab.files(), lab.store.asked
    for _ in range(3):
        await lab.record(click_fact(20, shard=1))
        await lab.replay()
    assert set(names) < set(lab.files())
    assert len(lab.files()) == 3
    assert lab.store.asked == asked
    lab.store.off = frozenset({"{01}"})
    await lab.replay()
    assert len(await lab.facts()) == 6
    lab.store.off = frozenset()
    assert await lab.replay() == 0
    assert len(await lab.facts()) == 9
    assert lab.files() == []


async def test_after_the_outage_clicks_go_to_valkey_again(lab: Lab) -> None:
    lab.switch(off=True)
    await lab.record(click_fact(1))
    lab.switch(off=False)
    await lab.replay()
    await lab.record(click_fact(2))
    assert (len(await lab.facts()), lab.files()) == (2, [])


# Double clicks and sessions


async def test_double_clicks_and_repeats_are_told_as_valkey_would(lab: Lab) -> None:
    lab.switch(off=True)
    first = await lab.record(click_fact(1), SHOPPER)
    double = await lab.record(click_fact(2, after=1.9), SHOPPER)
    other_shop = await lab.record(click_fact(3, after=1.9, partner="mvideo"), SHOPPER)
    repeat = await lab.record(click_fact(4, after=5), SHOPPER)
    later = await lab.record(click_fact(5, after=11), SHOPPER)
    assert (double.click_id, double.is_new) == (first.click_id, False)
    assert [one.repeat for one in (first, other_shop, repeat, later)] == [False, False, True, False]
    lab.switch(off=False)
    await lab.replay()
    assert [fact.traffic for fact in await lab.facts()] == [[], [], [ClickReason.REPEAT], []]


async def test_a_click_that_was_answered_with_an_id_never_becomes_the_double_of_one_in_valkey(lab: Lab) -> None:
    await lab.record(click_fact(1), SHOPPER)
    lab.switch(off=True)
    answered = await lab.record(click_fact(2, after=1), SHOPPER)
    lab.switch(off=False)
    await lab.replay()
    assert await lab.store.find(answered.click_id, "lamoda")


async def test_a_click_of_the_outage_opens_its_session(lab: Lab) -> None:
    lab.switch(off=True)
    await lab.record(click_fact(1), SHOPPER, Session("s", 3600, tab="one"))
    lab.switch(off=False)
    await lab.replay()
    open_ = await lab.store.open_elsewhere(5, Session("s", 3600, tab="two"))
    assert open_ is not None
    assert open_.click_id == click_id(random=1)


async def test_what_is_open_elsewhere_stays_as_it_is_since_nobody_can_be_asked(lab: Lab) -> None:
    await lab.record(click_fact(1), b"", Session("s", 3600, tab="one"))
    lab.switch(off=True)
    await lab.record(click_fact(2, after=60), b"", Session("s", 3600, tab="two"))
    lab.switch(off=False)
    await lab.replay()
    for number in (1, 2):
        fact = click_fact(number, after=60 * (number - 1))
        click = await lab.store.find(fact.click_id, "lamoda")
        assert click is not None
        assert click.superseded_at is None


@pytest.mark.parametrize(("newer", "superseded"), [(False, True), (True, False)])
async def test_who_started_over_supersedes_what_was_open_then_and_nothing_newer(
    lab: Lab, newer: bool, superseded: bool
) -> None:
    await lab.record(click_fact(1), b"", Session("s", 3600, tab="one"))
    lab.switch(off=True)
    await lab.record(click_fact(2, after=60), b"", Session("s", 3600, SessionAct.OVER, "two"))
    lab.switch(off=False)
    last = click_fact(1)
    if newer:
        last = click_fact(3, after=90)
        await lab.store.record(last, attributable=True, session=Session("s", 3600, SessionAct.OVER, "three"))
    await lab.replay()
    click = await lab.store.find(last.click_id, "lamoda")
    assert click is not None
    assert (click.superseded_at is not None) is superseded


@pytest.mark.parametrize("act", [SessionAct.OVER, SessionAct.REPLACE])
async def test_clicks_of_one_session_come_out_in_turn_and_an_older_one_ends_nothing_newer(
    lab: Lab, act: SessionAct
) -> None:
    """In one segment, the newer one written first: two workers' clicks, or clocks that differ."""
    lab.switch(off=True)
    await lab.record(click_fact(2, after=60), b"", Session("s", 3600, act, "two"))
    await lab.record(click_fact(1), b"", Session("s", 3600, act, "one"))
    lab.switch(off=False)
    await lab.replay()
    newer = await lab.store.find(click_fact(2, after=60).click_id, "lamoda")
    assert newer is not None
    assert newer.superseded_at is None
    open_ = await lab.store.open_elsewhere(5, Session("s", 3600, tab="three"))
    assert open_ is not None
    assert open_.click_id == newer.click_id


@pytest.mark.parametrize("act", SessionAct)
async def test_a_session_that_was_opened_after_the_outage_stays_open(lab: Lab, act: SessionAct) -> None:
    lab.switch(off=True)
    await lab.record(click_fact(1), b"", Session("s", 3600, act, "one"))
    lab.switch(off=False)
    newer = click_fact(2, after=60)
    await lab.store.record(newer, attributable=True, session=Session("s", 3600, SessionAct.OVER, "two"))
    await lab.replay()
    open_ = await lab.store.open_elsewhere(5, Session("s", 3600, tab="three"))
    assert open_ is not None
    assert open_.click_id == newer.click_id


async def test_clicks_are_replayed_by_themselves_and_once_more_at_the_end(lab: Lab) -> None:
    stopping = asyncio.Event()
    keeping = asyncio.create_task(lab.clicks.keep_replaying(stopping))
    lab.switch(off=True)
    await lab.record(click_fact(1))
    lab.switch(off=False)
    async with asyncio.timeout(10):
        while not await lab.facts():
            await asyncio.sleep(0.02)
    lab.switch(off=True)
    await lab.record(click_fact(2, after=60))
    lab.switch(off=False)
    stopping.set()
    await keeping
    assert len(await lab.facts()) == 2
    assert lab.files() == []


@asynccontextmanager
async def full(lab: Lab) -> AsyncIterator[None]:
    """Valkey has no memory left for another click."""
    await lab.valkey.config_set("maxmemory", "1mb")
    try:
        yield
    finally:
        await lab.valkey.config_set("maxmemory", "0")


async def test_a_full_valkey_costs_nobody_anything(lab: Lab) -> None:
    async with full(lab):
        assert (await lab.record(click_fact(1))).is_new
        assert await lab.replay() > 0
    assert await lab.replay() == 0
    assert await lab.facts() == [click_fact(1)]


async def test_bots_and_other_clicks_that_earn_nothing_are_kept_too(lab: Lab) -> None:
    lab.switch(off=True)
    await lab.clicks.record(click_fact(1, outcome="plain"), attributable=False)
    lab.switch(off=False)
    await lab.replay()
    assert [fact.outcome for fact in await lab.facts()] == ["plain"]


async def test_nobody_listens_where_valkey_should_be(tmp_path: Path) -> None:
    nowhere = open_valkey(f"unix://{tmp_path}/nothing.sock")
    journal = Journal(JournalFolder(tmp_path / "journal"))
    clicks = JournaledClicks(ClickStore(nowhere, hot_days=3), journal, Telemetry())
    assert await clicks.open_elsewhere(5, Session("s", 3600)) is None
    recorded = await clicks.record(click_fact(), attributable=True)
    assert isinstance(recorded, Recorded)
    assert recorded.is_new
    await journal.close()
    await nowhere.aclose()
