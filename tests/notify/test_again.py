"""When a notification is sent again, and when no more."""

from datetime import UTC, datetime, timedelta

import pytest

from tracker.notify.again import next_attempt
from tracker.notify.post import LONGEST_RETRY_AFTER, Answer, _retry_after

NOW = datetime(2019, 3, 1, 12, tzinfo=UTC)


def pause(answer: Answer, attempts: int = 0, *, waited: timedelta = timedelta(), chance: float = 0) -> float | None:
    at = next_attempt(answer, attempts=attempts, waiting_since=NOW - waited, now=NOW, chance=chance)
    return None if at is None else (at - NOW).total_seconds()


def test_the_pauses_grow_and_the_last_one_stays() -> None:
    refused = Answer(500)

    assert [pause(refused, attempts) for attempts in range(10)] == [
        5, 30, 120, 600, 1800, 3600, 7200, 14400, 14400, 14400,
    ]  # fmt: skip
    assert pause(refused, 7, chance=1) == 14400 * 1.2


@pytest.mark.parametrize("answer", [Answer(301), Answer(400), Answer(404), Answer(429), Answer(503), Answer(None, "x")])
def test_every_refusal_but_one_is_tried_again(answer: Answer) -> None:
    assert pause(answer) == 5


def test_a_receiver_that_is_gone_is_believed() -> None:
    assert pause(Answer(410)) is None


def test_it_is_given_up_after_three_days() -> None:
    assert pause(Answer(500), 9, waited=timedelta(days=3, hours=-4, seconds=-1)) == 14400
    assert pause(Answer(500), 9, waited=timedelta(days=3, hours=-4)) is None


def test_a_receiver_may_ask_for_a_longer_pause_but_not_for_a_shorter_one() -> None:
    assert pause(Answer(503, retry_after=timedelta(minutes=7))) == 420
    assert pause(Answer(503, retry_after=timedelta(seconds=1))) == 5


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", None),
        ("120", timedelta(seconds=120)),
        ("99999999999999999999", LONGEST_RETRY_AFTER),
        ("-5", None),
        ("soon", None),
        ("Fri, 01 Mar 2019 12:05:00 GMT", timedelta(minutes=5)),
        ("Fri, 01 Mar 2019 11:05:00 GMT", timedelta()),
        ("Fri, 01 Mar 2999 12:05:00 GMT", LONGEST_RETRY_AFTER),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nobody_s_word_for_ever(text: str, read: timedelta | None) -> None:
    assert _retry_after(text, NOW) == read
