"""Each question on known rows: its answer, its period in days of Moscow, and its partner filter."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import pytest

from tests.store.factories import CLICKED_AT, click_fact
from tests.warehouse.setting import DAY, Fact, line_fact, postback_fact, put, revision_fact, tag_fact
from tracker.app.stores import answer_analyst
from tracker.core.facts import ClickFact, RevisionFact
from tracker.reports.analysts.asked import Asked, read_asked
from tracker.reports.analysts.columns import HEADINGS, KINDS
from tracker.reports.analysts.disclosure import disclose
from tracker.reports.analysts.questions import QUESTIONS, sql
from tracker.reports.analysts.table import Ask, Table, read_table
from tracker.reports.analysts.texts import TEXTS
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.threads import EngineThreads

DAY_OF_CLICK = date(2026, 11, 23)
THAT_DAY = Asked(DAY_OF_CLICK, DAY_OF_CLICK)
NEWS_DAY = Asked(date(2026, 11, 24), date(2026, 11, 24))
CLICKED_AT_US = int(CLICKED_AT.timestamp()) * 1_000_000
DAY_US = DAY * 1_000_000
FIGURES = ("headline", "daily", "filtered", "restated")


def asked(number: int, outcome: str, *refusals: str, **changes: object) -> ClickFact:
    """A click whose browser was asked by the checks page: what it found is certain, or only likely."""
    ad_blocker = ("ad_blocker", "found" if refusals else "ok", "high", "", 63)
    private_mode = ("private_mode", "found" if "private_mode" in changes else "ok", "medium", "", 812)
    changes.pop("private_mode", None)
    usual: dict[str, Any] = {"outcome": outcome, "refusals": list(refusals), "script": "page-1"}
    return click_fact(number, checks=[ad_blocker, private_mode], **(usual | changes))


class Known(NamedTuple):
    facts: Sequence[Fact]
    rows: Sequence[tuple[Any, ...]]
    asked: Asked = THAT_DAY


def confirmed(order_id: str, *, days: int) -> RevisionFact:
    return revision_fact(order_id, confirmed_at_us=CLICKED_AT_US + days * DAY_US)


def late(order_id: str, revision: int = 1, **changes: object) -> RevisionFact:
    """Confirmed two days after its window."""
    ended = CLICKED_AT_US + 90 * DAY_US
    usual: dict[str, object] = {"cashback": 0, "reasons": ["late"], "confirmed_at_us": ended + 2 * DAY_US}
    return revision_fact(order_id, revision, after=92 * DAY, **(usual | changes))


NOTHING = Decimal(0)
KNOWN: dict[str, Known] = {
    "conversion-rate": Known(
        [
            *(click_fact(number) for number in range(3)),
            click_fact(3, traffic=["repeat"]),
            click_fact(4, partner="other"),
            revision_fact("A-1"),
            revision_fact("A-2", status="pending", cashback=30, commission=Decimal("40.00")),
        ],
        [
            ("lamoda", 4, 3, 2, 1, 0, Decimal("0.666666"), 40, 120, 80),
            ("other", 1, 1, 0, 0, 0, 0, 0, 0, 0),
        ],
    ),
    "refusals": Known(
        [
            revision_fact("A-1", cashback=0, reasons=["late", "ad_blocker"]),
            revision_fact("A-2", cashback=0, reasons=["ad_blocker"]),
            revision_fact("A-3"),
            revision_fact("A-4"),
        ],
        [("ad_blocker", 2, Decimal("0.5"), 1, 2000), ("late", 1, Decimal("0.25"), 1, 1000)],
    ),
    "confirmation-times": Known(
        [
            *(confirmed(f"A-{days}", days=days) for days in (1, 2, 3, 10)),
            revision_fact("not confirmed", confirmed_at_us=0),
            revision_fact("unmatched", click_id="", clicked_at_us=0, first_seen_at_us=CLICKED_AT_US),
        ],
        [("lamoda", 4, 3, 10, 10, 10, 10)],
    ),
    "minimum-rule": Known(
        [
            revision_fact("A-1", base=Decimal(18), accrual=Decimal("0.9"), cashback=0, reasons=["below_minimum"]),
            revision_fact(
                "A-2", base=Decimal(800), accrual=NOTHING, cashback=0, reasons=["below_min_purchase"],
                lines=[
                    line_fact("1", accrual=Decimal(40)),
                    line_fact("2", rate=None, accrual=Decimal(300)),  # a fixed sum counts once
                    line_fact("3", rate=None, accrual=Decimal(300)),
                    line_fact("4", status="declined", accrual=Decimal(7)),
                ],
            ),
            revision_fact(
                "A-3", base=Decimal(600), accrual=NOTHING, cashback=0, reasons=["late", "below_min_purchase"],
                lines=[line_fact(accrual=Decimal(30))],
            ),
            revision_fact("A-4", status="declined", cashback=0, reasons=["below_minimum"]),
            revision_fact("A-5"),
        ],
        [
            ("lamoda", "below_min_purchase", 2, 1, 1400, 370, 340),
            ("lamoda", "below_minimum", 1, 1, 18, Decimal("0.9"), Decimal("0.9")),
        ],
    ),
    "app-origins": Known(
        [
            revision_fact("A-1", origin="app"),
            revision_fact("A-2", origin="app", status="pending"),
            revision_fact("A-3", origin="mobile_web", cashback=40),
            revision_fact("A-4", origin="app", cashback=0, reasons=["partner_app"]),
            revision_fact("A-5"),
        ],
        [("lamoda", "app", 2, 1, 2000, 100), ("lamoda", "mobile_web", 1, 1, 1000, 40)],
    ),
    "late-confirmations": Known(
        [
            late("A-1"),
            late("credited by staff"),
            late("credited by staff", 2, cashback=50, reasons=[]),
            # On hold when its window ended and released behind it: that was never late.
            late("released", reasons=[], cashback=50),
            late("not approved yet", status="pending", confirmed_at_us=0),
            late("returned"),
            late("returned", 2, status="declined", reasons=[]),
        ],
        [("lamoda", 3, 1, 3000, 150, 50, 2, 2)],
    ),
    "unmatched-postbacks": Known(
        [
            postback_fact(1, after=DAY, order_id="U-1", verdict="unknown_click"),
            postback_fact(2, after=DAY + 1, order_id="U-1", verdict="unknown_click"),
            postback_fact(3, after=DAY, order_id="U-2", verdict="unknown_click"),
            postback_fact(4, after=DAY, order_id="U-3", verdict="bad_signature"),
            postback_fact(5, after=DAY),
            revision_fact("U-1", click_id="", clicked_at_us=0),
            revision_fact("U-2"),  # claimed since
        ],
        [
            ("lamoda", "unknown_click", 3, 2, 1, "2026-11-24 12:34:57"),
            ("lamoda", "bad_signature", 1, 1, 0, "2026-11-24 12:34:56"),
        ],
        NEWS_DAY,
    ),
    "clicks-by-hour": Known(
        [
            click_fact(0),
            click_fact(1, after=60),
            click_fact(2, after=61, traffic=["repeat"]),
            click_fact(3, after=-DAY // 2),
            click_fact(4, after=5, outcome="stopped"),
        ],
        [(hour, *{3: (1, 1), 15: (3, 2)}.get(hour, (0, 0))) for hour in range(24)],
    ),
    "returns": Known(
        [
            revision_fact("whole"),
            revision_fact("whole", 2, status="declined", base=NOTHING, cashback=0),
            revision_fact("in part"),
            revision_fact("in part", 2, base=Decimal(600), cashback=30),
            revision_fact("kept"),
            revision_fact("kept", 2, settled=True),
            revision_fact("never approved", status="pending"),
            revision_fact("never approved", 2, status="declined", base=NOTHING, cashback=0),
        ],
        [("lamoda", 3, 1, 1, Decimal("0.666666"), 1400, 70)],
    ),
    "liability": Known(
        [
            revision_fact("A-1", status="pending", settled=False, cashback=10),
            revision_fact("A-2", hold=True, settled=False, cashback=20),
            revision_fact("A-3", settled=False, cashback=30),
            revision_fact("A-4", cashback=40),
            revision_fact("A-5", cashback=2, currency="USD"),
            revision_fact("A-6", status="declined", cashback=0),
        ],
        [
            ("pending", 1, 10, 80),
            ("held", 1, 20, 80),
            ("approved", 1, 30, 80),
            ("settled", 2, 42, 80),
            ("declined", 1, 0, 0),
        ],
    ),
    "checks": Known(
        [
            *(asked(number, "go", browser_id=f"fine-{number}") for number in range(2)),
            asked(2, "stopped", "ad_blocker", browser_id="blocked"),  # pressed Retry, then went on without cashback
            asked(3, "stopped", "ad_blocker", browser_id="blocked"),
            asked(4, "go", "ad_blocker", browser_id="blocked"),
            asked(5, "stopped", browser_id="private", private_mode="found"),
            asked(6, "go", browser_id="private", private_mode="found"),  # in spite of the warning
            asked(7, "go", browser_id="older", browser_version="141.0.7"),
            asked(8, "stopped", browser_id="gave up", browser_version="141.0.7", private_mode="found"),
            click_fact(9),  # had its pass
            tag_fact(checks=[("ad_blocker", "found", "high", "", 63)]),
        ],
        [
            ("private_mode", "Chrome", "141", 2, 1, 0, 0, Decimal("0.5")),
            ("ad_blocker", "Chrome", "142", 4, 1, 1, 0, Decimal("0.25")),
            ("private_mode", "Chrome", "142", 4, 1, 0, 1, Decimal("0.25")),
            ("ad_blocker", "Chrome", "141", 2, 0, 0, 0, 0),
        ],
    ),
}  # fmt: skip


@pytest.fixture
def ask(threads: EngineThreads) -> Ask:
    """As the pages do: through the guard, with an analyst's rights."""
    return partial(answer_analyst, threads)


