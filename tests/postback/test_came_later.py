"""Clicks that are found, and rates that are imported, after the message: as if they had been there first."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import asyncpg
import pytest

from tests.core.factories import CLICK, CLICKED_AT, OTHER_CLICK
from tests.postback.setting import ORDER, Setting, open_setting, other_terms
from tracker.core.decision import Decision
from tracker.core.rates import ExchangeRate
from tracker.core.reasons import MessageCode
from tracker.postback.came_later import GIVEN_UP_AFTER, Came, CameLater
from tracker.postback.named import NamedClicks
from tracker.store.ledger.rates import import_rates, list_rates

LOST = replace(CLICK, click_id="e" * 30, shopper_id="shopper-3")
DAY = date(2019, 3, 1)


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        opened.clicks.signed[LOST.click_id] = "lab"
        opened.partners["lab"] = replace(opened.partners["lab"], currencies=frozenset({"RUB", "USD", "EUR"}))
        yield opened


async def decide(setting: Setting, *, all_at_once: bool = True) -> Came:
    later = CameLater(setting.ledger, NamedClicks(setting.clicks, setting.clicks))
    return await later.decide(setting.now, all_at_once=all_at_once)


def rate(rubles: str = "64.50", currency: str = "USD", day: date = DAY) -> ExchangeRate:
    return ExchangeRate(currency, day, 1, Decimal(rubles), "cbr.xml")


async def test_a_click_that_is_found_later_owns_its_order_from_the_start(setting: Setting) -> None:
    assert await setting.report(click_id=LOST.click_id, amount="1000.00", status="approved") == "unknown_click"
    assert await decide(setting) == Came(looked_for=1)

    setting.clicks.record(LOST)
    assert await decide(setting) == Came(looked_for=1, found=1)

    known = await setting.known()
    assert (known.cashback, known.revision, known.order.messages[0].click) == (50, 2, LOST)
    assert known.order.messages[0].problem is None
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-3": 5000}
    kept = (await setting.rows("SELECT verdict, verdict_version FROM postbacks"))[0]
    assert tuple(kept) == ("decided", 2)
    assert await setting.report(click_id=LOST.click_id, amount="1000.00", status="approved") == "duplicate"
    assert await decide(setting) == Came()


async def test_the_order_moves_to_the_click_of_the_smallest_key_once_that_is_found(setting: Setting) -> None:
    at = int(CLICKED_AT.timestamp())
    said = {"amount": "1000.00", "status": "approved"}
    await setting.report(event_time=str(at + 60), **said)
    assert await setting.report(click_id=LOST.click_id, event_time=str(at + 30), **said) == "decided"
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-1": 5000}

    setting.clicks.record(LOST)
    assert await decide(setting) == Came(looked_for=1, found=1)
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-3": 5000}


async def test_a_click_that_is_found_and_does_not_own_the_order_changes_nothing_but_its_message(
    setting: Setting,
) -> None:
    await setting.report(amount="1000.00", status="approved")
    setting.wait(minutes=1)
    await setting.report(click_id=LOST.click_id, amount="900.00", status="approved")
    assert (await setting.known()).cashback == 45

    setting.clicks.record(LOST)
    assert await decide(setting) == Came(looked_for=1, found=1)
    assert (await setting.known()).cashback == 50
    verdicts = await setting.rows("SELECT verdict FROM postbacks ORDER BY id")
    assert [row["verdict"] for row in verdicts] == ["decided", str(MessageCode.ORDER_TAKEN)]


async def test_what_is_not_ours_or_names_no_click_is_not_looked_for(setting: Setting) -> None:
    await setting.report(click_id="forged", amount="1000.00", status="approved")
    await setting.send("order_id=B-1&amount=1000.00&status=approved")
    assert await decide(setting) == Came()


async def test_the_longer_a_click_is_missed_the_more_seldom_it_is_looked_for_and_then_given_up(
    setting: Setting,
) -> None:
    await setting.report(click_id=LOST.click_id, amount="1000.00", status="approved")
    looked = []
    for _ in range(4 * 60):
        looked.append((await decide(setting, all_at_once=False)).looked_for)
        setting.wait(minutes=1)
    assert looked[:2] == [1, 1]
    assert sum(looked) < 12

    setting.now += GIVEN_UP_AFTER
    setting.clicks.record(LOST)
    assert await decide(setting) == Came()
    assert await setting.value("SELECT count(*) FROM awaited_clicks") == 0


async def test_while_clicks_cannot_be_looked_up_each_keeps_its_turn(setting: Setting) -> None:
    for number in range(3):
        await setting.report(order_id=f"A-{number}", click_id=LOST.click_id, amount="1000.00", status="approved")
    setting.clicks.record(LOST)
    setting.clicks.away = True
    assert await decide(setting) == Came(looked_for=1)
    setting.clicks.away = False
    assert await decide(setting) == Came(looked_for=3, found=3)


async def test_two_that_look_side_by_side_find_each_click_once(setting: Setting) -> None:
    for number in range(8):
        await setting.report(order_id=f"A-{number}", click_id=LOST.click_id, amount="1000.00", status="approved")
    setting.clicks.record(LOST)
    async with open_setting(setting.dsn) as other:
        other.clicks.record(LOST)
        done = await asyncio.gather(decide(setting), decide(other))
    assert sum(came.found for came in done) == 8
    assert await setting.value("SELECT count(*) FROM found_clicks") == 8
    assert await setting.balances() == {"receivable:lab": -40_000, "available:shopper-3": 40_000}


async def test_an_order_that_waits_for_its_rate_is_decided_when_that_is_imported(setting: Setting) -> None:
    for number in range(3):
        await setting.report(order_id=f"A-{number}", amount="100.00", currency="USD", status="approved")
    await setting.report(order_id="B-1", amount="100.00", currency="EUR", status="approved")
    held = {one.order_id: one.held_by_us for one in await setting.ledger.held()}
    assert held == dict.fromkeys(("A-0", "A-1", "A-2", "B-1"), ("rate_missing",))
    assert await decide(setting) == Came()

    await import_rates(setting.dsn, [rate()])
    assert await decide(setting) == Came(rated=3)
    assert await decide(setting) == Came()

    known = await setting.known("A-0")
    assert (known.cashback, known.revision) == (323, 2)  # 6,450.00 at 5 %: 322.50
    row = (await setting.rows("SELECT exchange_rate, exchange_day, base FROM conversions WHERE order_id = 'A-0'"))[0]
    assert tuple(row) == (Decimal("64.50"), DAY, Decimal(6450))
    assert [one.order_id for one in await setting.ledger.held()] == ["B-1"]


async def test_with_the_rate_there_first_it_is_the_same(setting: Setting) -> None:
    await import_rates(setting.dsn, [rate()])
    assert await setting.report(amount="100.00", currency="USD", status="approved") == "decided"
    assert (await setting.known()).cashback == 323
    assert await decide(setting) == Came()
    await setting.report(amount="50.00", currency="USD", status="approved")
    assert (await setting.known()).cashback == 161  # 161.25


async def test_an_order_in_two_currencies_waits_for_both(setting: Setting) -> None:
    await setting.report(amount="100.00", currency="USD", status="approved", line_id="1")
    await setting.report(amount="100.00", currency="EUR", status="approved", line_id="2")
    await import_rates(setting.dsn, [rate()])
    assert await decide(setting) == Came()
    await import_rates(setting.dsn, [rate("74.10", "EUR")])
    assert await decide(setting) == Came(rated=1)
    assert (await setting.known()).cashback == 693


async def test_staff_see_an_order_with_the_rate_that_has_come(setting: Setting) -> None:
    await setting.report(amount="100.00", currency="USD", status="approved")
    await import_rates(setting.dsn, [rate()])
    done = await setting.staff.release("lab", ORDER, reason="asked", staff="anna")
    assert not isinstance(done, Decision)  # nothing holds it any more
    assert await decide(setting) == Came(rated=1)


async def test_a_reward_once_a_shopper_waits_for_the_rate_of_the_first_order(setting: Setting) -> None:
    once = other_terms("lab-2", once_per_shopper=True)
    await setting.ledger.put_in_force([once])
    setting.clicks.record(replace(CLICK, terms_version="lab-2"))
    await setting.report(order_id="A-1", amount="100.00", currency="USD", status="approved")
    setting.wait(minutes=1)
    await setting.report(order_id="A-2", amount="1000.00", status="approved")
    await import_rates(setting.dsn, [rate()])
    await decide(setting)
    cashback = {one: (await setting.known(one)).cashback for one in ("A-1", "A-2")}
    assert cashback == {"A-1": 323, "A-2": 0}
    assert await setting.balances() == {"receivable:lab": -32_300, "available:shopper-1": 32_300}


async def test_rates_are_imported_once_and_never_changed(postgres_dsn: str) -> None:
    first, monday = rate(), rate("66.00", day=date(2019, 3, 4))
    assert (await import_rates(postgres_dsn, [first])).added == 1
    again = await import_rates(postgres_dsn, [replace(first, nominal=10, rubles=Decimal(645)), monday])
    assert (again.added, again.filled, again.contrary) == (1, 2, ())
    listed = [(one.day.day, one.rubles) for one in await list_rates(postgres_dsn, "USD")]
    assert listed == [(1, Decimal("64.50")), (2, Decimal("64.50")), (3, Decimal("64.50")), (4, Decimal("66.00"))]

    contrary = await import_rates(postgres_dsn, [rate("64.51"), rate("70.00", "EUR")])
    assert (contrary.added, contrary.contrary) == (0, (first,))
    assert await list_rates(postgres_dsn, "EUR") == []
    connection = await asyncpg.connect(postgres_dsn)
    for sql in ("UPDATE exchange_rates SET rubles = 1", "DELETE FROM exchange_rates", "TRUNCATE exchange_rates"):
        with pytest.raises(asyncpg.RaiseError, match="never changed or deleted"):
            await connection.execute(sql)
    await connection.close()


async def test_a_message_about_an_order_with_an_owner_may_still_name_a_click_that_is_missing(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved")
    assert await setting.report(click_id=LOST.click_id, amount="1000.00", status="approved") == "decided"
    assert await setting.report(click_id=LOST.click_id, amount="1000.00", status="approved") == "duplicate"
    assert await setting.report(click_id=OTHER_CLICK.click_id, amount="1.00") == "order_taken"
    setting.wait(minutes=5)
    assert await decide(setting, all_at_once=False) == Came(looked_for=2)
