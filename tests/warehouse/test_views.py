"""What analysts see: known answers, with every fact inserted twice, so that a plain count() is right."""

from decimal import Decimal
from typing import Any

import pytest

from tests.store.factories import click_fact
from tests.warehouse.setting import DAY, ask, hash_shopper, line_fact, postback_fact, put, revision_fact, tag_fact
from tracker.store.warehouse.embedded import EmbeddedEngine

pytestmark = pytest.mark.usefixtures("threads")

HOUR = 3600


@pytest.mark.parametrize(
    ("changes", "valid"),
    [
        ({}, 1),
        ({"traffic": ["datacenter"]}, 1),
        ({"traffic": ["repeat"]}, 0),
        ({"traffic": ["datacenter", "bot_ua"]}, 0),
        ({"outcome": "plain"}, 0),
        ({"outcome": "again", "traffic": ["prefetch"]}, 0),
        ({"outcome": "stopped", "refusals": ["ad_blocker"]}, 0),
    ],
)
def test_a_click_is_counted_once_and_is_valid_when_a_person_was_sent_on(
    engine: EmbeddedEngine, changes: dict[str, Any], valid: int
) -> None:
    put(engine, click_fact(**changes), times=2)
    assert ask(engine, "SELECT count(), sum(valid) FROM clicks") == [(1, valid)]


def test_a_click_shows_its_checks_and_neither_shopper_nor_browser(engine: EmbeddedEngine) -> None:
    checks = [
        ("ad_blocker", "found", "high", "script:blocked fetch:ok", 63),
        ("cookies", "ok", "high", "", 0),
        ("second_tab", "unknown", "low", "", 0),
    ]
    put(
        engine,
        click_fact(checks=checks, refusals=["ad_blocker"], script="2026-11-a"),
        click_fact(1, shopper_id="", browser_id=""),
    )
    columns = "checks_found, checks, check_evidence, check_ms, script, refusals, shopper_hash, browser_hash != 0, rate"
    assert ask(engine, f"SELECT {columns} FROM clicks ORDER BY click_id") == [
        (
            ["ad_blocker"],
            ["ad_blocker:found:high", "cookies:ok:high", "second_tab:unknown:low"],
            ["script:blocked fetch:ok", "", ""],
            [63, 0, 0],
            "2026-11-a",
            ["ad_blocker"],
            hash_shopper("shopper-0042"),
            1,
            Decimal("0.05"),
        ),
        ([], ["ad_blocker:ok:high", "cookies:ok:high", "private_mode:ok:high", "second_tab:ok:high"], [""] * 4, [0] * 4,
         "", [], 0, 0, Decimal("0.05")),
    ]  # fmt: skip
    named = "SELECT name FROM system.columns WHERE database = 'analytics' AND name IN ('shopper_id', 'browser_id')"
    assert ask(engine, named) == []


def test_a_click_is_superseded_when_another_one_started_over(engine: EmbeddedEngine) -> None:
    first, other = click_fact(0), click_fact(1, after=60)
    over = click_fact(2, after=90, supersedes=[first.click_id])
    put(engine, first, other, over, times=2)
    columns = "click_id, superseded, supersedes"
    assert ask(engine, f"SELECT {columns} FROM clicks ORDER BY clicked_at") == [
        (first.click_id, 1, []),
        (other.click_id, 0, []),
        (over.click_id, 0, [first.click_id]),
    ]


def test_what_is_not_asked_for_is_not_computed(engine: EmbeddedEngine) -> None:
    """Whether a click is superseded is looked up among all clicks."""
    plan = "EXPLAIN SELECT count() FROM analytics.clicks"
    assert "CreatingSet" not in engine.query(plan, format_="TSVRaw").decode()
    asked = engine.query(f"{plan} WHERE superseded", format_="TSVRaw").decode()
    assert "CreatingSet" in asked


def test_a_click_from_before_the_checks_had_evidence_is_shown_with_none(engine: EmbeddedEngine) -> None:
    engine.execute(
        "INSERT INTO tracker.clicks (click_id, clicked_at, check_names, check_findings, check_confidences)"
        " VALUES ('old', '2026-11-23 00:00:00', ['cookies', 'ad_blocker'], ['ok', 'found'], ['low', 'high'])"
    )
    assert ask(engine, "SELECT checks, check_evidence, check_ms FROM clicks") == [
        (["cookies:ok:low", "ad_blocker:found:high"], ["", ""], [0, 0])
    ]
    assert ask(engine, "SELECT * FROM check_outcomes") == []