def rows(table: Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.rows]


def test_each_question_has_a_known_answer() -> None:
    assert set(KNOWN) == set(QUESTIONS)
    assert all(set(text.questions) == set(QUESTIONS) for text in TEXTS.values())


@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_question_is_answered_from_facts_that_came_twice(engine: EmbeddedEngine, ask: Ask, name: str) -> None:
    known = KNOWN[name]
    put(engine, *known.facts, times=2)
    table = await read_table(ask, QUESTIONS[name].sql, known.asked)
    assert rows(table) == known.rows
    assert set(QUESTIONS[name].labels) | set(QUESTIONS[name].drawn) <= set(table.columns)


@pytest.mark.parametrize("name", QUESTIONS)
async def test_another_period_and_another_partner_have_nothing_of_it(
    engine: EmbeddedEngine, ask: Ask, name: str
) -> None:
    known = KNOWN[name]
    put(engine, *known.facts)
    since, until = known.asked.since, known.asked.until
    one_day = timedelta(days=1)
    elsewhere = (
        Asked(since - 9 * one_day, since - one_day),
        Asked(until + one_day, until + 9 * one_day),
        Asked(since, until, "nobody"),
    )
    for asked in elsewhere:
        found = rows(await read_table(ask, QUESTIONS[name].sql, asked))
        assert [row for row in found if any(row[1:])] == [], asked
    named = rows(await read_table(ask, QUESTIONS[name].sql, Asked(since, until, "lamoda")))
    assert named == [row for row in known.rows if row[0] != "other"]


