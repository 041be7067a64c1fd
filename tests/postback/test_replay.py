"""What could not be decided when it came is decided later, as if it had been decided then."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.core.factories import CLICK
from tests.postback.setting import ORDER, Setting, open_setting, partner
from tracker.core.reasons import MessageCode
from tracker.core.report import Report, Status
from tracker.ports import RawPostback
from tracker.postback import ingest as ingest_module
from tracker.postback.kept import STATEMENT, new_postback_id, statement_body
from tracker.postback.replay import Replayed


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        yield opened


async def test_a_deferred_message_is_decided_with_its_receipt_time_when_clicks_can_be_looked_up(
    setting: Setting,
) -> None:
    setting.clicks.away = True
    assert await setting.report(amount="1000.00", status="approved") == "deferred"
    received_at = setting.now
    setting.wait(days=200)
    assert await setting.replay() == Replayed(seen=1, deferred=1)

    setting.clicks.away = False
    assert await setting.replay() == Replayed(seen=1)

    known = await setting.known()
    assert known.cashback == 50  # 200 days later it would have been late
    assert known.order.messages[0].received_at == received_at
    kept = (await setting.rows("SELECT verdict, verdict_version FROM postbacks"))[0]
    assert tuple(kept) == ("decided", 2)
    assert await setting.replay() == Replayed()


async def test_a_deferred_message_takes_its_place_among_those_that_came_after_it(setting: Setting) -> None:
    setting.clicks.away = True
    await setting.report(amount="1000.00", status="approved")
    setting.clicks.away = False
    setting.wait(hours=1)
    await setting.report(amount="900.00", status="approved")
    await setting.replay()
    assert (await setting.known()).cashback == 45
    assert await setting.balances() == {"receivable:lab": -4500, "available:shopper-1": 4500}


async def test_a_failed_message_is_decided_when_the_fault_is_mended(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(ingest_module, "take", None)
        assert await setting.report(amount="1000.00", status="approved") == "failed"
        assert await setting.replay() == Replayed(seen=1, failed=1)
    assert await setting.replay() == Replayed(seen=1)
    assert (await setting.known()).cashback == 50


async def test_a_message_that_turns_out_to_say_nothing_is_closed_with_its_code(setting: Setting) -> None:
    setting.clicks.away = True
    await setting.report(amount="1000.00", currency="RUB")
    setting.partners["lab"] = replace(setting.partners["lab"], currencies=frozenset({"USD"}))
    assert await setting.replay() == Replayed(seen=1)
    assert await setting.value("SELECT verdict FROM postbacks") == "currency_not_listed"


async def test_two_replays_side_by_side_decide_each_message_once(setting: Setting) -> None:
    setting.clicks.away = True
    for number in range(10):
        await setting.report(order_id=f"A-{number}", amount="1000.00", status="approved")
    async with open_setting(setting.dsn) as other:
        setting.clicks.away = False
        await asyncio.gather(setting.replay(), other.replay())
    assert await setting.value("SELECT count(*) FROM conversion_revisions") == 10
    assert await setting.value("SELECT count(*) FROM postbacks WHERE verdict_version = 2") == 10
    assert await setting.balances() == {"receivable:lab": -50_000, "available:shopper-1": 50_000}


async def test_messages_of_a_partner_that_is_gone_stay_and_do_not_stop_the_others(setting: Setting) -> None:
    setting.clicks.away = True
    setting.clicks.signed["f" * 30] = "gross"
    await setting.send(f"order_id={ORDER}&click_id={'f' * 30}", partner_id="gross")
    await setting.report(amount="1000.00", status="approved")
    setting.clicks.away = False
    del setting.partners["gross"]
    assert await setting.replay() == Replayed(seen=2, failed=1)
    assert (await setting.known()).cashback == 50


async def test_masking_does_not_take_away_what_a_replay_needs(setting: Setting) -> None:
    setting.clicks.away = True
    await setting.report(amount="1000.00", status="approved", token="canary")
    setting.clicks.away = False
    assert await setting.replay() == Replayed(seen=1)
    assert (await setting.known()).cashback == 50


async def test_a_row_of_a_statement_that_waits_is_read_as_we_wrote_it_whatever_the_partner_speaks(
    setting: Setting,
) -> None:
    setting.partners["lab"] = partner(dialect="awin")
    said = Report(
        order_id=ORDER, click_id=CLICK.click_id, status=Status.APPROVED, goods=Decimal("1000.00"), currency="RUB"
    )
    raw = RawPostback(
        postback_id=new_postback_id(setting.now, b"0123456789"),
        received_at=setting.now,
        partner_id="lab",
        dialect=STATEMENT,
        method="STATEMENT",
        query="row 7: A-1; 1000,00; оплачен",
        content_type="application/json",
        body=statement_body(said),
    )
    setting.clicks.away = True
    assert (await setting.ingest.take(raw, said)).code is MessageCode.DEFERRED

    setting.clicks.away = False
    await setting.replay()

    assert (await setting.known()).cashback == 50
