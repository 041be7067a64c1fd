"""Tables that an earlier release filled are brought up to date: every row is there, and what it lacked is empty."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.store.factories import click_fact
from tests.warehouse.setting import Fact, ask, line_fact, postback_fact, put, revision_fact, rows_of, tag_fact
from tracker.store.warehouse import migrate
from tracker.store.warehouse.closed_months import merge_closed_months
from tracker.store.warehouse.counted_months import count_closed_months
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrate_clickhouse, migrations
from tracker.store.warehouse.rows import CLICKS, REVISIONS
from tracker.store.warehouse.threads import EngineThreads

pytestmark = pytest.mark.slow

FIRST_RELEASE = 3  # files
BEFORE_COUNTS = list(migrations()).index("011_counted_months.sql")
LATER = {
    CLICKS: {"check_evidence", "check_ms", "supersedes", "script"},
    REVISIONS: {"exchange_rate", "exchange_day"},
}
DAY = 86_400


@pytest.fixture
def old(engine: EmbeddedEngine, request: pytest.FixtureRequest) -> Iterator[EmbeddedEngine]:
    """The schema after so many of its files."""
    for database in ("analytics", "tracker"):
        engine.execute(f"DROP DATABASE IF EXISTS {database} SYNC")
    some = dict(list(migrations().items())[: request.param])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda: some)
        migrate_clickhouse(engine)
    engine._types.clear()  # another release is another process
    yield engine
    migrate_clickhouse(engine)


def fill(engine: EmbeddedEngine) -> None:
    """With the columns that there were; each fact twice, as after a drain that was killed."""
    facts: list[Fact] = [
        click_fact(1),
        click_fact(2, after=40 * DAY),
        postback_fact(),
        revision_fact(),
        revision_fact(revision=2),
    ]
    for fact in facts * 2:
        for table, rows in rows_of(fact):
            columns = [column for column in table.columns if column not in LATER.get(table, ())]
            places = [table.columns.index(column) for column in columns]
            engine.insert(table.name, columns, [[row[place] for place in places] for row in rows])


@pytest.mark.parametrize("old", [FIRST_RELEASE], indirect=True)
def test_the_first_release_s_rows_are_all_there_and_new_ones_beside_them(old: EmbeddedEngine) -> None:
    fill(old)

    old._types.clear()  # another release is another process

    assert migrate_clickhouse(old) == list(migrations())[FIRST_RELEASE:]

    counts = {table: ask(old, f"SELECT count() FROM {table}")[0][0] for table in ("clicks", "postbacks")}
    assert {table: int(count) for table, count in counts.items()} == {"clicks": 2, "postbacks": 1}
    assert ask(old, "SELECT revision, cashback, exchange_rate FROM conversions") == [(2, 50, None)]
    [evidence] = ask(old, "SELECT check_evidence, check_ms, script FROM clicks LIMIT 1")
    assert evidence == (["", "", "", ""], [0, 0, 0, 0], "")
    put(old, click_fact(3), tag_fact())
    assert ask(old, "SELECT (SELECT count() FROM clicks) = 3 AND (SELECT count() FROM tag_reports) = 1") == [(1,)]
    assert migrate_clickhouse(old) == []


@pytest.mark.parametrize("old", [BEFORE_COUNTS], indirect=True)
async def test_what_is_stored_with_a_row_from_now_on_is_found_out_about_the_rows_of_before(
    old: EmbeddedEngine, engine_threads: EngineThreads
) -> None:
    found = [("cookies", "found", "high", "", 0), ("ad_blocker", "ok", "high", "script:ok", 12)]
    refused = click_fact(script="page-1", checks=found, refusals=["cookies_blocked"], outcome="stopped")
    lines = [line_fact("1"), line_fact("2")]
    reports = tag_fact(0, after=598, final=False, tab="unknown"), tag_fact(1, after=600)
    orders = revision_fact(lines=lines), revision_fact(revision=2, after=40 * DAY, lines=lines[:1])
    put(old, refused, click_fact(1), click_fact(2, after=40 * DAY), *reports, *orders, times=2)
    views = "check_outcomes", "conversion_lines", "partner_daily"
    before = {view: ask(old, f"SELECT * FROM {view} ORDER BY ALL") for view in views}
    assert all(before.values())

    migrate_clickhouse(old)

    assert {view: ask(old, f"SELECT * FROM {view} ORDER BY ALL") for view in views} == before
    assert ask(old, "SELECT check, refused, sum(asked) FROM check_daily GROUP BY ALL ORDER BY ALL") == [
        ("ad_blocker", 0, 1),
        ("cookies", 1, 1),
    ]
    december = datetime(2026, 12, 5, tzinfo=UTC)
    await merge_closed_months(engine_threads, december)
    assert await count_closed_months(engine_threads, december) == 1
    assert {view: ask(old, f"SELECT * FROM {view} ORDER BY ALL") for view in views} == before