def test_a_day_is_one_of_moscow(engine: EmbeddedEngine) -> None:
    before_midnight = 8 * HOUR + 25 * 60  # 20:59:56 UTC
    put(engine, click_fact(0, after=before_midnight), click_fact(1, after=before_midnight + 4))
    assert ask(engine, "SELECT day FROM clicks ORDER BY clicked_at") == [("2026-11-23",), ("2026-11-24",)]


def test_of_a_postback_the_newest_verdict_counts_in_whatever_order_it_came(engine: EmbeddedEngine) -> None:
    decided = postback_fact(version=2, verdict="decided")
    put(engine, decided, postback_fact(version=1, verdict="deferred"), decided, postback_fact(1))
    assert ask(engine, "SELECT postback_id, version, verdict FROM postbacks ORDER BY postback_id") == [
        ("019abc-0", 2, "decided"),
        ("019abc-1", 1, "decided"),
    ]


def test_of_a_conversion_the_last_revision_counts_and_each_is_kept(engine: EmbeddedEngine) -> None:
    pending = revision_fact(status="pending", cashback=0, cashback_change=0, settled=False, confirmed_at_us=0)
    approved = revision_fact(revision=2, after=40 * DAY)
    put(engine, approved, pending, revision_fact("A-2"), times=2)
    assert ask(engine, "SELECT order_id, revision, status, cashback FROM conversions ORDER BY order_id") == [
        ("A-1", 2, "approved", 50),
        ("A-2", 1, "approved", 50),
    ]
    assert ask(engine, "SELECT count(), sum(cashback_change) FROM conversion_revisions") == [(3, 100)]


@pytest.mark.parametrize("asked", ["status = 'pending'", "revision = 1", "cashback = 0", "revised_at < '2026-11-25'"])
def test_what_is_asked_of_conversions_is_asked_of_their_last_revisions(engine: EmbeddedEngine, asked: str) -> None:
    """In whichever month they were written: the revision before is no answer."""
    put(engine, revision_fact(status="pending", cashback=0))
    put(engine, revision_fact(revision=2, after=40 * DAY))
    assert ask(engine, f"SELECT revision FROM conversion_revisions WHERE {asked}") == [(1,)]
    assert ask(engine, f"SELECT revision FROM conversions WHERE {asked}") == []
    assert ask(engine, "SELECT revision FROM conversions WHERE order_id = 'A-1' AND status = 'approved'") == [(2,)]


def test_an_order_in_another_currency_shows_its_rate_and_its_day(engine: EmbeddedEngine) -> None:
    base = Decimal("796.081782")
    put(engine, revision_fact(currency="USD", base=base, exchange_rate=Decimal("64.5123"), exchange_day="2026-11-23"))
    put(engine, revision_fact("A-2"))
    columns = "order_id, base, exchange_rate, exchange_day"
    assert ask(engine, f"SELECT {columns} FROM conversions ORDER BY order_id") == [
        ("A-1", base, Decimal("64.5123"), "2026-11-23"),
        ("A-2", 1000, None, None),
    ]


def test_times_that_were_not_said_are_null(engine: EmbeddedEngine) -> None:
    put(engine, revision_fact(clicked_at_us=0, ordered_at_us=0, confirmed_at_us=0, confirm_by_us=0, click_id=""))
    times = "clicked_at, ordered_at, confirmed_at, confirm_by, toString(first_seen_at), day"
    assert ask(engine, f"SELECT {times} FROM conversions") == [
        (None, None, None, None, "2026-11-24 12:34:56", "2026-11-24")
    ]


def test_lines_are_those_of_the_last_revision(engine: EmbeddedEngine) -> None:
    two = [line_fact("1"), line_fact("2", goods=None, commission=None, rate=None, tariff="premium")]
    put(engine, revision_fact(lines=[line_fact("1"), line_fact("2"), line_fact("3")]), times=2)
    put(engine, revision_fact(revision=2, after=40 * DAY, lines=two), times=2)
    assert ask(engine, "SELECT line_id, tariff, goods, commission, rate FROM conversion_lines ORDER BY line_id") == [
        ("1", "", 1000, 80, Decimal("0.05")),
        ("2", "premium", None, None, None),
    ]


