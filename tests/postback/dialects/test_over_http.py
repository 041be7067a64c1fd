"""Networks' requests over HTTP, on the real ledger: one order of each, probes, and what is never stored."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import pytest

from tests.core.factories import CLICK
from tests.postback.dialects.setting import SECRET, speaker
from tests.postback.setting import Setting, open_setting
from tracker.core.click import Click

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
AWIN = (
    '{"transactionId":"77","transactionDate":"2019-03-01 12:05:00","transactionAmount":"1000.00","clickRef":"CLICK",'
    '"transactionCurrency":"RUB"}'
)


@dataclass(frozen=True)
class Sent:
    """One request of an order, and what the order is after it."""

    dialect: str
    query: str = ""
    body: str = ""
    headers: Mapping[str, str] | None = None
    status: str = "approved"
    cashback: int = 50
    order_id: str = "77"


ADMITAD = "admitad_id=1&subid4=CLICK&order_id=77&order_sum=1000&time=1551445200"
SENT = [
    Sent("admitad", f"{ADMITAD}&payment_status=new&reward_ready=false", status="pending"),
    Sent("admitad", f"{ADMITAD}&payment_status=approved&reward_ready=false"),
    Sent("admitad", f"{ADMITAD}&payment_status=pending&reward_ready=false", status="pending"),
    Sent("admitad", f"{ADMITAD}&payment_status=approved&reward_ready=true"),
    Sent("admitad", f"{ADMITAD}&payment_status=declined&reward_ready=false", status="declined", cashback=0),
    Sent("awin", body=f"AwinTransactionPush={quote(AWIN)}", headers=FORM, status="pending"),
    Sent(
        "impact",
        body='{"action_id":"77","status":"APPROVED","sub":"CLICK","items":[{"sku":"A","qty":"1","amt":"1000"}]}',
        headers=JSON,
    ),
    Sent(
        "takeads",
        "our_click_id=CLICK&our_order_id=77&our_status=approved&our_amount=1000",
        body='{"subId":"CLICK","status":"X"}',
        headers=JSON,
    ),
    Sent("affise", "sub1=CLICK&transactionid=77&status=2&order_sum=1000", status="pending"),
    Sent("affise", "sub1=CLICK&transactionid=77&status=1&order_sum=1000"),
    Sent("everflow", "sub1=CLICK&order_id=77&amount=1000,00&status=approved"),
    Sent("rakuten", "etransaction_id=1&order_id=77&sale_amount=1200.00&u1=CLICK", status="pending", cashback=60),
    Sent("rakuten", "etransaction_id=2&order_id=77&sale_amount=-200.00&u1=CLICK", status="pending"),
    Sent("alibaba", "click=CLICK&order=77&platform=pc&amount=1000", status="pending"),
    Sent("keitaro", "external_id=CLICK&tid=77&status=sale&amount=1000"),
]
NAMES = sorted({sent.dialect for sent in SENT})


def click(dialect: str) -> Click:
    return replace(CLICK, click_id=chr(ord("g") + NAMES.index(dialect)) * 30, partner_id=dialect)


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        for name in NAMES:
            words = (("approved", "approved"),) if name == "takeads" else ()
            opened.partners[name] = speaker(name, statuses=words)
            opened.clicks.record(click(name))
        yield opened


async def send(setting: Setting, sent: Sent, method: str = "", after: str = "") -> tuple[int, str]:
    address = f"/pb/{sent.dialect}/{SECRET}{after}?{sent.query.replace('CLICK', click(sent.dialect).click_id)}"
    more: dict[str, Any] = {"headers": dict(sent.headers or {}), "allow_redirects": False}
    body = sent.body.replace("CLICK", click(sent.dialect).click_id)
    response = await setting.client.request(
        method or ("POST" if body else "GET"), address, data=body.encode() or None, **more
    )
    return response.status, await response.text()


async def order(setting: Setting, sent: Sent) -> tuple[str, int]:
    (row,) = await setting.rows(
        "SELECT status, cashback FROM conversions WHERE partner_id = $1 AND order_id = $2", sent.dialect, sent.order_id
    )
    return row["status"], row["cashback"]


async def test_an_order_of_each_network_is_decided_and_answered_in_its_words(setting: Setting) -> None:
    for sent in SENT:
        assert await send(setting, sent) == (200, "OK")
        assert await order(setting, sent) == (sent.status, sent.cashback), sent

    assert await setting.value("SELECT count(*) FROM conversions") == len(NAMES)
    kept = await setting.rows("SELECT DISTINCT dialect FROM postbacks ORDER BY 1")
    assert [row["dialect"] for row in kept] == NAMES
    assert sum((await setting.balances()).values()) == 0


async def test_probes_slashes_and_what_is_no_order_are_answered_200_and_a_stranger_404(setting: Setting) -> None:
    for name in NAMES:
        first = next(sent for sent in SENT if sent.dialect == name)
        assert await send(setting, first, "HEAD") == (200, "")
        assert await send(setting, first, after="/") == (200, "OK")
        assert await send(setting, Sent(name)) == (200, "OK")
    await _macros(setting)
    await _mistakes_of_takeads(setting)

    before = await setting.value("SELECT count(*) FROM postbacks")
    for name in NAMES:
        response = await setting.client.get(f"/pb/{name}/WRONG?order_id=1")
        assert response.status == 404
    assert await setting.value("SELECT count(*) FROM postbacks") == before
    assert setting.counted.count(("", "wrong_secret")) == len(NAMES)


async def _macros(setting: Setting) -> None:
    """As they really arrive when a network fills nothing in."""
    for name, query in (
        ("keitaro", "external_id=%7Bsubacc4%7D&tid=1"),
        ("admitad", "subid4=[[[subid4]]]&order_id=1"),
        ("awin", "clickRef=!!!clickRef!!!&transactionId=1"),
    ):
        assert await send(setting, Sent(name, query)) == (200, "OK")
        assert setting.counted[-1] == (name, "macro")
    assert await setting.value("SELECT count(*) FROM conversions WHERE order_id = '1'") == 0


async def _mistakes_of_takeads(setting: Setting) -> None:
    """Whose addresses are worth nothing once they answered 4xx."""
    for query, body, verdict in (("our_order_id=", "{}", "empty"), ("our_amount=7", '{"a":"b"}', "order_missing")):
        status, _ = await send(setting, Sent("takeads", query, body, JSON))
        assert (status, setting.counted[-1]) == (200, ("takeads", verdict))
