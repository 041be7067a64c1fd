"""Every situation of design 6: what the sender is told, what is kept, what becomes of the conversion."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.core.factories import CLICK, OTHER_CLICK
from tests.postback.setting import ORDER, SECRET, Setting, open_setting

C = CLICK.click_id
APPROVED = f"click_id={C}&order_id={ORDER}&status=approved&amount=1000.00"


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        yield opened


@dataclass
class Row:
    query: str
    http: int
    verdict: str
    before: list[str] = field(default_factory=list)
    revisions: int = 0
    partner: str = "lab"
    away: bool = False


TABLE = {
    "decided": Row(APPROVED, 200, "decided", revisions=1),
    "equal to the newest of its line": Row(APPROVED, 200, "duplicate", before=[APPROVED], revisions=1),
    "the sender's event id again": Row(
        f"{APPROVED}&event_id=e1&tariff=2", 200, "duplicate", before=[f"{APPROVED}&event_id=e1"], revisions=1
    ),
    "older than what is applied": Row(
        f"click_id={C}&order_id=A-1&status=pending&amount=1000.00&event_time=2019-03-01T13:00:00Z",
        200,
        "outdated",
        before=[f"{APPROVED}&event_time=2019-03-01T13:00:01Z"],
        revisions=1,
    ),
    "empty": Row("", 200, "empty"),
    "test": Row(f"{APPROVED}&test=1", 200, "test"),
    "a macro that was not filled in": Row("click_id=%7Bsubid%7D&order_id=A-1", 200, "macro"),
    "a click that we do not have": Row(
        f"click_id={'e' * 30}&order_id=A-1&status=approved", 200, "unknown_click", revisions=1
    ),
    "no click id": Row("order_id=A-1&status=approved&amount=5.00", 200, "unknown_click", revisions=1),
    "a click id that we did not sign": Row(
        "click_id=forged&order_id=A-1&amount=5.00", 200, "bad_signature", revisions=1
    ),
    "the order belongs to another click": Row(
        f"click_id={OTHER_CLICK.click_id}&order_id={ORDER}&status=approved",
        200,
        "order_taken",
        before=[APPROVED],
        revisions=1,
    ),
    "clicks cannot be looked up": Row(APPROVED, 200, "deferred", away=True),
    "no order id": Row(f"click_id={C}&status=approved", 422, "order_missing"),
    "a bad amount": Row(f"click_id={C}&order_id=A-1&amount=1e3", 422, "amount_bad"),
    "more than two decimals": Row(f"click_id={C}&order_id=A-1&amount=1.005", 422, "amount_bad"),
    "delivery is missing though sums include it": Row(APPROVED, 422, "delivery_missing", partner="gross"),
    "a currency that is not listed": Row(f"{APPROVED}&currency=USD", 422, "currency_not_listed"),
    "a time without a zone": Row(f"{APPROVED}&event_time=2019-03-01T13:00:00", 422, "time_bad"),
    "a name stands twice": Row(f"{APPROVED}&amount=2.00", 400, "unparseable"),
    "a zero byte": Row(f"{APPROVED}&promo_code=%00", 400, "unparseable"),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
async def test_each_situation_is_answered_kept_and_decided_as_the_design_says(setting: Setting, row: Row) -> None:
    setting.clicks.signed["e" * 30] = "lab"
    for query in row.before:
        assert (await setting.send(query))[0] == 200
        setting.wait(seconds=1)
    setting.clicks.away = row.away

    status, answer = await setting.send(row.query, partner_id=row.partner)

    assert (status, answer["verdict"]) == (row.http, row.verdict), answer
    kept = (await setting.rows("SELECT * FROM postbacks ORDER BY received_at DESC, id DESC LIMIT 1"))[0]
    assert str(kept["id"]) == answer["received_id"]
    assert (kept["verdict"], kept["http_status"], kept["query"]) == (row.verdict, row.http, row.query)
    assert await setting.value("SELECT count(*) FROM postbacks") == len(row.before) + 1
    assert await setting.value("SELECT count(*) FROM conversion_revisions") == row.revisions
    assert await setting.value("SELECT count(*) FROM outbox WHERE kind = 'postback'") == len(row.before) + 1
    assert await setting.value("SELECT count(*) FROM outbox WHERE kind = 'revision'") == row.revisions
    assert sum((await setting.balances()).values()) == 0


async def test_what_was_decided_is_told_and_posted(setting: Setting) -> None:
    _, answer = await setting.send(APPROVED)
    assert (answer["status"], answer["cashback"], answer["reasons"]) == ("approved", 50, [])
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-1": 5000}


@pytest.mark.parametrize("path", [f"/pb/lab/{SECRET}", f"/pb/lab/{SECRET}/"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_any_method_and_a_trailing_slash_are_taken_and_never_redirected(
    setting: Setting, path: str, method: str
) -> None:
    response = await setting.client.request(method, f"{path}?{APPROVED}", allow_redirects=False)
    assert response.status == 200
    assert (await response.read() == b"") == (method == "HEAD")
    assert await setting.value("SELECT method FROM postbacks") == method
    assert (await setting.known()).cashback == 50


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_told_which_ones_work(setting: Setting, method: str) -> None:
    response = await setting.client.request(method, f"/pb/lab/{SECRET}?{APPROVED}")
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    "body",
    [
        {"data": APPROVED, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"json": dict(pair.split("=") for pair in APPROVED.split("&"))},
    ],
    ids=["form", "json"],
)
async def test_a_body_is_kept_byte_for_byte(setting: Setting, body: dict[str, Any]) -> None:
    status, answer = await setting.send(method="POST", **body)
    assert (status, answer["cashback"]) == (200, 50)
    assert b"1000.00" in await setting.value("SELECT body FROM postbacks")


@pytest.mark.parametrize("path", ["/pb/lab/wrong", "/pb/nobody/wrong", f"/pb/nobody/{SECRET}", f"/pb/lab/{SECRET}%00"])
async def test_a_wrong_secret_or_partner_is_counted_and_not_kept(setting: Setting, path: str) -> None:
    response = await setting.client.get(f"{path}?{APPROVED}")
    assert response.status == 404
    assert setting.counted == [("", "wrong_secret")]
    assert await setting.value("SELECT count(*) FROM postbacks") == 0


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "in chunks"])
async def test_a_body_that_is_too_large_is_refused_unread(setting: Setting, announced: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(16):
            yield b"x" * 65536

    data: Any = b"x" * 1_048_576 if announced else chunks()
    response = await setting.client.post(f"/pb/lab/{SECRET}?{APPROVED}", data=data)
    assert response.status == 413
    assert setting.counted == [("", "too_large")]
    assert await setting.value("SELECT count(*) FROM postbacks") == 0


async def test_a_body_of_exactly_the_limit_is_kept(setting: Setting) -> None:
    response = await setting.client.post(f"/pb/lab/{SECRET}?{APPROVED}", data=b" " * 65536)
    assert response.status == 200


async def test_a_compressed_body_is_refused_unread(setting: Setting) -> None:
    headers = {"Content-Encoding": "gzip"}
    response = await setting.client.post(f"/pb/lab/{SECRET}?{APPROVED}", data=b"\x1f\x8b", headers=headers)
    assert response.status == 415


async def test_secrets_in_parameters_and_the_path_are_nowhere_in_the_database(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "tracker")
    await setting.send(f"{APPROVED}&token=canary-1")
    await setting.send(method="POST", data="order_id=A-2&token=canary-2")
    kept = [str(dict(row)) for row in await setting.rows("SELECT * FROM postbacks")]
    shipped = [bytes(row["body"]) for row in await setting.rows("SELECT body FROM outbox")]
    assert len(kept) == 2
    for secret in (SECRET, "canary-1", "canary-2"):
        assert not any(secret in one for one in kept)
        assert not any(secret.encode() in one for one in shipped)
        assert secret not in caplog.text


async def test_a_network_is_answered_in_its_own_words(setting: Setting) -> None:
    response = await setting.client.get(f"/pb/admi/{SECRET}?order_id=A-1&payment_status=new")
    assert (response.status, await response.text()) == (200, "OK")


async def test_a_status_word_that_nobody_explained_is_counted_and_approves_nothing(setting: Setting) -> None:
    await setting.send(f"click_id={C}&order_id={ORDER}&status=shipped&amount=1000.00")

    assert (setting.words_unknown, setting.counted) == (["lab"], [("lab", "decided")])
    assert await setting.value("SELECT status FROM conversions") == "pending"


async def test_a_ledger_that_is_away_is_a_line_in_the_log_for_each_message(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    await setting.ledger._pool.close()

    status, answer = await setting.send(APPROVED)

    assert (status, answer["verdict"]) == (503, "not_stored")
    assert "could not be stored: PostgreSQL did not answer" in caplog.text
    assert "Traceback" not in caplog.text
