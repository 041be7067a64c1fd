"""Sessions in the real Valkey: one tab a shopper, partner and browser, decided in the script that records the click."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from tests.store.factories import HOT_DAYS, SECOND, click_fact
from tracker.core.click_id import parts
from tracker.core.session import OpenElsewhere, Session, SessionAct
from tracker.store.clicks import CLICKS_OF_A_TAB, STREAMS, ClickStore, Recorded, read_entry

HOUR = 3600
OPEN = Session(key="shopper-0042/lamoda/b1", seconds=6 * HOUR, tab="tab-a")
OTHER = replace(OPEN, tab="tab-b")
SHARD = parts(click_fact().click_id).shard


@pytest.fixture
def clicks(valkey: Redis) -> ClickStore:
    return ClickStore(valkey, hot_days=HOT_DAYS)


async def test_a_second_tab_is_told_what_is_open_and_nothing_is_recorded(clicks: ClickStore, valkey: Redis) -> None:
    first, second = click_fact(1), click_fact(2, after=0.5)
    assert await clicks.record(first, attributable=True, visitor=b"v", session=OPEN) == Recorded(first.click_id, True)

    opened = OpenElsewhere((first.click_id,), first.clicked_at_us // 1000 / 1000, "tab-a")
    assert await clicks.record(second, attributable=True, visitor=b"v", session=OTHER) == opened
    assert await clicks.open_elsewhere(SHARD, OTHER) == opened
    assert await clicks.open_elsewhere(SHARD, OPEN) is None
    assert await clicks.find(second.click_id, "lamoda") is None
    assert sum([await valkey.xlen(stream) for stream in STREAMS]) == 1


async def test_starting_over_supersedes_the_first_click_from_that_moment_on(clicks: ClickStore, valkey: Redis) -> None:
    first, second = click_fact(1), click_fact(2, after=60)
    await clicks.record(first, attributable=True, visitor=b"v", session=OPEN)
    over = replace(OTHER, act=SessionAct.OVER)
    assert await clicks.record(second, attributable=True, visitor=b"v", session=over) == Recorded(second.click_id, True)

    superseded, current = [await clicks.find(one.click_id, "lamoda") for one in (first, second)]
    assert superseded is not None
    assert current is not None
    assert superseded.superseded_at == datetime.fromtimestamp(SECOND + 60, UTC)
    assert current.superseded_at is None
    streamed: list[Any] = [entry for stream in STREAMS for entry in await valkey.xrange(stream) or []]
    entries = [read_entry(fields) for _, fields in streamed]
    assert {one.click_id: one.supersedes for one in entries} == {
        first.click_id: [],
        second.click_id: [first.click_id],
    }
    # The tab that was superseded is now the other one.
    answer = await clicks.record(click_fact(3, after=90), attributable=True, visitor=b"v", session=OPEN)
    assert isinstance(answer, OpenElsewhere)
    assert answer.click_id == second.click_id


async def test_starting_over_supersedes_every_click_of_the_other_tab(clicks: ClickStore) -> None:
    facts = [click_fact(number, after=60 * number) for number in range(CLICKS_OF_A_TAB + 2)]
    for fact in facts[:-1]:
        await clicks.record(fact, attributable=True, visitor=b"v", session=OPEN)
    over = replace(OTHER, act=SessionAct.OVER)
    assert await clicks.record(facts[-1], attributable=True, visitor=b"v", session=over) == Recorded(
        facts[-1].click_id, is_new=True
    )
    found = [await clicks.find(fact.click_id, "lamoda") for fact in facts]
    superseded = [one is not None and one.superseded_at is not None for one in found]
    assert superseded == [False, *[True] * CLICKS_OF_A_TAB, False]  # more than that nobody clicks


async def test_the_same_tab_renews_its_session_and_supersedes_nothing(clicks: ClickStore) -> None:
    first, second = click_fact(1), click_fact(2, after=60)
    await clicks.record(first, attributable=True, visitor=b"v", session=OPEN)
    assert await clicks.record(second, attributable=True, visitor=b"v", session=OPEN) == Recorded(second.click_id, True)
    found = await clicks.find(first.click_id, "lamoda")
    assert found is not None
    assert found.superseded_at is None


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(OTHER, key="shopper-0042/labirint/b1"),
        replace(OTHER, key="shopper-0042/lamoda/b2"),
        replace(OTHER, restarted_at=SECOND + 30),
    ],
    ids=["another partner", "another browser", "the browser was closed since"],
)
async def test_what_is_no_second_tab_is_never_stopped(clicks: ClickStore, elsewhere: Session) -> None:
    await clicks.record(click_fact(1), attributable=True, visitor=b"v", session=OPEN)
    second = click_fact(2, after=60)
    assert await clicks.open_elsewhere(SHARD, elsewhere) is None
    answer = await clicks.record(second, attributable=True, visitor=b"v", session=elsewhere)
    assert answer == Recorded(second.click_id, is_new=True)


async def test_a_tab_that_nobody_knows_may_be_another_one(clicks: ClickStore) -> None:
    await clicks.record(click_fact(1), attributable=True, visitor=b"v", session=replace(OPEN, tab=""))
    second = click_fact(2, after=60)
    answer = await clicks.record(second, attributable=True, visitor=b"v", session=replace(OPEN, tab=""))
    assert isinstance(answer, OpenElsewhere)
    assert answer.tab == ""


async def test_two_tabs_at_once_are_no_double_click(clicks: ClickStore) -> None:
    first, second = click_fact(1), click_fact(2)
    await clicks.record(first, attributable=True, visitor=b"v", session=OPEN)
    assert await clicks.record(click_fact(3), attributable=True, visitor=b"v", session=OPEN) == Recorded(
        first.click_id, is_new=False
    )
    assert isinstance(await clicks.record(second, attributable=True, visitor=b"v", session=OTHER), OpenElsewhere)


async def test_a_click_without_cashback_leaves_the_session_alone(clicks: ClickStore) -> None:
    first, second = click_fact(1), click_fact(2, after=60)
    await clicks.record(first, attributable=True, visitor=b"v", session=OPEN)
    assert await clicks.record(second, attributable=True, visitor=b"w") == Recorded(second.click_id, is_new=True)
    opened = await clicks.open_elsewhere(SHARD, OTHER)
    assert opened is not None
    assert opened.click_id == first.click_id


async def test_a_session_ends_a_second_after_its_last(clicks: ClickStore, valkey: Redis) -> None:
    await clicks.record(click_fact(1), attributable=True, visitor=b"v", session=OPEN)
    [key] = await valkey.keys("s{*")
    assert 6 * HOUR * 1000 < await valkey.pttl(key) <= (6 * HOUR + 1) * 1000


async def test_starting_over_when_nothing_is_open_any_more_is_an_ordinary_click(clicks: ClickStore) -> None:
    fact = click_fact(1)
    over = replace(OPEN, act=SessionAct.OVER)
    assert await clicks.record(fact, attributable=True, visitor=b"v", session=over) == Recorded(fact.click_id, True)


async def test_of_tabs_that_start_over_at_once_exactly_one_is_left(clicks: ClickStore) -> None:
    """Whatever the order, each supersedes the one before: a chain without forks."""
    over = [
        msgspec.structs.replace(click_fact(number, after=number / 1000), request_id=str(number)) for number in range(8)
    ]
    await asyncio.gather(
        *(
            clicks.record(
                fact, attributable=True, visitor=b"v", session=replace(OPEN, tab=f"tab-{at}", act=SessionAct.OVER)
            )
            for at, fact in enumerate(over)
        )
    )
    found = [await clicks.find(fact.click_id, "lamoda") for fact in over]
    assert [one is not None for one in found] == [True] * 8
    assert sum(one is not None and one.superseded_at is None for one in found) == 1