@pytest.mark.parametrize("name", QUESTIONS)
async def test_before_anything_happened_there_is_an_answer_too(ask: Ask, name: str) -> None:
    found = rows(await read_table(ask, QUESTIONS[name].sql, THAT_DAY))
    assert found == ([(hour, 0, 0) for hour in range(24)] if name == "clicks-by-hour" else [])


async def test_a_day_begins_and_ends_in_moscow(engine: EmbeddedEngine, ask: Ask) -> None:
    midnight = (datetime(2026, 11, 23, 21, tzinfo=UTC) - CLICKED_AT).total_seconds()  # 00:00 of the 24th in Moscow
    put(
        engine,
        click_fact(0, after=midnight - 1),
        click_fact(1, after=midnight),
        click_fact(2, after=midnight + DAY - 1),
    )

    async def clicks(since: date, until: date) -> int:
        [row] = (await read_table(ask, QUESTIONS["conversion-rate"].sql, Asked(since, until))).rows
        return int(row["clicks"] or 0)

    assert await clicks(date(2026, 11, 23), date(2026, 11, 23)) == 1
    assert await clicks(date(2026, 11, 24), date(2026, 11, 24)) == 2
    assert await clicks(date(2026, 11, 23), date(2026, 11, 24)) == 3


async def test_the_headline_is_the_whole_of_the_period(engine: EmbeddedEngine, ask: Ask) -> None:
    put(engine, *KNOWN["conversion-rate"].facts, times=2)
    headline = await read_table(ask, sql("figures/headline.sql"), THAT_DAY)
    assert rows(headline) == [(4, 2, Decimal("0.5"), 30, 80, 120)]
    daily = await read_table(ask, sql("figures/daily.sql"), Asked(date(2026, 11, 22), date(2026, 11, 24)))
    assert rows(daily) == [("2026-11-22", 0), ("2026-11-23", 4), ("2026-11-24", 0)]


