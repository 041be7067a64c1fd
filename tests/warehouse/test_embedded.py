"""The embedded engine: keeps what fits exactly, refuses the rest, and opens again after anything."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.store.factories import click_fact
from tests.warehouse.setting import ask, hash_shopper, put, row_of
from tracker.errors import ConfigurationError, PoisonError, StoreUnavailableError, WarehouseQueryError
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.rows import CLICKS
from tracker.store.warehouse.threads import EngineThreads

ROOT = Path(__file__).parents[2]
OPEN = """
import logging, sys
from pathlib import Path
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrate_clickhouse
logging.basicConfig(level=logging.WARNING)
engine = EmbeddedEngine(Path(sys.argv[1]))
"""

pytestmark = pytest.mark.usefixtures("threads")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tracker-warehouse-") as made:
        yield Path(made) / "engine"


def python(script: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def inserted(engine: EmbeddedEngine, column: str, value: Any) -> None:
    row = list(row_of(click_fact()))
    row[CLICKS.columns.index(column)] = value
    engine.insert(CLICKS.name, CLICKS.columns, [row])


def test_every_field_comes_back_as_it_was(engine: EmbeddedEngine) -> None:
    odd = "\t\\N 'x' \"y\" \\ \n\0 заказ 😀"
    fact = click_fact(
        banner=odd,
        rate=Decimal("0.12345678"),
        traffic=["repeat", odd],
        checks=[("cookies", "found", "high", odd, 2**32 - 1), ("second_tab", "unknown", "low", "", 0)],
        address_hash=2**63 - 1,
        user_agent_hash=2**64 - 1,
    )
    put(engine, fact)
    columns = ", ".join(CLICKS.columns)
    stored = engine.query(f"SELECT {columns} FROM tracker.clicks", format_="JSONCompactStrings")
    [row] = json.loads(stored)["data"]
    found = dict(zip(CLICKS.columns, row, strict=True))
    assert found["banner"] == odd
    assert found["rate"] == "0.12345678"
    assert found["clicked_at"] == "2026-11-23 12:34:56"
    assert found["clicked_at_us"] == str(fact.clicked_at_us)
    assert found["address_hash"] == str(2**63 - 1)
    assert found["user_agent_hash"] == str(2**64 - 1)
    assert found["check_findings"] == "['found','unknown']"
    assert found["check_ms"] == f"[{2**32 - 1},0]"
    [[evidence]] = json.loads(engine.query("SELECT check_evidence FROM tracker.clicks"))["data"]
    assert evidence == [odd, ""]
    assert found["shopper_hash"] == str(hash_shopper(fact.shopper_id))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("rate", 0.05),
        ("rate", Decimal("0.123456789")),
        ("rate", Decimal("NaN")),
        ("rate", Decimal(12345678901)),
        ("rate", "0.05"),
        ("partner_id", None),
        ("partner_id", 5),
        ("banner", "\ud800"),
        ("clicked_at", 2**32),
        ("clicked_at", -1),
        ("clicked_at_us", 2**63),
        ("address_hash", -1),
        ("traffic", None),
        ("refusals", [1]),
    ],
)
def test_what_does_not_fit_exactly_is_poison_and_names_its_column(
    engine: EmbeddedEngine, column: str, value: object
) -> None:
    with pytest.raises(PoisonError, match=column):
        inserted(engine, column, value)
    assert ask(engine, "SELECT count() FROM clicks") == [(0,)]


@pytest.mark.parametrize("upkeep", ["ALTER TABLE {} DROP PARTITION 202611", "TRUNCATE TABLE {}", "DROP TABLE {}"])
def test_rows_are_known_to_be_kept_also_after_upkeep_took_all_that_was_there(
    engine: EmbeddedEngine, upkeep: str
) -> None:
    """The numbers of blocks may begin anew then."""
    engine.execute("CREATE TABLE tracker.copy AS tracker.clicks")
    for _ in range(2):
        row = row_of(click_fact())
        for _ in range(3):
            engine.insert("tracker.copy", CLICKS.columns, [row])
        engine.execute(upkeep.format("tracker.copy"))
        engine.execute("CREATE TABLE IF NOT EXISTS tracker.copy AS tracker.clicks")
        engine.insert("tracker.copy", CLICKS.columns, [row])
        assert engine.query("SELECT count() FROM tracker.copy", format_="TSV") == b"1\n"
    engine.execute("DROP TABLE tracker.copy")


def test_a_table_that_is_not_there_is_no_fault_of_the_rows(engine: EmbeddedEngine) -> None:
    engine.execute("RENAME TABLE tracker.clicks TO tracker.elsewhere")
    try:
        with pytest.raises(StoreUnavailableError):
            put(engine, click_fact())
        with pytest.raises(StoreUnavailableError):
            engine.insert("tracker.never_was", ["a"], [(1,)])
    finally:
        engine.execute("RENAME TABLE tracker.elsewhere TO tracker.clicks")


@pytest.mark.parametrize("as_analyst", [True, False])
@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO tracker.clicks (click_id) VALUES ('x')",
        "CREATE TABLE tracker.x (a Int8) ENGINE = Memory",
        "TRUNCATE TABLE tracker.clicks",
        "DROP DATABASE tracker",
        "SET readonly = 0",
        "SELECT 1 SETTINGS max_threads = 8",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    ],
)
def test_a_reader_s_session_only_reads(engine: EmbeddedEngine, sql: str, *, as_analyst: bool) -> None:
    with pytest.raises(WarehouseQueryError) as refused:
        engine.query(sql, as_analyst=as_analyst)
    assert refused.value.code in (164, 497)  # READONLY, ACCESS_DENIED


def test_an_analyst_s_session_has_no_right_to_the_base_tables_but_its_views_have(engine: EmbeddedEngine) -> None:
    put(engine, click_fact())
    with pytest.raises(WarehouseQueryError) as refused:
        engine.query("SELECT count() FROM tracker.clicks", as_analyst=True)
    assert refused.value.code == 497
    assert ask(engine, "SELECT count() FROM analytics.clicks") == [(1,)]
    assert ask(engine, "SELECT DISTINCT database FROM system.tables WHERE database = 'tracker'") == []


@pytest.mark.parametrize("format_", ["Debug", "DataFrame", "ArrowTable", "Nonsense"])
def test_only_formats_that_are_bytes_are_given(engine: EmbeddedEngine, format_: str) -> None:
    with pytest.raises(WarehouseQueryError) as refused:
        engine.query("SELECT 1", format_=format_)
    assert refused.value.code == 73


def test_a_query_too_large_for_its_share_of_memory_fails_and_the_next_one_works(engine: EmbeddedEngine) -> None:
    with pytest.raises(WarehouseQueryError) as refused:
        engine.query("SELECT groupArray(toString(number)) FROM numbers(300000000)", as_analyst=True)
    assert refused.value.code == 241  # MEMORY_LIMIT_EXCEEDED
    assert ask(engine, "SELECT 1") == [(1,)]


def test_what_a_failed_query_had_written_is_not_in_the_next_answer(engine: EmbeddedEngine) -> None:
    with pytest.raises(WarehouseQueryError):
        engine.query("SELECT throwIf(number > 500000, 'secret') FROM numbers(1000000)", format_="TSV", as_analyst=True)
    assert engine.query("SELECT 1", format_="TSV", as_analyst=True) == b"1\n"


def test_importing_the_engine_does_not_load_it() -> None:
    script = "import sys, tracker.store.warehouse.embedded; sys.exit('chdb' in sys.modules)"
    assert python(script).returncode == 0


def test_its_folder_is_for_us_alone(engine: EmbeddedEngine, stores_folder: Path) -> None:
    assert engine is not None
    assert (stores_folder / "warehouse").stat().st_mode & 0o777 == 0o700


def test_a_second_process_on_the_same_folder_is_told_so(stores_folder: Path, engine: EmbeddedEngine) -> None:
    assert ask(engine, "SELECT 1") == [(1,)]
    done = python(OPEN, stores_folder / "warehouse")
    assert "does another process have it open?" in done.stderr.splitlines()[-2] + done.stderr.splitlines()[-1]


def test_a_path_that_the_engine_would_misread_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot open a path with one of"):
        EmbeddedEngine(tmp_path / "50%")


def test_after_closing_it_says_so_and_running_queries_are_ended(folder: Path) -> None:
    script = (
        OPEN
        + """
