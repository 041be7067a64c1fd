"""docs/analysts.md tells every column of every view, and its examples run."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.store.factories import click_fact
from tests.warehouse.setting import ask, put, revision_fact, tag_fact
from tracker.reports.guard import guarded
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.threads import EngineThreads

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "analysts.md").read_text()
EXAMPLES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def told() -> dict[str, list[str]]:
    views: dict[str, list[str]] = {}
    for view, text in re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL):
        cells = re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE)
        views[view] = sorted(name for cell in cells for name in re.findall(r"`(\w+)`", cell))
    return views


def test_every_column_of_every_view_is_told_and_no_other(engine: EmbeddedEngine) -> None:
    there = defaultdict(list)
    for view, column in ask(engine, "SELECT table, name FROM system.columns WHERE database = 'analytics'"):
        there[view].append(column)
    assert told() == {view: sorted(columns) for view, columns in there.items()}


@pytest.mark.parametrize("sql", EXAMPLES)
async def test_every_example_runs(engine: EmbeddedEngine, threads: EngineThreads, sql: str) -> None:
    put(engine, click_fact(traffic=["repeat"], script="page-1"), revision_fact(reasons=["late"]), tag_fact())
    statement = await guarded(threads, sql, {})
    await threads.query_as_analyst(statement.sql, format_="TSV")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10


def test_clickhouse_understands_how_accounts_are_made(engine: EmbeddedEngine) -> None:
    section = (DOCS / "clusters.md").read_text().partition("## A ClickHouse server of your own\n")[2]
    [sql] = re.findall(r"```sql\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    for statement in filter(None, map(str.strip, sql.split(";"))):
        escaped = statement.replace("\\", "\\\\").replace("\n", "\\n")
        assert engine.query("SELECT formatQuery({sql:String})", parameters={"sql": escaped}, format_="TSVRaw")
