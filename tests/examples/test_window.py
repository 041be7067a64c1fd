"""programme.md section 4, "Window": AE-21...AE-26."""

import pytest

from tests.examples.conftest import Try, request

_CLICK = "2019-03-01T12:00:00Z"
_LATER = ("--now", "2020-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("example", "clicked_at", "fields", "cashback", "reasons"),
    [
        ("AE-21", _CLICK, {"event_time": "2019-05-30T12:00:00Z"}, 50, []),
        ("AE-22", _CLICK, {"event_time": "2019-05-30T12:00:01Z"}, 0, ["late"]),
        (
            "AE-23 in",
            _CLICK,
            {"order_time": "2019-03-01T12:40:00Z", "event_time": "2019-05-30T12:40:00Z"},
            50,
            [],
        ),
        (
            "AE-23 late",
            _CLICK,
            {"order_time": "2019-03-01T12:40:00Z", "event_time": "2019-05-30T12:40:01Z"},
            0,
            ["late"],
        ),
        ("AE-24", "2019-07-01T12:00:00Z", {"event_time": "2019-09-30T12:00:00Z"}, 0, ["late"]),
        ("AE-24 limit", "2019-07-01T12:00:00Z", {"event_time": "2019-09-29T12:00:00Z"}, 50, []),
    ],
)
def test_a_confirmation_counts_up_to_90_days(
    try_postback: Try, example: str, clicked_at: str, fields: dict[str, str], cashback: int, reasons: list[str]
) -> None:
    printed = try_postback("lab", request(amount="1000.00", **fields), *_LATER, clicked_at=clicked_at)

    assert (printed["cashback"], printed["reasons"]) == (cashback, reasons), example
    assert (printed["status"], printed["http_status"]) == ("approved", 200)


def test_ae_25_a_pending_order_that_is_approved_after_the_window_is_late(try_postback: Try) -> None:
    pending = request(status="pending", amount="1000.00", event_time="2019-03-03T12:00:00Z")

    waiting = try_postback("lab", pending)
    assert (waiting["status"], waiting["cashback"]) == ("pending", 50)

    late = try_postback("lab", request(amount="1000.00", event_time="2019-06-01T00:00:00Z"), previous=(pending,))
    assert (late["cashback"], late["reasons"], late["http_status"]) == (0, ["late"], 200)


def test_ae_26_a_return_counts_at_any_age(try_postback: Try) -> None:
    approved = request(amount="1000.00", event_time="2019-03-31T12:00:00Z")
    returned = request(status="declined", event_time="2019-06-29T12:00:00Z")

    printed = try_postback("lab", returned, *_LATER, previous=(approved,))

    assert (printed["status"], printed["cashback"]) == ("declined", 0)
    assert "after_window" in printed["flags"]


def test_an_increase_after_the_window_is_not_credited_and_a_partial_return_is(try_postback: Try) -> None:
    approved = request(amount="1000.00", event_time="2019-03-31T12:00:00Z")
    after = "2019-06-29T12:00:00Z"

    grown = try_postback("lab", request(amount="2000.00", event_time=after), *_LATER, previous=(approved,))
    assert (grown["cashback"], grown["base"]) == (50, "1000.00")
    assert "after_window" in grown["flags"]

    kept = try_postback("lab", request(amount="400.00", event_time=after), *_LATER, previous=(approved,))
    assert (kept["cashback"], kept["base"]) == (20, "400.00")


def test_a_hold_that_is_released_after_the_window_is_not_late(try_postback: Try) -> None:
    held = request(status="approved", hold="true", amount="1000.00", event_time="2019-03-31T12:00:00Z")
    released = request(status="approved", hold="false", amount="1000.00", event_time="2019-06-29T12:00:00Z")

    printed = try_postback("lab", released, *_LATER, previous=(held,))

    assert (printed["cashback"], printed["hold"], printed["reasons"]) == (50, False, [])
