"""What the tag saw reaches the decision, whether it comes before the order, after it or together with it."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import asyncpg
import msgspec
import pytest

from tests.core.factories import CLICK, CLICKED_AT, LAB, OTHER_CLICK
from tests.postback.setting import ORDER, Setting, open_setting, other_terms
from tracker.core.click import CheckResult, Confidence, Finding, TabFinding
from tracker.core.facts import RevisionFact, TagFact
from tracker.core.partner import CheckPolicy
from tracker.core.reasons import Reason
from tracker.core.unix_time import microseconds
from tracker.errors import StoreUnavailableError
from tracker.postback import confirm as confirm_module
from tracker.postback.confirm import TakeTagReport
from tracker.store.ledger import open_ledger

C, D = CLICK.click_id, OTHER_CLICK.click_id
REFUSE = replace(other_terms("tag-1"), tag=((Reason.AD_BLOCKER, CheckPolicy()), (Reason.SECOND_TAB, CheckPolicy())))
CREDITED = {"receivable:lab": -5000, "available:shopper-1": 5000}
_numbers = count(1)


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        await opened.ledger.put_in_force([REFUSE])
        opened.clicks.record(replace(CLICK, terms_version=REFUSE.version))
        opened.wait(hours=1)
        yield opened


def tag_fact(tab: TabFinding = TabFinding.COPIED, *, blocked: bool = False, **changes: Any) -> TagFact:
    """A confirmation of the order, an hour after its click, seen in a copy of its tab."""
    ordinary = TagFact(
        report_id=f"report-{next(_numbers)}",
        reported_at_us=microseconds(CLICKED_AT + timedelta(hours=1)),
        partner_id="lab",
        kind="confirmation",
        click_id=C,
        cookie_click_id=C,
        order_id=ORDER,
        tab=str(tab),
        checks=[
            ("cookies", "ok", "high", "", 1),
            ("ad_blocker", "found" if blocked else "ok", "high", "script:blocked", 63),
        ],
        script="1",
        device="desktop",
        browser_family="Firefox",
        browser_version="153.7",
        os_family="Linux",
        user_agent_hash=1,
        address_hash=2,
        request_id="request-1",
        final=True,
    )
    return msgspec.structs.replace(ordinary, **changes)


async def state(setting: Setting, order_id: str = ORDER) -> tuple[int, list[str]]:
    [row] = await setting.rows("SELECT cashback, reasons FROM conversions WHERE order_id = $1", order_id)
    return row["cashback"], list(row["reasons"])


async def shipped(setting: Setting) -> list[TagFact]:
    rows = await setting.rows("SELECT body FROM outbox WHERE kind = 'tag' ORDER BY id")
    return [msgspec.msgpack.decode(row["body"], type=TagFact) for row in rows]


async def test_a_confirmation_that_comes_before_its_order_waits_for_it(setting: Setting) -> None:
    fact = tag_fact()
    await TakeTagReport(setting.ledger).take(fact)
    known = await setting.known()
    assert (known.version, len(known.order.confirmations)) == (0, 1)
    assert await setting.value("SELECT count(*) FROM conversions") == 0

    assert await setting.report(amount="1000.00", status="approved") == "decided"

    assert await state(setting) == (0, ["second_tab"])
    assert await setting.balances() == {}
    assert await shipped(setting) == [fact]


async def test_a_confirmation_that_comes_after_its_order_revises_it(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved")
    assert await setting.balances() == CREDITED
    fact = tag_fact()

    await TakeTagReport(setting.ledger).take(fact)

    assert await state(setting) == (0, ["second_tab"])
    assert await setting.balances() == {}
    last = (await setting.rows("SELECT * FROM conversion_revisions ORDER BY revision DESC LIMIT 1"))[0]
    assert (last["revision"], last["cashback_change"], last["postback_id"]) == (2, -50, None)
    told = msgspec.msgpack.decode(last["fact"], type=RevisionFact)
    assert (told.revised_at_us, told.reasons) == (fact.reported_at_us, ["second_tab"])
    assert await shipped(setting) == [fact]
    assert await setting.report(amount="1000.00", status="approved") == "duplicate"


async def test_what_was_seen_is_kept_as_it_was(setting: Setting) -> None:
    fact = tag_fact(TabFinding.COOKIE_LOST, blocked=True, cookie_click_id="", final=False)
    await TakeTagReport(setting.ledger).take(fact)

    [seen] = (await setting.known()).order.confirmations

    assert seen == confirm_module._confirmation(fact)
    assert seen.seen_at == CLICKED_AT + timedelta(hours=1)
    assert seen.blocker == CheckResult(
        seen.blocker.check, Finding.FOUND, Confidence.HIGH, evidence="script:blocked", milliseconds=63
    )
    await setting.report(amount="1000.00", status="approved")
    assert (await setting.known()).order.confirmations == (seen,)


async def test_what_changes_nothing_is_kept_without_a_revision(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved")
    before = await setting.known()

    await TakeTagReport(setting.ledger).take(tag_fact(TabFinding.SAME_TAB, cookie_click_id=C))

    after = await setting.known()
    assert (after.revision, after.version) == (before.revision, before.version + 1)
    assert await setting.balances() == CREDITED


async def test_terms_that_only_record_refuse_nothing(setting: Setting) -> None:
    setting.clicks.record(CLICK)
    await TakeTagReport(setting.ledger).take(tag_fact(blocked=True))
    await setting.report(amount="1000.00", status="approved")
    assert await state(setting) == (50, [])


async def test_a_report_that_comes_again_is_one_report(setting: Setting) -> None:
    takes = [TakeTagReport(setting.ledger) for _ in range(3)]
    early, late = tag_fact(), tag_fact(order_id="A-2")
    await setting.report(amount="1000.00", status="approved")

    await asyncio.gather(*(take.take(fact) for take in takes for fact in (early, late) for _ in range(5)))

    assert await setting.value("SELECT count(*) FROM confirmations") == 2
    assert {fact.report_id for fact in await shipped(setting)} == {early.report_id, late.report_id}
    assert len(await shipped(setting)) == 2
    assert (await setting.known()).revision == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "landing", "order_id": ""},
        {"order_id": ""},
        {"click_id": "", "cookie_click_id": ""},
    ],
    ids=["landing", "no order", "no click that we signed"],
)
async def test_what_is_no_evidence_is_for_analysts_alone(setting: Setting, changes: dict[str, Any]) -> None:
    await setting.report(amount="1000.00", status="approved")
    fact = tag_fact(TabFinding.OTHER_SESSION, blocked=True, **changes)

    await TakeTagReport(setting.ledger).take(fact)

    assert await shipped(setting) == [fact]
    assert await setting.value("SELECT count(*) FROM confirmations") == 0
    assert await state(setting) == (50, [])


async def test_a_confirmation_by_another_click_refuses_nothing(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved")
    await TakeTagReport(setting.ledger).take(tag_fact(TabFinding.COPIED, blocked=True, click_id=D, cookie_click_id=D))
    assert await state(setting) == (50, [])
    assert len((await setting.known()).order.confirmations) == 1


async def test_a_confirmation_at_another_partner_is_about_another_order(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved")
    await TakeTagReport(setting.ledger).take(tag_fact(partner_id="gross"))
    assert await state(setting) == (50, [])
    assert (await setting.known()).order.confirmations == ()


async def test_an_order_that_staff_give_to_a_click_is_judged_by_what_was_seen_of_that_click(setting: Setting) -> None:
    await TakeTagReport(setting.ledger).take(tag_fact())
    await setting.report(amount="1000.00", status="approved", click_id="")
    assert await state(setting) == (0, ["unknown_click"])
    await setting.staff.claim("lab", ORDER, C, reason="The shopper wrote", staff="anna")
    assert await state(setting) == (0, ["second_tab"])


async def test_a_report_about_an_unmatched_order_is_kept(setting: Setting) -> None:
    await setting.report(amount="1000.00", status="approved", click_id="")
    await TakeTagReport(setting.ledger).take(tag_fact())
    assert await state(setting) == (0, ["unknown_click"])
    assert (await setting.known()).revision == 1
    await setting.report(amount="1000.00", status="approved")
    assert await state(setting) == (0, ["second_tab"])


@pytest.mark.parametrize("seed", range(8))
async def test_a_confirmation_and_its_order_that_come_at_once_find_each_other(setting: Setting, seed: int) -> None:
    """Flows with ledgers of their own stand for other processes: nothing in memory is shared."""
    orders = [f"A-{number}" for number in range(15)]
    async with open_ledger(setting.dsn) as elsewhere:
        tag = TakeTagReport(elsewhere)
        jobs = [setting.report(order_id=order_id, amount="1000.00", status="approved") for order_id in orders]
        jobs += [tag.take(tag_fact(order_id=order_id)) for order_id in orders]  # type: ignore[misc]
        random.Random(seed).shuffle(jobs)  # noqa: S311 - a shuffle that can be repeated
        await asyncio.gather(*jobs)

    assert [await state(setting, order_id) for order_id in orders] == [(0, ["second_tab"])] * len(orders)
    assert await setting.balances() == {}
    assert len(await shipped(setting)) == len(orders)


@pytest.mark.parametrize("seed", range(4))
async def test_messages_and_reports_of_one_order_over_several_processes_agree_on_one_state(
    setting: Setting, seed: int
) -> None:
    async with open_setting(setting.dsn) as other:
        other.clicks.record(replace(CLICK, terms_version=REFUSE.version))
        facts = [
            tag_fact(TabFinding.SAME_TAB, reported_at_us=1_551_445_200_000_000 + second, final=second > 3)
            for second in range(8)
        ]
        facts += [tag_fact(reported_at_us=1_551_445_199_000_000)]
        jobs: list[Any] = [
            where.report(amount=f"{amount}.00", status="approved", event_time=f"2019-03-01T13:00:{amount - 100:02}Z")
            for amount in range(100, 106)
            for where in (setting, other)
        ]
        jobs += [TakeTagReport(where.ledger).take(fact) for fact in facts for where in (setting, other)]
        random.Random(seed).shuffle(jobs)  # noqa: S311 - a shuffle that can be repeated
        await asyncio.gather(*jobs)

    known = await setting.known()
    assert len(known.order.confirmations) == len(facts)
    # The earliest final report is the one that was seen in another tab's place.
    assert await state(setting) == (0, ["second_tab"])
    assert await setting.balances() == {}
    assert await setting.value("SELECT sum(cashback_change) FROM conversion_revisions") == 0


async def test_a_reward_once_a_shopper_moves_when_the_tag_refuses_the_first_order(setting: Setting) -> None:
    once = replace(other_terms("once", once_per_shopper=True), tag=REFUSE.tag)
    await setting.ledger.put_in_force([once])
    setting.clicks.record(replace(CLICK, terms_version="once"))
    for order_id in ("A-1", "A-2"):
        await setting.report(order_id=order_id, amount="1000.00", status="approved")
        setting.wait(seconds=1)
    assert (await state(setting, "A-1"), await state(setting, "A-2")) == ((50, []), (0, ["action_already_rewarded"]))

    await TakeTagReport(setting.ledger).take(tag_fact(order_id="A-1"))

    assert (await state(setting, "A-1"), await state(setting, "A-2")) == ((0, ["second_tab"]), (50, []))
    assert await setting.balances() == CREDITED


async def test_somebody_who_sends_reports_without_end_fills_no_table(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirm_module, "MOST_OF_ONE_CLICK", 3)
    take = TakeTagReport(setting.ledger)
    await asyncio.gather(*(take.take(tag_fact()) for _ in range(8)))
    assert await setting.value("SELECT count(*) FROM confirmations") == 3
    assert len(await shipped(setting)) == 8


@pytest.mark.parametrize("sql", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET tab = 'same_tab'"])
async def test_what_was_seen_is_never_changed_or_deleted(setting: Setting, sql: str) -> None:
    await TakeTagReport(setting.ledger).take(tag_fact())
    with pytest.raises(asyncpg.RaiseError, match="never changed or deleted"):
        await setting.rows(sql.format("confirmations"))


@pytest.mark.parametrize("kind", ["landing", "confirmation"])
async def test_a_ledger_that_is_away_is_told(postgres_dsn: str, kind: str) -> None:
    async with open_ledger(postgres_dsn.replace("/postgres/run", "/nowhere")) as away:
        with pytest.raises(StoreUnavailableError):
            await TakeTagReport(away).take(tag_fact(kind=kind))


def test_the_terms_of_these_tests_differ_from_the_partner_s_only_in_the_tag() -> None:
    assert replace(REFUSE, version=LAB.version, tag=()) == LAB
