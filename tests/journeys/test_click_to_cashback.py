"""The whole path on real parts: link, click-out, an order's life in Admitad's form, ledger, ClickHouse."""

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import asyncpg
import pytest

from tests.agents import DESKTOP
from tests.browsing import Followed, click_out, new_browser
from tests.running import RunningTracker

ADMITAD_ID = "701122334"


async def go(link: str) -> Followed:
    """A click-out of a browser that was never here."""
    async with new_browser(headers={"User-Agent": DESKTOP}) as browser:
        return await click_out(browser, link)


async def admitad(address: str, click_id: str, **fields: str) -> tuple[int, str]:
    """A postback in Admitad's simple mode, as postbacks.md 3.1.1 shows it."""
    sent = {
        "offer_id": "6115",
        "offer_name": "Shop",
        "admitad_id": ADMITAD_ID,
        "website_id": "22",
        "subid": "",
        "subid1": "",
        "subid4": click_id,
        "action": "Paid order",
        "payment_sum": "150.50",
        "currency": "RUB",
        "order_id": "A-100500",
        "order_sum": "3010.00",
        "click_time": str(int(time.time())),
        "time": str(int(time.time())),
        "conversion_time": "60",
        "type": "sale",
        "country_code": "RU",
        "reward_ready": "false",
    } | fields
    async with aiohttp.ClientSession() as client, client.get(f"{address}?{urlencode(sent)}") as answer:
        return answer.status, await answer.text()


async def test_a_click_becomes_cashback(tracker: RunningTracker) -> None:
    link = tracker.command("link", "journey-42", "shop").strip()
    address = tracker.command("postback-url", "shop").strip()

    gone = await go(f"{link}&url=https://www.shop.example/p/1%3Fa=b")
    assert (gone.status, gone.asked) == (302, True)
    sent_on = parse_qs(urlsplit(gone.location).query)
    click_id = sent_on["subid4"][0]
    assert sent_on["ulp"] == ["https://www.shop.example/p/1?a=b"]
    assert len(click_id) == 30

    # new, approved, re-held, approved and paid, declined, approved again with a part returned
    for fields in (
        {"payment_status": "new"},
        {"payment_status": "approved"},
        {"payment_status": "pending"},
        {"payment_status": "approved", "reward_ready": "true"},
        {"payment_status": "declined", "reward_ready": "false"},
        {"payment_status": "approved", "reward_ready": "true", "order_sum": "1010.00"},
        {"payment_status": "approved", "reward_ready": "true", "order_sum": "1010.00"},
    ):
        assert await admitad(address, click_id, **fields) == (200, "OK"), fields

    await _ledger_is_balanced(tracker, {"available:journey-42": 51_00})
    revisions = await _until_shipped(tracker, 6)
    assert [(row["status"], row["hold"], row["settled"], row["cashback"]) for row in revisions] == [
        ("pending", 0, 0, 151),
        ("approved", 0, 0, 151),
        ("pending", 1, 0, 151),
        ("approved", 0, 1, 151),
        ("declined", 0, 0, 0),
        ("approved", 0, 1, 51),
    ]
    assert sum(row["cashback_change"] for row in revisions) == 51
    assert _count(tracker, "analytics.clicks", f"click_id = '{click_id}'") == 1
    assert _count(tracker, "analytics.conversions", "order_id = 'A-100500'") == 1
    postbacks = tracker.query(
        "SELECT verdict FROM analytics.postbacks WHERE order_id = 'A-100500' ORDER BY received_at"
    )
    assert [row["verdict"] for row in postbacks] == ["decided"] * 6 + ["duplicate"]


def _count(tracker: RunningTracker, table: str, condition: str) -> int:
    [row] = tracker.query(f"SELECT toUInt32(count()) AS found FROM {table} WHERE {condition}")
    found: int = row["found"]
    return found


async def _until_shipped(tracker: RunningTracker, revisions: int) -> list[dict[str, Any]]:
    sql = (
        "SELECT status, hold, settled, cashback, cashback_change FROM analytics.conversion_revisions "
        "WHERE order_id = 'A-100500' ORDER BY revision"
    )
    async with asyncio.timeout(20):
        while len(rows := await asyncio.to_thread(tracker.query, sql)) < revisions:
            await asyncio.sleep(0.1)
    return rows


async def _ledger_is_balanced(tracker: RunningTracker, expected: dict[str, int]) -> None:
    connection = await asyncpg.connect(tracker.postgres_dsn)
    try:
        rows = await connection.fetch(
            "SELECT account, sum(amount_kopecks)::bigint AS kopecks FROM ledger_entries GROUP BY 1"
        )
        held = {row["account"]: row["kopecks"] for row in rows if row["kopecks"]}
        assert sum(held.values()) == 0
        assert {account: held[account] for account in expected} == expected
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/pb/shop/wrong-secret?order_id=1", 404),
        ("/pb/nobody/wrong-secret", 404),
        ("/go/nobody", 404),
        ("/go/shop?url=https://evil.example/", 400),
        ("/go/shop?url=%00", 400),
        ("/go/shop?s=forged", 200),
        ("/go/shop?url=https://shop.example/%0d%0aSet-Cookie:x=1", 400),
        ("/nothing-here", 404),
    ],
)
async def test_bad_input_is_refused_in_a_sentence(tracker: RunningTracker, path: str, status: int) -> None:
    gone = await go(f"{tracker.url}{path}")

    assert gone.status == status, gone.text
    assert "Traceback" not in gone.text
    assert gone.location == ""


async def test_a_megabyte_of_postback_is_refused_and_others_are_served(tracker: RunningTracker) -> None:
    address = tracker.command("postback-url", "lab").strip()
    async with aiohttp.ClientSession() as client:
        async with client.post(address, data=b"a=" + b"x" * 1_000_000) as answer:
            assert answer.status == 413
        async with client.get(f"{tracker.url}/healthz") as answer:
            assert answer.status == 200


async def test_five_hundred_half_open_connections_disturb_nobody(tracker: RunningTracker) -> None:
    opened = [await asyncio.open_connection("127.0.0.1", tracker.port) for _ in range(500)]
    try:
        for _, writer in opened:
            writer.write(b"GET /go/shop HTTP/1.1\r\nHost: x\r\nX-Drip")
        link = tracker.command("link", "journey-43", "shop").strip()
        assert (await asyncio.wait_for(go(link), 5)).status == 302
        # They are closed by us, not only tolerated.
        ends = await asyncio.wait_for(asyncio.gather(*(reader.read() for reader, _ in opened)), 30)
        assert len(ends) == 500
    finally:
        for _, writer in opened:
            writer.close()


async def test_every_part_that_is_killed_comes_back(tracker: RunningTracker) -> None:
    for part in ("web", "drain", "valkey", "postgres"):
        victim = tracker.find(part)
        assert victim is not None, part
        victim.kill()
        await asyncio.to_thread(victim.wait, 10)
        async with asyncio.timeout(30):
            while (found := tracker.find(part)) is None or found.pid == victim.pid:
                await asyncio.sleep(0.05)
        await tracker.until_ready()

    link = tracker.command("link", "journey-44", "shop").strip()
    assert (await go(link)).status == 302
