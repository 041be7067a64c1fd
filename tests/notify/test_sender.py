"""The sender on the real PostgreSQL, with a programme that receives over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from tests.notify.setting import OLD_SECRET, SECRET, Books, Clock, Programme, open_programme, sending
from tracker.core.notice import ListedNotice
from tracker.notify import sender
from tracker.store.notices import open_notices
from tracker.telemetry import NOTICE_FAILURES, NOTICES_DELIVERED, NOTICES_GIVEN_UP, NOTICES_WAITING, Telemetry


@pytest.fixture
async def programme() -> AsyncIterator[Programme]:
    async with open_programme() as opened:
        yield opened


@pytest.fixture
def books(postgres_dsn: str) -> Books:
    return Books(postgres_dsn)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(sender, "OTHERS_SECONDS", 0.05)


async def listed(books: Books, state: str = "all") -> list[ListedNotice]:
    async with open_notices(books.dsn) as notices:
        return await notices.listed(state, 100)


async def settled(books: Books, **expected: int) -> list[ListedNotice]:
    """Wait until so many are in each state."""
    async with asyncio.timeout(10):
        while True:
            found = {state: await listed(books, state) for state in expected}
            if {state: len(one) for state, one in found.items()} == expected:
                return await listed(books)
            await asyncio.sleep(0.01)


def refuse(order: str, status: int, **headers: str) -> Any:
    def answering(said: dict[str, Any]) -> web.Response | None:
        return web.Response(status=status, headers=headers) if said["data"]["order_id"] == order else None

    return answering


async def test_what_was_credited_is_told_once_signed_and_whole(books: Books, programme: Programme) -> None:
    telemetry = Telemetry()
    await books.credit("A-1", 50, ordered_at_us=1551443999000000)
    async with sending(books.dsn, programme, Clock(), telemetry):
        await programme.until_taken(1)
        await settled(books, undelivered=0)

    [one] = programme.received
    assert one.said == {
        "type": "cashback.accrued",
        "timestamp": books.at.isoformat().replace("+00:00", "Z"),
        "data": {
            "shopper_id": "shopper-1", "partner_id": "lab", "partner_name": "LAB", "order_id": "A-1", "revision": 1,
            "cashback": 50, "cashback_before": 0, "status": "approved", "hold": False, "reasons": [],
            "ordered_at": "2019-03-01T12:39:59Z",
        },
    }  # fmt: skip
    assert one.headers["content-type"] == "application/json"
    assert telemetry.value(NOTICES_DELIVERED) == 1
    assert telemetry.value(NOTICE_FAILURES) == 0


async def test_while_a_secret_is_changed_each_of_the_two_verifies(books: Books, programme: Programme) -> None:
    await books.credit("A-1", 50)
    async with sending(books.dsn, programme, Clock(), Telemetry(), SECRET, OLD_SECRET):
        await programme.until_taken(1)

    [one] = programme.received
    for secret in (SECRET, OLD_SECRET):
        Webhook(secret).verify(one.body, dict(one.headers))


async def test_a_purchase_is_told_in_order_and_delays_no_other(books: Books, programme: Programme) -> None:
    telemetry, clock = Telemetry(), Clock()
    programme.answering = refuse("A-1", 500)
    for rubles in (50, 10, -60):
        await books.credit("A-1", rubles)
    await books.credit("B-1", 7)
    async with sending(books.dsn, programme, clock, telemetry):
        await programme.until_taken(1)
        assert programme.taken == [("B-1", "cashback.accrued", 7)]
        found = await settled(books, waiting=3)
        assert [(one.attempts, one.last_error) for one in found] == [
            (1, ""), (0, ""), (0, ""), (1, "answered 500"),
        ]  # fmt: skip
        programme.answering = lambda _: None
        clock.wait(seconds=6)
        await programme.until_taken(4)
        await settled(books, waiting=0)

    assert programme.taken[1:] == [
        ("A-1", "cashback.accrued", 50), ("A-1", "cashback.changed", 60), ("A-1", "cashback.taken_back", 0),
    ]  # fmt: skip
    first, again = [one for one in programme.received if one.what == ("A-1", "cashback.accrued", 50)]
    assert first.notice_id == again.notice_id
    assert len({one.notice_id for one in programme.received}) == 4
    assert (telemetry.value(NOTICES_DELIVERED), telemetry.value(NOTICE_FAILURES)) == (4, 1)


async def test_a_slow_answer_about_one_purchase_holds_back_only_that_purchase(
    books: Books, programme: Programme
) -> None:
    programme.held = asyncio.Event()
    await books.credit("A-1", 50)
    await books.credit("A-1", 10)
    async with sending(books.dsn, programme, Clock(), Telemetry()):
        await programme.until_received(1)
        await books.credit("B-1", 7)
        await programme.until_received(2)
        assert [one.what[0] for one in programme.received] == ["A-1", "B-1"]
        programme.held.set()
        await programme.until_taken(3)


async def test_a_sender_that_was_killed_before_it_noted_a_delivery_sends_again_under_the_same_id(
    books: Books, programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "STOP_SECONDS", 0.01)
    programme.held = asyncio.Event()  # it was received; that it was, is not known
    await books.credit("A-1", 50)
    async with sending(books.dsn, programme, Clock(), Telemetry()):
        await programme.until_received(1)
    programme.held.set()
    async with sending(books.dsn, programme, Clock(), Telemetry()):
        await settled(books, undelivered=0)

    first, again = programme.received
    assert (first.notice_id, first.body) == (again.notice_id, again.body)


async def test_two_senders_take_turns_and_tell_nothing_twice(books: Books, programme: Programme) -> None:
    for number in range(20):
        await books.credit(f"A-{number}", 50)
    async with sending(books.dsn, programme, Clock(), Telemetry()):
        async with sending(books.dsn, programme, Clock(), Telemetry()):
            await settled(books, undelivered=0)
        await books.credit("B-1", 7)
        await settled(books, undelivered=0)

    assert len(programme.received) == 21


async def test_a_sender_that_lost_its_connection_takes_its_turn_again(books: Books, programme: Programme) -> None:
    async with sending(books.dsn, programme, Clock(), Telemetry()):
        await books.credit("A-1", 50)
        await programme.until_taken(1)
        await books.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        await books.credit("B-1", 7)
        await programme.until_taken(2)
        await settled(books, undelivered=0)

    assert programme.taken[-1] == ("B-1", "cashback.accrued", 7)


async def test_what_is_gone_is_given_up_at_once_and_can_be_replayed(books: Books, programme: Programme) -> None:
    telemetry = Telemetry()
    programme.answering = refuse("A-1", 410)
    await books.credit("A-1", 50)
    await books.credit("A-1", -50, status="declined")
    async with sending(books.dsn, programme, Clock(), telemetry):
        found = await settled(books, failed=2)
        assert {one.last_error for one in found} == {"answered 410"}
        programme.answering = lambda _: None
        async with open_notices(books.dsn) as notices:
            assert await notices.replay_all(Clock().now(), "failed") == 2
        await programme.until_taken(2)

    assert programme.taken == [("A-1", "cashback.accrued", 50), ("A-1", "cashback.taken_back", 0)]
    assert telemetry.value(NOTICES_GIVEN_UP) == 2


async def test_nobody_is_told_after_three_days_unless_it_is_replayed(books: Books, programme: Programme) -> None:
    telemetry, clock = Telemetry(), Clock()
    await books.credit("A-1", 50)
    await books.rows("UPDATE notice_deliveries SET waiting_since = waiting_since - interval '3 days 1 second'")
    await books.credit("B-1", 7)
    async with sending(books.dsn, programme, clock, telemetry):
        await programme.until_taken(1)
        [_, old] = await settled(books, undelivered=1)
        assert old.last_error == "waited too long: nobody sent it"
        assert telemetry.value(NOTICES_WAITING) == 1
        async with open_notices(books.dsn) as notices:
            known, unknown = old.notice.notice_id, "ntc_" + "0" * 32
            assert await notices.replay(clock.now(), [known, unknown, "A-1"]) == [known]
        await programme.until_taken(2)

    assert programme.taken == [("B-1", "cashback.accrued", 7), ("A-1", "cashback.accrued", 50)]


async def test_a_delivered_notice_is_replayed_under_its_id(books: Books, programme: Programme) -> None:
    await books.credit("A-1", 50)
    async with sending(books.dsn, programme, Clock(), Telemetry()):
        await settled(books, undelivered=0)
        async with open_notices(books.dsn) as notices:
            assert await notices.replay_since(Clock().now(), books.at) == 1
        await programme.until_taken(2)

    first, again = programme.received
    assert (first.notice_id, first.body) == (again.notice_id, again.body)


async def test_a_redirect_is_not_followed(books: Books, programme: Programme) -> None:
    programme.answering = refuse("A-1", 307, Location=programme.url)
    await books.credit("A-1", 50)
    async with sending(books.dsn, programme, Clock(), Telemetry()):
        await programme.until_received(1)
        async with asyncio.timeout(10):
            while (await listed(books))[0].last_error != "answered 307":
                await asyncio.sleep(0.01)

    assert len(programme.received) == 1


async def test_nobody_at_the_address_is_a_failed_attempt_like_any_other(books: Books) -> None:
    await books.credit("A-1", 50)
    async with sending(books.dsn, Programme(url="http://127.0.0.1:9/"), Clock(), Telemetry()):
        async with asyncio.timeout(10):
            while not (await listed(books))[0].attempts:
                await asyncio.sleep(0.01)
    [one] = await listed(books)

    assert one.last_error == "no answer (ClientConnectorError)"
    assert one.next_attempt_at is not None


async def test_what_cannot_be_told_is_listed_and_stops_nothing(books: Books, programme: Programme) -> None:
    await books.credit("A-1", 50)
    await books.credit("B-1", 7, rate="no number")
    await books.rows(
        "INSERT INTO notices (entry_id, partner_id, order_id, revision, shopper_id, before_kopecks, change_kopecks, at)"
        " SELECT id, partner_id, order_id, revision, 'shopper-1', 1, 1, at FROM ledger_entries WHERE account = $1"
        " AND order_id = 'A-1'",
        "receivable:lab",
    )
    await books.rows(
        "INSERT INTO notice_deliveries (notice_id, partner_id, order_id, waiting_since, next_attempt_at)"
        " SELECT max(id), 'lab', 'A-1', now(), now() FROM notices"
    )
    async with sending(books.dsn, programme, Clock(), Telemetry()):
        found = await settled(books, failed=2, waiting=0)

    assert [one.last_error for one in found] == [
        "cannot be told: 2 kopecks are no whole rubles", "cannot be told: its revision cannot be read", "",
    ]  # fmt: skip
