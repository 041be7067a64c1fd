"""The same over the native protocol, on an old server: 18.16, from Debian (`apt install clickhouse-server`)."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.clickhouse import clickhouse_server
from tests.running import free_port
from tests.store.factories import CLICKED_AT, SECOND, click_fact
from tests.warehouse.setting import postback_fact, put, revision_fact, row_of, tag_fact
from tracker.core.click import Click
from tracker.core.facts import ClickFact
from tracker.errors import PoisonError, StoreUnavailableError, WarehouseQueryError, WarehouseTooOldError
from tracker.store.warehouse.counted_months import count_closed_months
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.formats import FORMATS
from tracker.store.warehouse.migrate import migrate_clickhouse, migrations, run_statement, statements
from tracker.store.warehouse.native import NativeEngine
from tracker.store.warehouse.old_clicks import EngineOldClicks
from tracker.store.warehouse.rows import CLICKS
from tracker.store.warehouse.threads import EngineThreads


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with clickhouse_server() as server:
        yield server.url


@pytest.fixture(scope="module")
def server(url: str) -> Iterator[NativeEngine]:
    engine = NativeEngine(url)
    yield engine
    engine.close()


@pytest.fixture
def native(server: NativeEngine) -> NativeEngine:
    server.execute("DROP DATABASE IF EXISTS tracker")
    assert migrate_clickhouse(server)[0] == "001_base_tables.sql"
    assert migrate_clickhouse(server) == []
    return server


def test_every_kind_of_fact_is_stored_once_however_often_it_comes(native: NativeEngine) -> None:
    put(native, click_fact(), postback_fact(), revision_fact(), tag_fact(), times=2)
    put(native, tag_fact(after=660))  # sent again, received later
    for table in ("clicks", "postbacks", "conversion_revisions", "conversion_lines", "tag_reports"):
        assert native.query(f"SELECT count() FROM tracker.{table} FINAL", format_="TSV") == b"1\n"


async def test_a_server_that_is_too_old_for_views_counts_no_month(native: NativeEngine) -> None:
    put(native, click_fact())
    assert await count_closed_months(EngineThreads(native), CLICKED_AT + timedelta(days=30)) == 0


@pytest.mark.parametrize(
    ("column", "value"), [("rate", 0.05), ("rate", Decimal("0.123456789")), ("partner_id", None), ("clicked_at", 2**32)]
)
def test_what_the_driver_would_cut_off_is_poison(native: NativeEngine, column: str, value: object) -> None:
    row = list(row_of(click_fact()))
    row[CLICKS.columns.index(column)] = value
    with pytest.raises(PoisonError, match=column):
        native.insert(CLICKS.name, CLICKS.columns, [row])
    assert native.query("SELECT count() FROM tracker.clicks", format_="TSV") == b"0\n"


def test_a_table_that_is_not_there_is_no_fault_of_the_rows(native: NativeEngine) -> None:
    native.execute("DROP TABLE tracker.clicks")
    with pytest.raises(StoreUnavailableError):
        put(native, click_fact())


def test_an_old_click_is_found(native: NativeEngine) -> None:
    fact = click_fact()
    put(native, fact, times=2)
    found = find(native, fact)
    assert (found.shopper_id, found.clicked_at.timestamp()) == (fact.shopper_id, SECOND)
    assert found.superseded_at is None


def test_an_old_click_carries_the_moment_at_which_another_one_started_over(native: NativeEngine) -> None:
    fact = click_fact()
    overs = [click_fact(number, after=after, supersedes=[fact.click_id]) for number, after in ((1, 7200), (2, 90.5))]
    put(native, fact, *overs, click_fact(3, after=30, supersedes=[overs[0].click_id]), times=2)
    assert find(native, fact).superseded_at == CLICKED_AT + timedelta(seconds=90.5)


def find(engine: NativeEngine, fact: ClickFact) -> Click:
    found = asyncio.run(EngineOldClicks(EngineThreads(engine)).find(fact.click_id, SECOND))
    assert found is not None
    return found


def test_a_column_that_is_there_is_not_added_again(native: NativeEngine) -> None:
    """Killed between a statement and its record, a migration runs it again; 18.16 has no `IF NOT EXISTS` for it."""
    native.insert(CLICKS.name, ("click_id", "check_names"), [("old", ["cookies"])])
    for statement in statements(migrations()["005_evidence.sql"]):
        run_statement(native, statement)
    shown = native.query("SELECT check_evidence, check_ms, supersedes, script FROM tracker.clicks", format_="TSV")
    assert shown == b"['']\t[0]\t[]\t\n"


SAMPLE = """SELECT 1 AS n, 'a\\tb\\'c\\\\' AS s, ['x', 'y\\'z\\n'] AS a, [1, 2] AS i, [['p'], []] AS aa,
    toDecimal64('0.05', 4) AS d, CAST(NULL AS Nullable(String)) AS z, toDateTime('2026-11-23 12:34:56', 'UTC') AS t,
    toDate('2026-11-23') AS day, 18446744073709551615 AS big, -1.5 AS f"""


@pytest.mark.parametrize("format_", ["TabSeparated", "TSV", "TSVWithNames", "TabSeparatedWithNames", "JSONEachRow"])
def test_rows_are_written_as_clickhouse_writes_them(server: NativeEngine, engine: EmbeddedEngine, format_: str) -> None:
    assert server.query(SAMPLE, format_=format_).decode() == engine.query(SAMPLE, format_=format_).decode()


def test_a_table_for_people_has_lines(server: NativeEngine) -> None:
    sample = "SELECT 1 AS n, 'a\\tb' AS s, ['x', 'y'] AS a UNION ALL SELECT 22, '', []"
    assert server.query(f"SELECT * FROM ({sample}) ORDER BY n", format_="PrettyCompact").decode() == (
        "┌──n─┬─s────┬─a─────────┐\n│  1 │ a\\tb │ ['x','y'] │\n│ 22 │      │ []        │\n└────┴──────┴───────────┘\n"
    )
    assert server.query("SELECT 1 WHERE 0", format_="PrettyCompact") == b""


def test_the_formats_that_it_has_not_are_refused(server: NativeEngine) -> None:
    with pytest.raises(WarehouseQueryError, match="HTTP port") as refused:
        server.query("SELECT 1", format_="Parquet")
    assert refused.value.code == 73
    assert all(server.query("SELECT 1", format_=format_) for format_ in FORMATS)


VALUES = [
    "plain",
    "it's",
    "\\\\",
    "\\'",
    "a\\tb\\nc",
    "заказ 😀",
    "'; DROP DATABASE tracker; --",
    "{y:String}",
    "",
    "' OR 1=1 /*",
]


@pytest.mark.parametrize("value", VALUES)
def test_a_parameter_is_the_value_that_it_is_to_the_other_engine(
    server: NativeEngine, engine: EmbeddedEngine, value: str
) -> None:
    sql = (
        "SELECT {x:String} AS x, length({ x : String }) AS n, '{x:String}' AS text, 1 AS `{x:String}` /* {x:String} */"
    )
    answers = [one.query(sql, format_="TSV", parameters={"x": value}) for one in (server, engine)]
    assert answers[0] == answers[1]


def test_a_parameter_has_its_type(server: NativeEngine) -> None:
    values = {"n": "41", "d": "2026-11-23", "s": "['a', 'b']"}
    answer = server.query(
        "SELECT {n:UInt64} + 1, {d:Nullable(Date)}, {s:Array(String)}", format_="TSV", parameters=values
    )
    assert answer == b"42\t2026-11-23\t['a','b']\n"


@pytest.mark.parametrize(
    ("sql", "value", "code"),
    [
        ("SELECT {x:String}", "trailing\\", 457),
        ("SELECT * FROM {x:Identifier}", "one", 457),
        ("SELECT {y:String}", "", 456),
    ],
)
def test_what_is_no_value_is_no_parameter(server: NativeEngine, sql: str, value: str, code: int) -> None:
    with pytest.raises(WarehouseQueryError) as refused:
        server.query(sql, parameters={"x": value})
    assert refused.value.code == code


@pytest.mark.parametrize(("sql", "code"), [("DROP DATABASE tracker", 164), ("SELECT nope", 47), ("SELEC", 62)])
def test_a_reader_only_reads_and_an_error_has_its_code(server: NativeEngine, sql: str, code: int) -> None:
    with pytest.raises(WarehouseQueryError) as refused:
        server.query(sql)
    assert refused.value.code == code
    assert "Stack trace" not in str(refused.value)


def test_a_server_that_is_away_is_no_fault_of_the_rows() -> None:
    engine = NativeEngine(f"clickhouse://default:@127.0.0.1:{free_port()}/")
    with pytest.raises(StoreUnavailableError, match="did not answer"):
        engine.query("SELECT 1")
    with pytest.raises(StoreUnavailableError, match="did not answer"):
        put(engine, click_fact())


def test_a_host_that_is_gone_is_passed_over(native: NativeEngine, url: str) -> None:
    port = url.rpartition(":")[2]
    engine = NativeEngine(f"clickhouse://default:@127.0.0.1:{free_port()},127.0.0.1:{port}")
    put(engine, click_fact())
    assert engine.query("SELECT count() FROM tracker.clicks", format_="TSV") == b"1\n"
    engine.close()
    assert native.query("SELECT count() FROM tracker.clicks", format_="TSV") == b"1\n"


def test_what_needs_views_says_that_the_server_is_too_old(server: NativeEngine) -> None:
    with pytest.raises(WarehouseTooOldError, match=r"18\.16 is too old for the views") as refused:
        server.query("SELECT count() FROM clicks", as_analyst=True)
    assert refused.value.code == 344


def test_an_error_of_the_server_is_one_line_without_its_stack(server: NativeEngine) -> None:
    with pytest.raises(StoreUnavailableError) as refused:
        server.insert("tracker.nothing", ("a",), [(1,)])
    assert "\n" not in str(refused.value)
    assert "Stack trace" not in str(refused.value)
