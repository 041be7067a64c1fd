"""What analysts see of the browser checks and of the tag: one row for each thing that a browser was asked."""

from typing import Any

import pytest

from tests.store.factories import click_fact, click_id
from tests.warehouse.setting import DAY, ask, put, tag_fact
from tracker.store.warehouse.embedded import EmbeddedEngine

pytestmark = pytest.mark.usefixtures("threads")

BLOCKED = ("ad_blocker", "found", "high", "script:blocked fetch:ok", 63)
COOKIES_OFF = ("cookies", "found", "high", "", 0)
GUESSED = ("private_mode", "found", "medium", "timing:812", 812)
FINE = ("cookies", "ok", "high", "came back", 12)
VERDICT = ("ad_blocker", "ok", "high", "script:ok fetch:ok", 63)


def test_every_check_of_a_page_is_a_row_with_what_became_of_the_click(engine: EmbeddedEngine) -> None:
    stopped = click_fact(
        checks=[BLOCKED, FINE, GUESSED],
        refusals=["ad_blocker"],
        outcome="stopped",
        script="page-1",
        device="phone",
        surface="app",
    )
    put(engine, stopped, times=2)
    columns = (
        "place, partner_id, click_id, check, finding, confidence, evidence, milliseconds, script, outcome, refused"
    )
    of_click = "page", "lamoda", stopped.click_id
    assert ask(engine, f"SELECT {columns} FROM check_outcomes ORDER BY check") == [
        (*of_click, *BLOCKED, "page-1", "stopped", 1),
        (*of_click, *FINE, "page-1", "stopped", 0),
        (*of_click, *GUESSED, "page-1", "stopped", 0),
    ]
    browser = (
        "toString(day), toString(at), browser_family, browser_version, os_family, device, surface, browser_hash != 0"
    )
    assert ask(engine, f"SELECT DISTINCT {browser} FROM check_outcomes") == [
        ("2026-11-23", "2026-11-23 12:34:56", "Chrome", "142.0.0", "Windows", "phone", "app", 1)
    ]


def test_the_browser_of_a_row_is_the_one_of_its_click(engine: EmbeddedEngine) -> None:
    put(engine, click_fact(script="page-1"), click_fact(1, script="page-1", browser_id="another"))
    joined = (
        "SELECT count(), uniqExact(o.browser_hash), countIf(o.browser_hash = c.browser_hash)"
        " FROM check_outcomes AS o INNER JOIN clicks AS c USING (click_id)"
    )
    assert ask(engine, joined) == [(8, 2, 8)]


def test_a_click_that_asked_the_browser_nothing_has_no_row(engine: EmbeddedEngine) -> None:
    put(engine, click_fact(), click_fact(1, outcome="plain", traffic=["bot_ua"], checks=[]))
    assert ask(engine, "SELECT count() FROM check_outcomes") == [(0,)]


def test_a_finding_is_refused_only_when_its_own_reason_is_among_the_refusals(engine: EmbeddedEngine) -> None:
    checks = [BLOCKED, COOKIES_OFF, GUESSED, ("second_tab", "found", "high", "", 0)]
    put(engine, click_fact(checks=checks, refusals=["cookies_blocked", "second_tab", "no_shopper"], script="page-1"))
    assert ask(engine, "SELECT check, refused FROM check_outcomes ORDER BY check") == [
        ("ad_blocker", 0),
        ("cookies", 1),
        ("private_mode", 0),
        ("second_tab", 1),
    ]


def test_a_report_of_the_tag_is_shown_without_anybody_s_data(engine: EmbeddedEngine) -> None:
    put(engine, tag_fact(checks=[BLOCKED, FINE], tab="other_tab", click_id=""), times=2)
    columns = "report_id, toString(day), toString(reported_at), kind, final, click_id, cookie_click_id, order_id, tab"
    checks = "checks_found, checks, check_evidence, check_ms, script, address_hash, user_agent_hash"
    assert ask(engine, f"SELECT {columns}, {checks} FROM tag_reports") == [
        (
            "report-0", "2026-11-23", "2026-11-23 12:44:56", "confirmation", 1, "", click_id(), "A-1", "other_tab",
            ["ad_blocker"], ["ad_blocker:found:high", "cookies:ok:high"], ["script:blocked fetch:ok", "came back"],
            [63, 12], "tag-1", 2, 1,
        )
    ]  # fmt: skip


