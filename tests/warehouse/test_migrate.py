"""ClickHouse's schema is brought up to date once, whoever starts, whenever it was killed, and never behind a back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pytest

from tests.warehouse.engines import WatchedEngine
from tracker.errors import ConfigurationError
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrate_clickhouse, migrations, run_statement, statements

STATEMENTS = [(name, one) for name, text in migrations().items() for one in statements(text)]


@pytest.fixture
def empty(engine: EmbeddedEngine) -> Iterator[EmbeddedEngine]:
    _drop(engine)
    yield engine
    _drop(engine)
    migrate_clickhouse(engine)


def _drop(engine: EmbeddedEngine) -> None:
    for database in ("analytics", "tracker"):
        engine.execute(f"DROP DATABASE IF EXISTS {database} SYNC")


def test_every_file_is_applied_once_and_in_order(empty: EmbeddedEngine) -> None:
    assert migrate_clickhouse(empty) == list(migrations())
    assert migrate_clickhouse(empty) == []


@dataclass
class Killed(WatchedEngine):
    """Dies at the statement of that number, before or behind it."""

    at: int = 0
    behind: bool = False

    def execute(self, sql: str) -> None:
        self.at -= 1
        if self.at == 0 and not self.behind:
            raise KeyboardInterrupt
        super().execute(sql)
        if self.at == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("at", range(1, len(STATEMENTS) + 3, 5))
def test_killed_in_the_middle_it_is_finished_the_next_time(empty: EmbeddedEngine, at: int, *, behind: bool) -> None:
    with pytest.raises(KeyboardInterrupt):
        migrate_clickhouse(Killed(empty, at=at, behind=behind))
    migrate_clickhouse(empty)
    assert migrate_clickhouse(empty) == []
    assert empty.query("SELECT count() FROM analytics.partner_daily", format_="TSV", as_analyst=True) == b"0\n"


@pytest.mark.parametrize("statement", [one for _, one in STATEMENTS])
def test_every_statement_bears_to_be_run_again(engine: EmbeddedEngine, statement: str) -> None:
    run_statement(engine, statement)


EDITED = """
ALTER TABLE tracker.schema_migrations UPDATE checksum = 'x' WHERE name = '001_base_tables.sql' AND statement = 2
SETTINGS mutations_sync = 1
"""
NOTE = "INSERT INTO tracker.schema_migrations VALUES "


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        (EDITED, "001_base_tables.sql was changed"),
        (NOTE + "('001_base_tables.sql', 99, 'x')", "001_base_tables.sql was changed"),
        (NOTE + "('999_future.sql', 1, 'x')", "does not know; start the newer one"),
    ],
)
def test_a_database_that_is_not_as_we_left_it_is_not_touched(empty: EmbeddedEngine, sql: str, sentence: str) -> None:
    migrate_clickhouse(empty)
    empty.execute(sql)
    with pytest.raises(ConfigurationError, match=sentence):
        migrate_clickhouse(empty)


@dataclass
class Older(WatchedEngine):
    version: str = ""

    def query(
        self,
        sql: str,
        *,
        format_: str = "JSONCompact",
        parameters: Mapping[str, str] = MappingProxyType({}),
        as_analyst: bool = False,
    ) -> bytes:
        asked = f"SELECT '{self.version}'" if sql == "SELECT version()" else sql
        return super().query(asked, format_=format_, parameters=parameters, as_analyst=as_analyst)


def test_a_file_that_needs_a_newer_server_waits_for_it(empty: EmbeddedEngine) -> None:
    first = migrate_clickhouse(Older(empty, version="18.16.1"))
    second = migrate_clickhouse(Older(empty, version="20.10.2.20"))
    third = migrate_clickhouse(empty)
    assert first == ["001_base_tables.sql", "005_evidence.sql", "008_exchange_rates.sql", "009_reconciliations.sql"]
    assert second[0] == "002_on_disk_before_acknowledged.sql"
    assert third == [
        "003_analytics.sql",
        "007_check_outcomes.sql",
        "008_exchange_rates_shown.sql",
        "009_reconciliations_shown.sql",
        "010_clicks_as_numbers.sql",
        "010_fast_views.sql",
        "011_counted_months.sql",
        "011_faster_views.sql",
    ]
    assert sorted([*first, *second, *third]) == list(migrations())


def test_an_acknowledged_part_is_on_disk(engine: EmbeddedEngine) -> None:
    for table in (
        "clicks",
        "postbacks",
        "conversion_revisions",
        "conversion_lines",
        "tag_reports",
        "reconciliation_lines",
    ):
        made = engine.query(f"SHOW CREATE TABLE tracker.{table}", format_="TSVRaw").decode()
        assert "fsync_after_insert = 1, fsync_part_directory = 1" in made
