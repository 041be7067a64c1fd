"""Senders who have proved nothing: a gate and a limit for each address, that no choice of addresses gets round."""

import asyncio
import time

import pytest

from tracker.web.gate import Gates, Width
from tracker.web.limits import Exempt, Kind
from tracker.web.strangers import Strangers

WIDTH = Width(at_once=4, waiting=10_000, patience=60)


def strangers(refused_a_minute: int = 0) -> Strangers:
    gates = Gates(WIDTH, clock=time.monotonic, worked=time.thread_time)
    return Strangers(gates, Kind.of("refused", refused_a_minute), Exempt(["203.0.113.0/24"]), clock=lambda: 100.0)


async def light() -> str:
    return "done"


@pytest.mark.parametrize(("block", "most"), [("2001:db8::{:x}", 4), ("2001:db8:0:{:x}::1", 2_000)], ids=["/64", "many"])
async def test_senders_of_one_ipv6_customer_share_a_gate(block: str, most: int) -> None:
    tried, begun, go = strangers(), 0, asyncio.Event()

    async def slow() -> str:
        nonlocal begun
        begun += 1
        await go.wait()
        return "done"

    under_way = [asyncio.create_task(tried.through(block.format(number), slow())) for number in range(2_000)]
    while begun < most:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.02)
    assert begun == most
    go.set()
    assert await asyncio.gather(*under_way) == ["done"] * 2_000


async def test_over_the_limit_of_its_customer_nothing_of_an_address_is_begun() -> None:
    tried = strangers(refused_a_minute=3)
    answered = [await tried.through(f"2001:db8::{number:x}", light()) for number in range(5)]
    assert answered == ["done"] * 3 + [None] * 2
    assert await tried.through("2001:db8:0:1::1", light()) == "done"


async def test_an_exempt_address_has_no_limit() -> None:
    tried = strangers(refused_a_minute=3)
    assert [await tried.through("203.0.113.9", light()) for _ in range(9)] == ["done"] * 9


async def test_an_address_that_has_proved_something_is_always_heard() -> None:
    tried = strangers(refused_a_minute=3)
    tried.has_proved("198.51.100.1")
    assert [await tried.through("198.51.100.1", light()) for _ in range(9)] == ["done"] * 9


def test_a_flood_of_addresses_that_proved_something_is_not_remembered() -> None:
    tried = strangers()
    for number in range(5_000):
        tried.has_proved(f"10.0.{number // 256}.{number % 256}")
    assert len(tried._proved) <= 1_024
