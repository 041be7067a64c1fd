"""What a message says about money cannot be read in two ways (reliability.md 4.4)."""

import pytest

from tracker.postback.json_values import json_values
from tracker.postback.refusal import Refusal, UnreadableError
from tracker.postback.request import RawRequest, fields


@pytest.mark.parametrize(
    "body",
    [
        '{"amount": 1, "amount": 2}',
        '{"amount": 1, "amount": 1}',
        '{"order": {"amount": 1, "amount": 2}}',
        '{"items": [{"amt": 1, "amt": 2}]}',
        '{"amount": 1, "\\u0061mount": 2}',
    ],
)
def test_a_name_that_stands_twice_in_json_is_refused(body: str) -> None:
    """Python's own reader silently takes the last."""
    with pytest.raises(UnreadableError, match="stands twice"):
        json_values(body.encode())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(UnreadableError, match="is not a number"):
        json_values(f'{{"amount": {number}}}'.encode())


@pytest.mark.parametrize("number", ["19.99", "0.1", "1e2", "12345678901234567890.123456789", "1.10"])
def test_a_number_is_the_text_that_was_sent(number: str) -> None:
    assert json_values(f'{{"amount": {number}}}'.encode()) == [("amount", number)]


@pytest.mark.parametrize(
    "request_",
    [
        RawRequest("GET", "amount=1.00&amount=2.00"),
        RawRequest("GET", "amount=1.00&%61mount=2.00"),
        RawRequest("GET", "amount=1.00& amount=2.00"),
        RawRequest("POST", "", "application/x-www-form-urlencoded", b"amount=1.00&amount=2.00"),
        RawRequest("POST", "", "application/json", b'{"a.amount": 1, "a": {"amount": 2}}'),
    ],
    ids=["query", "escaped", "blank", "form", "dotted"],
)
def test_a_field_that_stands_twice_with_two_values_is_refused(request_: RawRequest) -> None:
    assert isinstance(fields(request_), Refusal)