def test_refusals_are_one_row_a_reason(engine: EmbeddedEngine) -> None:
    put(engine, revision_fact(cashback=0, reasons=["late", "ad_blocker"]), revision_fact("A-2"), times=2)
    assert ask(engine, "SELECT reason, order_id, base FROM refusals ORDER BY reason") == [
        ("ad_blocker", "A-1", 1000),
        ("late", "A-1", 1000),
    ]


def test_confirmation_times_are_whole_hours_from_click_and_from_order(engine: EmbeddedEngine) -> None:
    put(engine, revision_fact(), revision_fact("A-2", confirmed_at_us=0), revision_fact("A-3", clicked_at_us=0))
    assert ask(engine, "SELECT order_id, hours_from_click, hours_from_order FROM confirmation_times ORDER BY 1") == [
        ("A-1", 24, 23),
        ("A-3", None, 23),
    ]


def test_orders_in_an_app_or_on_a_phone_that_earn_are_exceptions(engine: EmbeddedEngine) -> None:
    put(
        engine,
        revision_fact("web"),
        revision_fact("app", origin="app"),
        revision_fact("phone", origin="mobile_web", cashback=40),
        revision_fact("refused", origin="app", cashback=0, reasons=["partner_app"]),
        times=2,
    )
    assert ask(engine, "SELECT order_id, origin, cashback FROM origin_exceptions ORDER BY order_id") == [
        ("app", "app", 50),
        ("phone", "mobile_web", 40),
    ]


def test_a_partner_s_day_is_summed_from_clicks_and_conversions(engine: EmbeddedEngine) -> None:
    put(engine, *(click_fact(number) for number in range(8)), click_fact(8, traffic=["repeat"]), times=2)
    put(engine, click_fact(0, partner="other"), click_fact(9, after=DAY), times=2)
    put(engine, click_fact(10, outcome="stopped"), click_fact(11, outcome="stopped", partner="third"), times=2)
    euros: dict[str, Any] = {"currency": "EUR", "exchange_rate": Decimal("74.1515"), "exchange_day": "2026-11-23"}
    put(
        engine,
        revision_fact("A-1"),
        revision_fact("A-2", status="pending", cashback=30, commission=Decimal("40.00")),
        revision_fact("A-3", status="declined", cashback=0),
        revision_fact("A-4", currency="USD", cashback=20),
        revision_fact("A-5", clicked_at_us=0, click_id="", cashback=0, commission=None),
        revision_fact("A-6", cashback=0, commission=Decimal(2), **euros),
        times=2,
    )
    columns = "partner_id, toString(day), clicks, valid_clicks, conversions, unmatched, approved, declined, cr, epc"
    money = "cashback, cashback_approved, commission, commission_approved"
    cr, epc, paid = Decimal("0.625"), Decimal("33.5378"), Decimal("268.303")
    assert ask(engine, f"SELECT {columns}, {money} FROM partner_daily ORDER BY 1, 2") == [
        ("lamoda", "2026-11-23", 9, 8, 5, 0, 3, 1, cr, epc, 100, 70, paid, paid - 40),
        ("lamoda", "2026-11-24", 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0),
        ("other", "2026-11-23", 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ]


@pytest.mark.parametrize(
    "view",
    [
        "clicks", "postbacks", "conversions", "conversion_revisions", "conversion_lines", "partner_daily", "refusals",
        "confirmation_times", "origin_exceptions", "tag_reports",
    ],
)  # fmt: skip
def test_every_view_can_be_read_whole_by_an_analyst(engine: EmbeddedEngine, view: str) -> None:
    facts = click_fact(), postback_fact(), revision_fact(origin="app", reasons=["late"]), tag_fact()
    put(engine, *facts, times=2)
    assert len(ask(engine, f"SELECT * FROM {view}")) == 1
    assert ask(engine, f"SELECT count() FROM {view}") == [(1,)]


def test_merged_or_not_the_answer_is_the_same(engine: EmbeddedEngine) -> None:
    put(engine, *(click_fact(number, script="a") for number in range(5)), revision_fact(), tag_fact(), times=3)
    questions = "SELECT * FROM partner_daily", "SELECT * FROM tag_reports", "SELECT * FROM check_outcomes ORDER BY ALL"
    before = [ask(engine, one) for one in questions]
    for table in ("clicks", "conversion_revisions", "conversion_lines", "tag_reports"):
        engine.execute(f"OPTIMIZE TABLE tracker.{table} FINAL")
    assert [ask(engine, one) for one in questions] == before