import threading, time
from tracker.errors import StoreUnavailableError, WarehouseQueryError
said = []
def ask():
    try:
        engine.query("SELECT sum(number) FROM system.numbers")
    except WarehouseQueryError as error:
        said.append(error.code)
asking = threading.Thread(target=ask)
asking.start()
while b"system.numbers" not in engine.query("SELECT query FROM system.processes WHERE query LIKE '%sum(%'"):
    pass
engine.close()
asking.join(10)
print(said)
for use in (lambda: engine.query("SELECT 1"), lambda: engine.insert("tracker.clicks", ["click_id"], [("x",)])):
    try:
        use()
    except StoreUnavailableError as error:
        print(error)
"""
    )
    done = python(script, folder)
    assert done.stdout == "[394]\n" + 2 * "The embedded ClickHouse engine is closed.\n", done.stderr


def test_a_damaged_part_is_told_loudly(folder: Path) -> None:
    write = (
        OPEN
        + """
migrate_clickhouse(engine)
engine.execute("CREATE TABLE tracker.x (a UInt32) ENGINE = MergeTree ORDER BY a")
engine.insert("tracker.x", ["a"], [(number,) for number in range(1000)])
engine.close()
"""
    )
    assert python(write, folder).returncode == 0
    data = max(folder.rglob("all_1_1_0/data.bin"), key=lambda path: path.stat().st_size)
    os.truncate(data, data.stat().st_size // 2)
    done = python(OPEN, folder)
    assert done.returncode == 0, done.stderr
    assert "ClickHouse has lost a part of its data, tracker.x" in done.stderr


def test_a_damaged_part_of_the_clicks_raises_a_metric_while_it_lies_there(folder: Path) -> None:
    script = """
