"""What the demo's programme would send to its shoppers, once the tracker has told it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from multidict import CIMultiDict

from tests.demo.setting import PORT, programme
from tests.demo.test_shop import Visitor, visiting
from tracker.core.partner import Notify
from tracker.core.standard_webhooks import key_of, secret_of
from tracker.demo.messages_page import message
from tracker.demo.partners import demo_programme
from tracker.demo.telling import Telling
from tracker.demo.texts import TEXTS
from tracker.notify.post import signed_headers

SECRET = secret_of(b"d" * 32)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def body(kind: str = "accrued", **more: Any) -> bytes:
    said = {
        "shopper_id": "shopper-1", "partner_id": "lamoda", "partner_name": "Lamoda", "order_id": "A-1", "revision": 1,
        "cashback": 50, "cashback_before": 0, "status": "approved", "hold": False, "reasons": [], "ordered_at": None,
    }  # fmt: skip
    return json.dumps({"type": f"cashback.{kind}", "timestamp": "2026-11-24T11:59:59.5Z", "data": said | more}).encode()


def headers(sent: bytes, notice: str = "ntc_1", secret: str = SECRET, at: datetime = NOW) -> CIMultiDict[str]:
    return CIMultiDict(signed_headers([key_of(secret) or b""], notice, sent, at))


@pytest.mark.parametrize(
    ("said", "russian", "english"),
    [
        ({}, "Начислено 50 ₽ за покупку в Lamoda.", "50 ₽ credited for your purchase at Lamoda."),
        (
            {"kind": "changed", "cashback_before": 60},
            "Кэшбэк за покупку в Lamoda теперь 50 ₽, было 60 ₽.",
            "Your cashback from Lamoda is 50 ₽ now, it was 60 ₽.",
        ),
        (
            {"kind": "taken_back", "cashback_before": 60, "cashback": 0, "status": "declined"},
            "Кэшбэк 60 ₽ за покупку в Lamoda отменён: магазин отклонил заказ или принял возврат.",
            "Your cashback of 60 ₽ from Lamoda was taken back: the shop declined the order or got the goods back.",
        ),
        (
            {"kind": "taken_back", "cashback_before": 60, "cashback": 0, "hold": True},
            "Кэшбэк 60 ₽ за покупку в Lamoda отменён: магазин ещё раз проверяет заказ.",
            "Your cashback of 60 ₽ from Lamoda was taken back: the shop is looking at the order again.",
        ),
        (
            {"kind": "taken_back", "cashback_before": 60, "cashback": 0, "reasons": ["below_minimum", "late"]},
            "Кэшбэк 60 ₽ за покупку в Lamoda отменён: условия не выполнены (below_minimum, late).",
            "Your cashback of 60 ₽ from Lamoda was taken back: the conditions are not met (below_minimum, late).",
        ),
    ],
)
def test_a_notification_becomes_a_message_in_the_shopper_s_words(
    said: dict[str, Any], russian: str, english: str
) -> None:
    telling, sent = Telling(SECRET), body(**said)
    assert telling.receive(headers(sent), sent, NOW)

    [one] = telling.newest_first()
    assert message(one, TEXTS["ru"]).replace("\u00a0", " ") == russian
    assert message(one, TEXTS["en"]).replace("\u00a0", " ") == english
    assert (one.shopper, one.order, one.at) == ("shopper-1", "A-1", "2026-11-24 11:59:59")


def test_only_what_the_tracker_signed_is_believed_and_each_id_is_shown_once() -> None:
    telling, sent = Telling(SECRET), body()
    assert not telling.receive(headers(sent, secret=secret_of(b"x" * 32)), sent, NOW)
    assert not telling.receive(headers(sent), sent + b" ", NOW)
    assert not telling.receive(headers(sent, at=NOW.replace(hour=11)), sent, NOW)
    assert not telling.receive({}, sent, NOW)
    assert not Telling(None).receive(headers(sent), sent, NOW)
    assert telling.newest_first() == []

    for notice in ("ntc_1", "ntc_1", "ntc_2"):
        assert telling.receive(headers(sent, notice), sent, NOW)
    trial = json.dumps({"type": "cashback.test", "timestamp": "", "data": {}}).encode()
    assert telling.receive(headers(trial, "ntc_3"), trial, NOW)
    assert len(telling.newest_first()) == 2


def test_a_demo_notifies_itself_and_never_whom_partners_yaml_names() -> None:
    assert demo_programme(programme(), PORT).notify is None
    assert demo_programme(programme(), PORT, SECRET).notify == Notify(
        f"http://127.0.0.1:{PORT}/notifications", (SECRET,)
    )


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with visiting(f"programme.localhost:{PORT}") as opened:
        yield opened


async def test_the_page_says_so_while_there_is_nothing(visitor: Visitor) -> None:
    assert "No messages yet" in (await visitor.get("/messages"))[1]
    assert "Сообщений пока нет" in (await visitor.get("/messages", "ru"))[1]


async def test_what_is_not_signed_is_refused_and_not_shown(visitor: Visitor) -> None:
    async with visitor.client.post("/notifications", data=body(partner_name="<script>")) as answer:
        assert answer.status == 401
    assert "Lamoda" not in (await visitor.get("/messages"))[1]
