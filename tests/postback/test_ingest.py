"""One conversion is decided once, whoever sends what how often, and nothing that was answered is lost."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.core.factories import CLICK, OTHER_CLICK
from tests.postback.setting import ORDER, Setting, open_setting, other_terms
from tracker.core import take as take_module
from tracker.core.reasons import MessageCode, Reason
from tracker.errors import StoreUnavailableError
from tracker.ports import Change, KnownOrder
from tracker.postback import ingest as ingest_module
from tracker.postback import named as named_module
from tracker.store.ledger import Ledger

C = CLICK.click_id


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        yield opened


async def test_a_pending_order_waits_and_an_approval_makes_it_available(setting: Setting) -> None:
    await setting.report(status="pending", amount="1000.00")
    assert await setting.balances() == {"receivable:lab": -5000, "pending:shopper-1": 5000}
    await setting.report(status="approved")
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-1": 5000}
    await setting.report(status="declined")
    assert await setting.balances() == {}
    changes = [
        row[0] for row in await setting.rows("SELECT cashback_change FROM conversion_revisions ORDER BY revision")
    ]
    assert changes == [50, 0, -50]


async def test_an_order_that_has_its_click_needs_no_lookup(setting: Setting) -> None:
    await setting.report(status="pending", amount="1000.00")
    setting.clicks.away = True
    assert await setting.report(status="approved") == "decided"
    assert await setting.report(status="approved", amount="900.00", click_id="") == "decided"
    assert setting.clicks.lookups == 1
    assert (await setting.known()).cashback == 45


async def test_an_order_moves_with_its_entries_when_an_older_message_names_another_click(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved", event_time="2019-03-01T13:00:00Z")
    verdict = await setting.report(
        amount="200.00", status="approved", event_time="2019-03-01T12:30:00Z", click_id=OTHER_CLICK.click_id
    )
    assert verdict == "decided"
    assert await setting.balances() == {"receivable:lab": -1000, "available:shopper-2": 1000}


async def test_messages_at_one_instant_get_different_receipt_times(setting: Setting) -> None:
    for amount in ("1.00", "2.00", "3.00"):
        await setting.report(amount=amount)
    received = [message.received_at - setting.now for message in (await setting.known()).order.messages]
    assert received == [timedelta(), timedelta(microseconds=1), timedelta(microseconds=2)]


async def test_a_clock_that_went_back_does_not_reorder_messages(setting: Setting) -> None:
    await setting.report(amount="100.00", status="approved")
    setting.wait(minutes=-5)
    await setting.report(amount="200.00", status="approved")
    assert (await setting.known()).cashback == 10


async def test_many_workers_that_get_the_same_message_decide_it_once(setting: Setting) -> None:
    verdicts = await asyncio.gather(*(setting.report(amount="1000.00", status="approved") for _ in range(20)))
    assert sorted(verdicts) == ["decided", *["duplicate"] * 19]
    assert await setting.value("SELECT count(*) FROM postbacks") == 20
    assert await setting.value("SELECT count(*) FROM ledger_entries") == 2


async def test_workers_of_several_processes_agree_on_one_state(setting: Setting) -> None:
    """A second flow with a ledger of its own stands for another process: nothing in memory is shared."""
    steps = [(status, f"{amount}.00") for status in ("pending", "approved") for amount in range(100, 105)]
    sent = [
        {"status": status, "amount": amount, "event_time": f"2019-03-01T13:00:{second:02}Z"}
        for second, (status, amount) in enumerate(steps)
    ]
    async with open_setting(setting.dsn) as other:
        jobs = [(where, message) for message in sent for where in (setting, other)]
        random.Random(1).shuffle(jobs)  # noqa: S311 - a shuffle that can be repeated
        verdicts = await asyncio.gather(*(where.report(**message) for where, message in jobs))
    assert set(verdicts) <= {"decided", "duplicate", "outdated"}
    known = await setting.known()
    assert known.cashback == 5  # 104.00 at 5 %
    assert await setting.balances() == {"receivable:lab": -500, "available:shopper-1": 500}
    assert await setting.value("SELECT sum(cashback_change) FROM conversion_revisions") == 5
    revisions = [row[0] for row in await setting.rows("SELECT revision FROM conversion_revisions ORDER BY 1")]
    assert revisions == list(range(1, known.revision + 1))


async def test_an_action_is_rewarded_once_a_shopper_and_moves_when_the_first_is_declined(setting: Setting) -> None:
    once = other_terms("once", once_per_shopper=True)
    await setting.ledger.put_in_force([once])
    setting.clicks.record(replace(CLICK, terms_version="once"))

    async def state() -> list[tuple[int, list[str]]]:
        rows = await setting.rows("SELECT cashback, reasons FROM conversions ORDER BY order_id")
        return [(row["cashback"], list(row["reasons"])) for row in rows]

    taken = str(Reason.ACTION_ALREADY_REWARDED)
    for order_id in ("A-1", "A-2", "A-3"):
        await setting.report(order_id=order_id, amount="1000.00", status="approved")
        setting.wait(seconds=1)
    assert await state() == [(50, []), (0, [taken]), (0, [taken])]
    await setting.report(order_id="A-1", status="declined")
    assert await state() == [(0, []), (50, []), (0, [taken])]
    await setting.report(order_id="A-1", status="approved")
    assert await state() == [(50, []), (0, [taken]), (0, [taken])]
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-1": 5000}


async def test_orders_of_one_action_that_come_at_once_are_rewarded_once(setting: Setting) -> None:
    once = other_terms("once", once_per_shopper=True)
    await setting.ledger.put_in_force([once])
    async with open_setting(setting.dsn) as other:
        for where in (setting, other):
            where.clicks.record(replace(CLICK, terms_version="once"))
        await asyncio.gather(
            *(
                where.report(order_id=f"{name}-{number}", amount="1000.00", status="approved")
                for number in range(6)
                for name, where in (("A", setting), ("B", other))
            )
        )
    assert await setting.value("SELECT count(*) FROM conversions") == 12
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-1": 5000}


async def test_the_first_of_two_actions_by_key_takes_the_reward_though_it_comes_second(setting: Setting) -> None:
    once = other_terms("once", once_per_shopper=True)
    await setting.ledger.put_in_force([once])
    setting.clicks.record(replace(CLICK, terms_version="once"))
    await setting.report(order_id="A-2", amount="1000.00", status="approved", event_time="2019-03-01T13:00:02Z")
    await setting.report(order_id="A-1", amount="1000.00", status="approved", event_time="2019-03-01T13:00:01Z")
    rows = await setting.rows("SELECT order_id, cashback FROM conversions ORDER BY order_id")
    assert [tuple(row) for row in rows] == [("A-1", 50), ("A-2", 0)]


async def test_a_failure_of_ours_is_kept_answered_and_nothing_is_half_written(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> take_module.Taken:
        message = "a bug"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(ingest_module, "take", broken)
    assert await setting.report(amount="1000.00", status="approved") == "failed"
    assert (await setting.known()) == KnownOrder((await setting.known()).order)
    assert await setting.value("SELECT note FROM postbacks") == "ZeroDivisionError: a bug"
    assert "could not be decided" in caplog.text


@pytest.mark.parametrize("table", ["conversion_revisions", "ledger_entries", "outbox", "order_messages"])
async def test_a_transaction_that_breaks_anywhere_leaves_only_the_raw_request(setting: Setting, table: str) -> None:
    await setting.rows(f"ALTER TABLE {table} ADD CONSTRAINT broken CHECK (false) NOT VALID")
    if table == "outbox":  # then not even the raw request can be kept
        status, answer = await setting.send(f"order_id={ORDER}&click_id={C}&amount=1000.00")
        assert (status, answer["verdict"]) == (503, "not_stored")
        assert await setting.value("SELECT count(*) FROM postbacks") == 0
    else:
        assert await setting.report(amount="1000.00") == "failed"
        assert await setting.value("SELECT count(*) FROM postbacks") == 1
    for other in ("conversions", "conversion_revisions", "order_messages", "order_clicks", "ledger_entries"):
        assert await setting.value(f"SELECT count(*) FROM {other}") == 0


async def test_one_that_cannot_be_written_does_not_spoil_those_beside_it(setting: Setting) -> None:
    await setting.rows("ALTER TABLE order_messages ADD CONSTRAINT broken CHECK (order_id <> 'A-5')")
    verdicts = await asyncio.gather(*(setting.report(order_id=f"A-{one}", amount="1.00") for one in range(10)))
    assert [place for place, verdict in enumerate(verdicts) if verdict == "failed"] == [5]
    assert verdicts.count("decided") == 9


async def test_without_postgresql_nothing_is_stored_and_the_sender_is_asked_to_repeat(setting: Setting) -> None:
    name = urlsplit(setting.dsn).path.removeprefix("/")
    admin = await asyncpg.connect(setting.dsn.replace(f"/{name}", "/postgres"))
    await setting.report(amount="1.00")
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    try:
        status, answer = await setting.send(f"order_id=A-2&click_id={C}&amount=1.00")
        assert (status, answer["verdict"]) == (503, "not_stored")
    finally:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await admin.close()
    assert await setting.report(order_id="A-2", amount="1.00") == "decided"
    assert await setting.value("SELECT count(*) FROM postbacks") == 2


async def test_a_lost_answer_after_the_commit_is_a_duplicate_when_it_is_sent_again(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Ledger.write

    async def write_and_lose_the_answer(self: Ledger, change: Change) -> bool:
        await write(self, change)
        message = "The connection broke after the commit."
        raise StoreUnavailableError(message)

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "write", write_and_lose_the_answer)
        assert (await setting.send(f"order_id={ORDER}&click_id={C}&amount=1000.00&status=approved"))[0] == 503
    assert await setting.report(amount="1000.00", status="approved") == "duplicate"
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-1": 5000}


async def test_a_lookup_that_takes_too_long_is_deferred(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_module, "LOOKUP_SECONDS", 0.01)

    async def for_ever(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(setting.clicks, "find", for_ever)
    assert await setting.report(amount="1.00") == str(MessageCode.DEFERRED)


async def test_text_that_no_database_can_hold_is_still_kept(setting: Setting) -> None:
    status, answer = await setting.send(
        method="POST", data=b'{"order_id": "A-\\ud800", "amount": "1.00"}', headers={"Content-Type": "application/json"}
    )
    assert status in (200, 400), answer
    assert await setting.value("SELECT count(*) FROM postbacks") == 1


@pytest.mark.parametrize("seed", range(30))
async def test_any_order_of_arrival_and_any_repetition_ends_in_one_state(setting: Setting, seed: int) -> None:
    """The same set of messages, each with the sender's time, is sent about two orders in two ways."""
    chance = random.Random(seed)  # noqa: S311 - a case that can be repeated
    messages = [
        {
            "status": chance.choice(["pending", "approved", "declined"]),
            "event_time": f"2019-03-01T13:00:{chance.randrange(4):02}Z",
            "click_id": chance.choice([C, C, OTHER_CLICK.click_id, ""]),
        }
        | ({"amount": f"{chance.randrange(1, 2000)}.00"} if chance.random() < 0.7 else {})
        | ({"line_id": chance.choice("12")} if chance.random() < 0.3 else {})
        for _ in range(chance.randrange(1, 6))
    ]
    for order_id in ("A-1", "A-2"):
        sent = list(itertools.chain(messages, chance.choices(messages, k=2)))
        chance.shuffle(sent)
        for message in sent:
            await setting.report(order_id=order_id, **message)
    columns = "status, hold, base, rate, accrual, cashback, reasons, flags, click_id, shopper_id, confirm_by, lines"
    one, two = await setting.rows(f"SELECT {columns}, first_approved_at FROM conversions ORDER BY order_id")
    assert one == two
    posted = [dict((await setting.known(order_id)).posted) for order_id in ("A-1", "A-2")]
    assert posted[0] == posted[1]