import asyncio, logging, sys
from tests.store.factories import click_fact
from tests.warehouse.setting import row_of
from tracker.app.engines import open_engine
from tracker.settings import read_settings
from tracker.store.warehouse.rows import CLICKS
from tracker.telemetry import BROKEN_PARTS, Telemetry
async def main():
    telemetry = Telemetry()
    async with open_engine(read_settings({"TRACKER_DATA": sys.argv[1]}), telemetry) as threads:
        if sys.argv[2]:
            await threads.insert(CLICKS.name, CLICKS.columns, [row_of(click_fact(number)) for number in range(1000)])
        count = await threads.query("SELECT count() FROM tracker.clicks", format_="TSV")
    print(int(telemetry.value(BROKEN_PARTS)), int(count))
logging.basicConfig(level=logging.ERROR)
asyncio.run(main())
"""
    whole = python(script, folder, "insert")
    assert whole.stdout == "0 1000\n", whole.stderr
    [part] = folder.glob("warehouse/clickhouse/engine/store/*/*/202611_*_0")
    os.truncate(part / "data.bin", (part / "data.bin").stat().st_size // 2)
    damaged = python(script, folder, "")
    assert damaged.stdout == "1 0\n", damaged.stderr
    assert f"tracker.clicks broken-on-start_{part.name}" in damaged.stderr
    assert python(script, folder, "").stdout == "1 0\n", "until a person has seen to it"


def test_a_fork_of_the_process_that_holds_the_engine_ends_at_once_and_holds_nothing(folder: Path) -> None:
    """Its first query would wait for ever, and its copy of the lock would outlive us."""
    script = (
        OPEN
        + """
import os
from multiprocessing import get_context
pid = os.fork()
if pid == 0:
    engine.query("SELECT 1")
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.EX_SOFTWARE)
forked = get_context("fork").Process(target=print, args=("it lives",))
forked.start()
forked.join()
print(forked.exitcode)
import subprocess
print(subprocess.run(["echo", "another program"], capture_output=True).stdout, engine.query("SELECT 1", format_="TSV"))
engine.close()
print(os.waitstatus_to_exitcode(os.waitpid(os.fork() or os._exit(0), 0)[1]))
"""
    )
    done = python(script, folder)
    assert done.stdout.splitlines() == ["70 70", "70", "b'another program\\n' b'1\\n'", "0"], done.stderr
    assert "must not fork" in done.stderr


@pytest.mark.parametrize("statement", [1, 4, 9, 14])
def test_after_kill_nine_in_the_middle_of_its_first_start_it_starts(folder: Path, statement: int) -> None:
    script = (
        OPEN
        + """
run = engine.execute
def told(sql):
    print(sql.split()[0], flush=True)
    run(sql)
engine.execute = told
migrate_clickhouse(engine)
"""
    )
    starting = subprocess.Popen([sys.executable, "-c", script, str(folder)], cwd=ROOT, stdout=subprocess.PIPE)
    assert starting.stdout is not None
    for _ in range(statement):
        assert starting.stdout.readline()
    starting.kill()
    starting.communicate()
    again = python(OPEN + "print(len(migrate_clickhouse(engine)), migrate_clickhouse(engine))", folder)
    assert again.returncode == 0, again.stderr
    assert again.stdout.endswith(" []\n")
    assert "lost" not in again.stderr


async def test_a_heavy_question_holds_up_neither_inserts_nor_lookups_nor_the_loop(
    engine: EmbeddedEngine, threads: EngineThreads
) -> None:
    heavy = "SELECT sum(sipHash64(number)) FROM numbers(400000000)"
    asking = [asyncio.create_task(threads.query_as_analyst(heavy, format_="TSV")) for _ in range(3)]
    await asyncio.sleep(0)
    started = time.monotonic()
    await threads.insert(CLICKS.name, CLICKS.columns, [row_of(click_fact())])
    await threads.query("SELECT 1")
    assert time.monotonic() - started < 1
    assert not any(task.done() for task in asking)
    engine.execute("KILL QUERY WHERE query LIKE '%sipHash64%' AND query_id != queryID() ASYNC")
    asking[2].cancel()
    await asyncio.gather(*asking, return_exceptions=True)


def test_a_question_is_worked_at_by_two_threads(engine: EmbeddedEngine) -> None:
    """However little memory the engine may take."""
    asked = "EXPLAIN PIPELINE SELECT sum(number) FROM numbers_mt(10000000)"
    assert "NumbersRange × 2" in engine.query(asked, format_="TSVRaw", as_analyst=True).decode()
