"""Staff may credit, release and claim: with a reason, a name, and entries that balance."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.core.factories import CLICK, OTHER_CLICK
from tests.postback.setting import ORDER, Setting, open_setting, other_terms
from tracker.core.decision import Decision
from tracker.postback.staff import NotDone

WHY = {"reason": "The partner confirmed by letter", "staff": "anna"}


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        yield opened


async def logged(setting: Setting) -> list[tuple[str, ...]]:
    return [tuple(row) for row in await setting.rows("SELECT kind, reason, staff, click_id FROM overrides")]


async def test_a_late_confirmation_is_listed_and_credited_by_override(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="pending")
    setting.wait(days=91)
    await setting.report(status="approved")
    assert [(one.order_id, one.cashback, one.reasons) for one in await setting.staff.late()] == [(ORDER, 0, ("late",))]

    done = await setting.staff.credit_late("lab", ORDER, **WHY)

    assert isinstance(done, Decision)
    assert done.cashback == 50
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-1": 5000}
    assert await setting.staff.late() == []
    assert await logged(setting) == [("credit_late", *WHY.values(), None)]
    last = (await setting.rows("SELECT * FROM conversion_revisions ORDER BY revision DESC LIMIT 1"))[0]
    assert (last["revision"], last["cashback_change"], last["postback_id"]) == (3, 50, None)
    assert await setting.value("SELECT count(*) FROM outbox WHERE kind = 'revision'") == 3


async def test_an_order_that_is_pending_when_its_window_ends_is_listed_as_not_confirmed_in_time(
    setting: Setting,
) -> None:
    await setting.report(amount="1000.00", status="pending")
    setting.wait(days=89)
    assert await setting.staff.late() == []
    setting.wait(days=1)
    assert [(one.order_id, one.status) for one in await setting.staff.late()] == [(ORDER, "pending")]


async def test_an_order_before_its_click_is_held_until_released(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved", order_time="2019-03-01T11:00:00Z")
    assert [(one.order_id, one.held_by_us) for one in await setting.staff.held()] == [(ORDER, ("order_before_click",))]
    assert await setting.balances() == {"receivable:lab": -5000, "pending:shopper-1": 5000}

    assert isinstance(await setting.staff.release("lab", ORDER, **WHY), Decision)

    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-1": 5000}
    assert await setting.staff.held() == []


async def test_an_unmatched_order_is_listed_and_earns_when_it_is_claimed(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved", click_id="")
    assert [(one.order_id, one.reasons) for one in await setting.staff.unmatched()] == [(ORDER, ("unknown_click",))]
    assert await setting.balances() == {}

    done = await setting.staff.claim("lab", ORDER, f" {CLICK.click_id.upper()} ", **WHY)

    assert isinstance(done, Decision)
    assert done.click == CLICK
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-1": 5000}
    assert await setting.staff.unmatched() == []
    assert await logged(setting) == [("claim", *WHY.values(), CLICK.click_id)]
    assert await setting.report(amount="900.00", status="approved", click_id="") == "decided"
    assert (await setting.known()).cashback == 45


async def test_a_claim_takes_its_place_in_a_reward_that_is_paid_once_a_shopper(setting: Setting) -> None:
    await setting.ledger.put_in_force([other_terms("once", once_per_shopper=True)])
    setting.clicks.record(replace(CLICK, terms_version="once"))
    await setting.report(order_id="A-1", amount="1000.00", status="approved", click_id="")
    setting.wait(seconds=1)
    await setting.report(order_id="A-2", amount="1000.00", status="approved")
    await setting.staff.claim("lab", "A-1", CLICK.click_id, **WHY)
    rows = await setting.rows("SELECT order_id, cashback, reasons FROM conversions ORDER BY order_id")
    assert [tuple(row) for row in rows] == [("A-1", 50, []), ("A-2", 0, ["action_already_rewarded"])]
    assert await setting.balances() == {"receivable:lab": -5000, "available:shopper-1": 5000}


async def test_what_makes_no_sense_changes_nothing_and_says_why(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved")
    staff = setting.staff
    setting.clicks.signed["e" * 30] = "lab"
    answers = [
        await staff.credit_late("lab", ORDER, **WHY),
        await staff.release("lab", ORDER, **WHY),
        await staff.claim("lab", ORDER, OTHER_CLICK.click_id, **WHY),
        await staff.claim("lab", ORDER, "forged", **WHY),
        await staff.claim("lab", ORDER, "e" * 30, **WHY),
        await staff.credit_late("lab", "A-9", **WHY),
        await staff.credit_late("lab", ORDER, reason=" ", staff="anna"),
        await staff.credit_late("lab", ORDER, reason="Because", staff=""),
    ]
    assert answers == [
        NotDone("The order A-1 was not confirmed late."),
        NotDone("The order A-1 is not held by us: it is on no hold."),
        NotDone(f"The order A-1 belongs to the click {CLICK.click_id} already."),
        NotDone("forged is not a click id that we signed for lab."),
        NotDone(f"No click {'e' * 30} is recorded at lab."),
        NotDone("There is no order A-9 at lab."),
        NotDone("Give a reason and a name: both are logged."),
        NotDone("Give a reason and a name: both are logged."),
    ]
    assert await logged(setting) == []
    assert (await setting.known()).revision == 1