def test_a_report_that_the_tag_sent_again_is_one(engine: EmbeddedEngine) -> None:
    """It is received later the second time."""
    put(engine, tag_fact(kind="landing", after=1), tag_fact(kind="landing", after=65), tag_fact(1, kind="landing"))
    put(engine, tag_fact(kind="landing", partner_id="other"))  # each shop's tag makes its ids for itself
    assert ask(engine, "SELECT count() FROM tag_reports") == [(3,)]


@pytest.mark.parametrize(("kind", "place"), [("landing", "tag_landing"), ("confirmation", "tag_confirmation")])
def test_every_check_of_the_tag_is_a_row_and_its_tab_is_one(engine: EmbeddedEngine, kind: str, place: str) -> None:
    put(engine, tag_fact(kind=kind, tab="other_tab_copied", checks=[BLOCKED, FINE]), times=2)
    columns = "check, finding, confidence, evidence, milliseconds, place, script, outcome, refused, surface, click_id"
    of_report = place, "tag-1", "", 0, "", click_id()
    assert ask(engine, f"SELECT {columns} FROM check_outcomes ORDER BY check") == [
        (*BLOCKED, *of_report),
        (*FINE, *of_report),
        ("tab", "other_tab_copied", "", "", 0, *of_report),
    ]


def test_a_tab_that_does_not_know_its_click_is_of_the_click_that_the_shop_remembers(engine: EmbeddedEngine) -> None:
    put(engine, tag_fact(click_id="", tab="other_tab"))
    assert ask(engine, "SELECT DISTINCT click_id FROM check_outcomes") == [(click_id(),)]


@pytest.mark.parametrize(
    ("quick", "rows"),
    [
        ({}, ["same_tab"]),
        ({"after": 602}, ["same_tab"]),  # one overtook the other
        ({"after": 700}, ["same_tab", "unknown"]),  # another view, of a shopper who left early
        ({"after": 400}, ["same_tab", "unknown"]),
        ({"order_id": "A-2"}, ["same_tab", "unknown"]),
        ({"partner_id": "other"}, ["same_tab", "unknown"]),
        ({"user_agent_hash": 9}, ["same_tab", "unknown"]),
    ],
)
def test_a_quick_report_is_completed_by_the_last_word_about_its_view(
    engine: EmbeddedEngine, quick: dict[str, object], rows: list[str]
) -> None:
    unlike: dict[str, Any] = {"after": 598, "final": False, "tab": "unknown"} | quick
    put(engine, tag_fact(0, **unlike), tag_fact(1, after=600))
    assert ask(engine, "SELECT finding FROM check_outcomes WHERE check = 'tab' ORDER BY 1") == [(one,) for one in rows]


def test_a_quick_report_is_completed_in_the_next_minute_too(engine: EmbeddedEngine) -> None:
    """12:44:50 and 12:45:20."""
    put(engine, tag_fact(0, after=594, final=False, tab="unknown"), tag_fact(1, after=624))
    assert ask(engine, "SELECT finding FROM check_outcomes WHERE check = 'tab'") == [("same_tab",)]


def test_a_shopper_who_left_early_is_seen_by_the_quick_report(engine: EmbeddedEngine) -> None:
    put(engine, tag_fact(final=False))
    assert ask(engine, "SELECT check, finding FROM check_outcomes ORDER BY check") == [
        ("ad_blocker", "ok"),
        ("cookies", "ok"),
        ("tab", "same_tab"),
    ]


def test_days_and_partners_can_be_asked_for(engine: EmbeddedEngine) -> None:
    put(
        engine,
        click_fact(script="page-1"),
        click_fact(1, after=DAY, script="page-1"),
        tag_fact(),
        tag_fact(1, after=DAY),
    )
    assert ask(engine, "SELECT toString(day), count() FROM check_outcomes GROUP BY day ORDER BY day") == [
        ("2026-11-23", 7),
        ("2026-11-24", 7),
    ]
    assert ask(engine, "SELECT count() FROM check_outcomes WHERE day = '2026-11-24' AND partner_id = 'lamoda'") == [
        (7,)
    ]
