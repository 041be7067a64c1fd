"""The signature that a receiver checks, held to a vector made by openssl and to the specification's own library."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from tracker.core.standard_webhooks import key_of, secret_of, signature

# As docs/notifications.md has it:
# printf '%s' "$ID.$TIMESTAMP.$BODY" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary | base64
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "ntc_000102030405060708090a0b0c0d0e0f"
TIMESTAMP = 1551444000
BODY = (
    '{"type":"cashback.accrued","timestamp":"2019-03-01T12:40:00Z","data":{"shopper_id":"shopper-1",'
    '"partner_id":"lab","partner_name":"LAB","order_id":"A-1","revision":1,"cashback":50,"cashback_before":0,'
    '"status":"approved","hold":false,"reasons":[],"ordered_at":null}}'
)
SIGNATURE = "v1,4Vw0sBoNvmvUeHaGsjs1tH7XrgsRzoenCJdF0SOMkQA="


def test_the_documented_vector() -> None:
    key = key_of(SECRET)

    assert key is not None
    assert signature(key, ID, TIMESTAMP, BODY.encode()) == SIGNATURE


def test_it_is_what_the_specification_s_own_library_makes() -> None:
    key = key_of(SECRET)

    assert key is not None
    body = '{"магазин":"Ламода"}'
    by_the_library = Webhook(SECRET).sign(ID, datetime.fromtimestamp(TIMESTAMP, UTC), body)
    assert signature(key, ID, TIMESTAMP, body.encode()) == by_the_library


def test_a_secret_is_read_as_it_was_written() -> None:
    assert key_of(secret_of(bytes(range(32)))) == bytes(range(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "whsec_not base64!",
        SECRET.removeprefix("whsec_"),
        SECRET + "é",
        "whsec_" + b64encode(bytes(23)).decode(),
        "whsec_" + b64encode(bytes(65)).decode(),
    ],
)
def test_what_could_be_guessed_or_is_no_secret_is_not_taken(text: str) -> None:
    assert key_of(text) is None
