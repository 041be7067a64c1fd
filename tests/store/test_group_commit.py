"""What arrives while a round trip is under way shares the next one; nobody is disturbed by a neighbour."""

import asyncio
from collections.abc import Sequence

import pytest

from tracker.errors import StoreUnavailableError
from tracker.store.group_commit import CROWD, GroupCommit


class Trips:
    """A store that doubles numbers. It is slow while `open` is not set."""

    def __init__(self) -> None:
        self.taken: list[list[int]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.open = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.taken.append(list(items))
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        try:
            await self.open.wait()
        finally:
            self.under_way -= 1
        return [2 * item for item in items]

    async def until_taken(self, number: int) -> None:
        async with asyncio.timeout(5):
            while len(self.taken) < number:
                await asyncio.sleep(0)


@pytest.fixture
async def trips() -> Trips:
    return Trips()


def submit(commits: GroupCommit[int, int], items: Sequence[int]) -> list["asyncio.Future[int]"]:
    return [commits.submit(item) for item in items]


async def test_what_arrives_during_a_trip_shares_the_next_one(trips: Trips) -> None:
    commits = GroupCommit(trips, largest=100)
    first = submit(commits, [1])
    await trips.until_taken(1)
    others = submit(commits, range(2, 12))
    trips.open.set()
    assert await asyncio.gather(*first, *others) == [2 * item for item in range(1, 12)]
    assert trips.taken == [[1], list(range(2, 12))]


async def test_a_trip_takes_no_more_than_it_can(trips: Trips) -> None:
    trips.open.set()
    commits = GroupCommit(trips, largest=4)
    assert await asyncio.gather(*submit(commits, range(10))) == [2 * item for item in range(10)]
    assert trips.taken == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


async def test_after_a_crowd_the_next_trip_waits_for_those_who_are_on_their_way(trips: Trips) -> None:
    commits = GroupCommit(trips, largest=100, pause=0.2)
    crowd = submit(commits, range(CROWD))
    await trips.until_taken(1)
    waiting = submit(commits, [7])
    await asyncio.sleep(0)
    trips.open.set()
    await asyncio.gather(*crowd)
    late = submit(commits, [8])
    assert await asyncio.gather(*waiting, *late) == [14, 16]
    assert trips.taken == [list(range(CROWD)), [7, 8]]


async def test_where_no_crowd_travels_nobody_waits_for_more(trips: Trips) -> None:
    trips.open.set()
    commits = GroupCommit(trips, largest=100, pause=3_600)
    for _ in range(3):
        await asyncio.gather(*submit(commits, range(CROWD - 1)))


async def test_a_full_trip_waits_for_nobody(trips: Trips) -> None:
    trips.open.set()
    commits = GroupCommit(trips, largest=CROWD, pause=3_600)
    await asyncio.gather(*submit(commits, range(3 * CROWD)))


@pytest.mark.parametrize("lanes", [1, 2, 3])
async def test_no_more_trips_are_under_way_than_there_are_lanes(trips: Trips, lanes: int) -> None:
    commits = GroupCommit(trips, largest=1, lanes=lanes)
    calls = submit(commits, range(9))
    await trips.until_taken(lanes)
    trips.open.set()
    await asyncio.gather(*calls)
    assert trips.most_under_way == lanes


async def test_a_caller_that_goes_away_disturbs_nobody_and_its_item_is_kept(trips: Trips) -> None:
    commits = GroupCommit(trips, largest=100)
    gone, stays = submit(commits, [1, 2])
    await trips.until_taken(1)
    gone_while_waiting, stays_too = submit(commits, [3, 4])
    await asyncio.sleep(0)
    gone.cancel()
    gone_while_waiting.cancel()
    trips.open.set()
    assert [await stays, await stays_too] == [4, 8]
    assert trips.taken == [[1, 2], [3, 4]]
    assert gone.cancelled()
    assert gone_while_waiting.cancelled()


async def test_an_exception_among_the_results_is_one_caller_s() -> None:
    async def trip(items: Sequence[int]) -> list[int | Exception]:
        return [StoreUnavailableError("full") if item == 2 else item for item in items]

    first, second, third = await asyncio.gather(
        *submit(GroupCommit(trip, largest=100), [1, 2, 3]), return_exceptions=True
    )
    assert (first, third) == (1, 3)
    assert isinstance(second, StoreUnavailableError)


async def test_a_store_that_is_away_is_away_for_all_and_asked_once() -> None:
    taken: list[list[int]] = []

    async def trip(items: Sequence[int]) -> list[int]:
        taken.append(list(items))
        raise StoreUnavailableError("away")

    answers = await asyncio.gather(*submit(GroupCommit(trip, largest=100), [1, 2, 3]), return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailableError] * 3
    assert taken == [[1, 2, 3]]


async def test_one_that_spoils_the_trip_for_all_fails_alone() -> None:
    taken: list[list[int]] = []

    async def trip(items: Sequence[int]) -> list[int]:
        taken.append(list(items))
        if 2 in items:
            raise ValueError("2 cannot be written")
        return list(items)

    answers = await asyncio.gather(*submit(GroupCommit(trip, largest=100), [1, 2, 3]), return_exceptions=True)
    assert [answers[0], type(answers[1]), answers[2]] == [1, ValueError, 3]
    assert taken == [[1, 2, 3], [1], [2], [3]]


async def test_a_trip_that_forgets_an_answer_leaves_nobody_waiting() -> None:
    async def trip(items: Sequence[int]) -> list[int]:
        return list(items)[1:]

    async with asyncio.timeout(5):
        answers = await asyncio.gather(*submit(GroupCommit(trip, largest=100), [1, 2]), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError] * 2


@pytest.mark.parametrize("lanes", [1, 2])
async def test_an_item_that_arrives_as_the_last_trip_ends_is_taken(lanes: int) -> None:
    """The lane has seen that nobody waits, and is not yet known to be gone."""
    ends = asyncio.Event()

    async def trip(items: Sequence[int]) -> Sequence[int]:
        await ends.wait()
        return items

    commits: GroupCommit[int, int] = GroupCommit(trip, largest=1, lanes=lanes)

    async def one_after_another(times: int) -> None:
        for _ in range(times):
            await commits.submit(times)

    callers = [asyncio.create_task(one_after_another(times)) for times in [2] + [1] * (lanes - 1)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    ends.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*callers)


async def test_behind_a_store_that_hangs_whoever_comes_later_is_told_soon(trips: Trips) -> None:
    group = GroupCommit(trips, largest=1, patience=0.05)
    aboard = group.submit(1)
    await trips.until_taken(1)
    behind = [group.submit(number) for number in (2, 3)]
    await asyncio.sleep(0.06)  # longer than their patience
    last = group.submit(4)
    trips.open.set()

    assert await aboard == 2
    for one in behind:
        with pytest.raises(StoreUnavailableError, match="nothing was sent to it"):
            await one
    assert await last == 8
    assert trips.taken == [[1], [4]]


async def test_on_the_way_too_nobody_waits_for_longer_than_an_answer_may_take(trips: Trips) -> None:
    group = GroupCommit(trips, largest=1, answer_within=0.05)
    aboard, behind = submit(group, [1, 2])

    for one in (aboard, behind):
        with pytest.raises(StoreUnavailableError, match=r"no answer in 0\.05 s"):
            await one
    trips.open.set()
    assert await group.submit(3) == 6
