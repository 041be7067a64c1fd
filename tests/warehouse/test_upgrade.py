"""Tables that the first release filled are brought up to date: every row is there, and what it lacked is empty."""

from collections.abc import Iterator

import pytest

from tests.store.factories import click_fact
from tests.warehouse.setting import Fact, ask, postback_fact, put, revision_fact, rows_of, tag_fact
from tracker.store.warehouse import migrate
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrate_clickhouse, migrations
from tracker.store.warehouse.rows import CLICKS, REVISIONS

pytestmark = pytest.mark.slow

FIRST_RELEASE = 3  # files
LATER = {
    CLICKS: {"check_evidence", "check_ms", "supersedes", "script"},
    REVISIONS: {"exchange_rate", "exchange_day"},
}
DAY = 86_400


@pytest.fixture
def first(engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedEngine]:
    """The schema as the first release left it."""
    for database in ("analytics", "tracker"):
        engine.execute(f"DROP DATABASE IF EXISTS {database} SYNC")
    some = dict(list(migrations().items())[:FIRST_RELEASE])
    monkeypatch.setattr(migrate, "migrations", lambda: some)
    migrate_clickhouse(engine)
    monkeypatch.undo()
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


def test_the_first_release_s_rows_are_all_there_and_new_ones_beside_them(first: EmbeddedEngine) -> None:
    fill(first)

    first._types.clear()  # another release is another process

    assert migrate_clickhouse(first) == list(migrations())[FIRST_RELEASE:]

    counts = {table: ask(first, f"SELECT count() FROM {table}")[0][0] for table in ("clicks", "postbacks")}
    assert {table: int(count) for table, count in counts.items()} == {"clicks": 2, "postbacks": 1}
    assert ask(first, "SELECT revision, cashback, exchange_rate FROM conversions") == [(2, 50, None)]
    [evidence] = ask(first, "SELECT check_evidence, check_ms, script FROM clicks LIMIT 1")
    assert evidence == (["", "", "", ""], [0, 0, 0, 0], "")
    put(first, click_fact(3), tag_fact())
    assert ask(first, "SELECT (SELECT count() FROM clicks) = 3 AND (SELECT count() FROM tag_reports) = 1") == [(1,)]
    assert migrate_clickhouse(first) == []
