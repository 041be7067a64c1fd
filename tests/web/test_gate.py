"""A gate for each sender: one's flood, or dear messages, keep nobody else waiting, and nothing refused is begun."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from tracker.web.gate import HEAVY_SECONDS, JUDGED, Gates, Width

WIDTH = Width(at_once=4, waiting=3, patience=0.1)


def gates(width: Width = WIDTH) -> Gates:
    return Gates(width, clock=time.monotonic, worked=time.thread_time)


async def light() -> str:
    await asyncio.sleep(0)
    return "done"


async def heavy(times: float = 1.5) -> str:
    end = time.thread_time() + times * HEAVY_SECONDS
    while time.thread_time() < end:
        pass
    return "done"


async def waits(seconds: float) -> str:
    """For a store that is slow to answer."""
    await asyncio.sleep(seconds)
    return "done"


class Slow:
    """Messages that are under way until they are let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    async def message(self) -> str:
        self.begun += 1
        await self.go.wait()
        return "done"


async def test_no_more_of_a_sender_s_are_inside_than_may_be() -> None:
    slow, tried = Slow(), gates()
    under_way = [asyncio.create_task(tried.through("a", slow.message())) for _ in range(6)]
    await asyncio.sleep(0.02)
    assert slow.begun == 4
    slow.go.set()
    assert await asyncio.gather(*under_way) == ["done"] * 6


async def test_a_worker_that_has_just_begun_takes_a_burst_whatever_its_stores_take() -> None:
    tried = gates(Width(patience=0.1))
    assert await asyncio.gather(*(tried.through("a", waits(0.3)) for _ in range(64))) == ["done"] * 64


async def test_one_message_that_met_a_pause_of_ours_narrows_nothing() -> None:
    """A collection of garbage takes 0.1 s and is counted for whichever message it came upon."""
    tried = gates(Width(patience=0.1))
    await tried.through("a", heavy(5))
    assert await asyncio.gather(*(tried.through("a", waits(0.3)) for _ in range(64))) == ["done"] * 64


async def test_dear_ones_that_come_together_are_not_all_let_in_to_learn_that_they_are_dear() -> None:
    inside = most = 0
    go = asyncio.Event()

    async def dear() -> str:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await heavy()
        await go.wait()
        inside -= 1
        return "done"

    tried = gates(Width(patience=60))
    under_way = [asyncio.create_task(tried.through("a", dear())) for _ in range(24)]
    await asyncio.sleep(0.1)
    assert (inside, most) == (4, 4)
    go.set()
    assert await asyncio.gather(*under_way) == ["done"] * 24
    assert most <= 8


async def test_who_sends_light_ones_again_has_a_wide_gate_again() -> None:
    tried = gates()
    for _ in range(JUDGED):
        await tried.through("a", heavy())
    for _ in range(JUDGED):
        assert await tried.through("a", light()) == "done"
    slow = Slow()
    under_way = [asyncio.create_task(tried.through("a", slow.message())) for _ in range(4)]
    await asyncio.sleep(0.02)
    assert slow.begun == 4
    slow.go.set()
    await asyncio.gather(*under_way)


async def test_who_waits_too_long_is_turned_away_and_nothing_of_it_was_begun() -> None:
    slow, tried = Slow(), gates()
    under_way = [asyncio.create_task(tried.through("a", slow.message())) for _ in range(7)]
    done, _ = await asyncio.wait(under_way, timeout=2, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(0.05)
    assert [task.result() for task in done] == [None] * len(done)
    slow.go.set()
    assert sorted(map(str, await asyncio.gather(*under_way))) == ["None"] * 3 + ["done"] * 4
    assert slow.begun == 4


async def test_who_finds_the_queue_full_is_turned_away_at_once() -> None:
    slow, tried = Slow(), gates(Width(at_once=1, waiting=1, patience=60))
    under_way = [asyncio.create_task(tried.through("a", slow.message())) for _ in range(2)]
    await asyncio.sleep(0.02)
    async with asyncio.timeout(1):
        assert await tried.through("a", light()) is None
    slow.go.set()
    assert await asyncio.gather(*under_way) == ["done", "done"]


async def test_one_sender_s_flood_does_not_close_another_s_gate() -> None:
    slow, tried = Slow(), gates()
    under_way = [asyncio.create_task(tried.through("a", slow.message())) for _ in range(50)]
    await asyncio.sleep(0)
    async with asyncio.timeout(0.05):
        assert await tried.through("b", light()) == "done"
    slow.go.set()
    await asyncio.gather(*under_way)


async def test_a_sender_of_heavy_messages_rests_after_each_and_goes_one_by_one() -> None:
    tried = gates(Width(at_once=4, waiting=10, patience=5))
    for _ in range(JUDGED):
        await tried.through("a", heavy())
    slow, began = Slow(), time.monotonic()
    under_way = [asyncio.create_task(tried.through("a", slow.message())) for _ in range(3)]
    while not slow.begun:
        await asyncio.sleep(0.001)
    assert time.monotonic() - began > 2 * HEAVY_SECONDS
    await asyncio.sleep(0.02)
    assert slow.begun == 1
    slow.go.set()
    assert await asyncio.gather(*under_way) == ["done"] * 3


async def test_who_sends_heavy_ones_one_after_the_other_is_never_turned_away() -> None:
    tried = gates(Width(patience=0.5))
    for _ in range(2 * JUDGED):
        assert await tried.through("a", heavy()) == "done"


async def test_a_fault_is_its_caller_s_and_the_gate_stays_whole() -> None:
    async def broken() -> str:
        await asyncio.sleep(0)
        raise ValueError("broken")

    tried = gates(Width(at_once=1, waiting=1, patience=0.1))
    for _ in range(5):
        with pytest.raises(ValueError, match="broken"):
            await tried.through("a", broken())
    assert await tried.through("a", light()) == "done"


@pytest.mark.parametrize("count", [1, 2, 3, 6])
async def test_senders_who_leave_give_their_places_back(count: int) -> None:
    slow, tried = Slow(), gates(Width(at_once=2, waiting=10, patience=5))
    under_way = [asyncio.create_task(tried.through("a", slow.message())) for _ in range(count)]
    await asyncio.sleep(0.01)
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
    async with asyncio.timeout(1):
        assert await asyncio.gather(*(tried.through("a", light()) for _ in range(4))) == ["done"] * 4


async def test_what_the_work_is_told_reaches_it() -> None:
    """A cancellation, a time limit and an awaited error go through the meter as if it were not there."""
    heard: list[str] = []

    async def work() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            heard.append("time is over")
        try:
            await _raises()
        except LookupError:
            heard.append("an error")
        return "done"

    async def _raises() -> None:
        await asyncio.sleep(0)
        raise LookupError

    assert await gates().through("a", work()) == "done"
    assert heard == ["time is over", "an error"]


async def test_a_flood_of_senders_is_not_remembered() -> None:
    tried = gates()

    def sender(number: int) -> Coroutine[Any, Any, str | None]:
        return tried.through(f"@{number}", light())

    for number in range(5_000):
        await sender(number)
    assert len(tried._gates) <= 1_024