async def test_below_a_report_stands_what_was_filtered_and_whether_it_can_change(
    engine: EmbeddedEngine, ask: Ask
) -> None:
    put(
        engine,
        click_fact(0),
        click_fact(1, traffic=["datacenter"]),  # marked, and counted
        click_fact(2, traffic=["repeat"]),
        click_fact(3, traffic=["datacenter", "repeat"]),
        click_fact(4, traffic=["bot_ua"], outcome="plain"),
        click_fact(5, outcome="stopped", traffic=["datacenter"], refusals=["ad_blocker"]),
        click_fact(6, outcome="stopped", traffic=["rate_cap"]),
        revision_fact("A-1", after=3 * DAY),
        revision_fact("A-2", after=2 * DAY),
        times=2,
    )
    told = await disclose(ask, THAT_DAY, date(2027, 2, 21))
    assert (told.clicks, told.filtered) == (5, 3)
    assert told.by_reason == [("repeat", 2), ("bot_ua", 1)]
    assert told.restated_at == CLICKED_AT + timedelta(days=3)
    assert (told.may_change_until, told.is_final) == (date(2027, 2, 21), False)
    assert (await disclose(ask, THAT_DAY, date(2027, 2, 22))).is_final
    nothing = await disclose(ask, Asked(DAY_OF_CLICK, DAY_OF_CLICK, "nobody"), date(2027, 2, 22))
    assert (nothing.clicks, nothing.by_reason, nothing.restated_at) == (0, [], None)


async def test_every_column_has_a_kind_and_a_heading_in_both_languages(ask: Ask) -> None:
    texts = [question.sql for question in QUESTIONS.values()]
    texts += [sql(f"figures/{name}.sql") for name in ("headline", "daily")]
    columns = {column for text in texts for column in (await read_table(ask, text, THAT_DAY)).columns}
    assert columns == set(KINDS) == set(HEADINGS["ru"]) == set(HEADINGS["en"])


@pytest.mark.parametrize(
    ("said", "since", "until", "partner"),
    [
        ({}, "2026-10-27", "2026-11-25", ""),  # thirty days; it is the 25th in Moscow
        ({"from": "2026-11-01", "until": "2026-11-02", "partner": "lab"}, "2026-11-01", "2026-11-02", "lab"),
        ({"from": "2026-11-02", "until": "2026-11-01"}, "2026-11-01", "2026-11-02", ""),
        ({"until": "2026-01-30"}, "2026-01-01", "2026-01-30", ""),
        ({"from": "yesterday", "until": "1999-12-31", "partner": "' OR 1"}, "2026-10-27", "2026-11-25", ""),
        ({"from": "2101-01-01", "until": "9999-12-31"}, "2026-10-27", "2026-11-25", ""),
        ({"from": "0001-01-01", "until": "2149-06-06"}, "2026-10-27", "2026-11-25", ""),
        ({"until": "2000-01-02"}, "2000-01-01", "2000-01-02", ""),
    ],
)
def test_what_is_no_day_and_no_partner_is_as_if_it_were_not_said(
    said: dict[str, str], since: str, until: str, partner: str
) -> None:
    asked = read_asked(said, datetime(2026, 11, 24, 21, 30, tzinfo=UTC))
    assert asked.parameters == {"since": since, "until": until, "partner": partner}
