"""Token buckets: a minute's worth at once, then evenly; memory that no flood changes."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.web.buckets import Buckets, Rate, household


def test_a_minute_s_worth_may_come_at_once_and_then_one_an_interval() -> None:
    buckets = Buckets(Rate(60))
    assert [buckets.take("a", 100.0) for _ in range(60)] == [0.0] * 60
    assert buckets.take("a", 100.0) == pytest.approx(1.0)
    assert buckets.take("a", 100.5) == pytest.approx(0.5)
    assert buckets.take("a", 101.0) == 0.0
    assert buckets.take("a", 101.0) > 0


def test_what_is_refused_costs_nothing_and_a_pause_fills_the_bucket() -> None:
    buckets = Buckets(Rate(2))
    assert [bool(buckets.take("a", 0.0)) for _ in range(50)] == [False] * 2 + [True] * 48
    assert [bool(buckets.take("a", 60.0)) for _ in range(3)] == [False, False, True]


def test_one_key_s_flood_is_not_another_s() -> None:
    buckets = Buckets(Rate(1))
    buckets.take("a", 0.0)
    assert buckets.take("a", 0.0) > 0
    assert buckets.take("b", 0.0) == 0


def test_without_a_rate_there_is_no_limit() -> None:
    buckets = Buckets(Rate(0))
    assert not any(buckets.take("a", 0.0) for _ in range(10_000))


def test_a_flood_of_addresses_takes_no_memory() -> None:
    buckets = Buckets(Rate(60))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(200_000):
            buckets.take(f"2001:db8:{number:x}::/64", 1.0)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 10_000


@given(st.lists(st.floats(0, 10), max_size=300), st.integers(1, 600))
def test_never_more_than_a_minute_s_worth_and_what_time_adds(pauses: list[float], a_minute: int) -> None:
    buckets = Buckets(Rate(a_minute))
    now, taken = 0.0, 0
    for pause in pauses:
        now += pause
        taken += buckets.take("a", now) == 0
    assert taken <= a_minute + now * a_minute / 60 + 1e-3


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", household("2001:db8:1:2:ffff::1")),
        ("fe80::1%eth0", household("fe80::2")),
    ],
)
def test_a_limit_is_for_an_address_or_for_the_64_of_a_customer(address: str, whose: str) -> None:
    assert household(address) == whose


def test_two_networks_are_two() -> None:
    assert household("2001:db8:1:2::1") != household("2001:db8:1:3::1")


def test_what_is_given_back_can_be_taken_again() -> None:
    buckets = Buckets(Rate(60))
    assert [buckets.take("a", 0.0) for _ in range(60)] == [0.0] * 60
    assert buckets.take("a", 0.0) > 0
    buckets.give_back("a")
    assert (buckets.take("a", 0.0), buckets.take("a", 0.0) > 0) == (0.0, True)
    Buckets(Rate(0)).give_back("a")
