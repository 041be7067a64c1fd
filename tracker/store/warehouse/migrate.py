"""Brings ClickHouse's schema up to date: numbered files, each statement once. A statement that was under way when we
were killed is run again, so each must bear that."""

import hashlib
import re
from collections.abc import Mapping
from importlib import resources

import msgspec

from tracker.errors import ConfigurationError
from tracker.ports import WarehouseEngine
from tracker.store.warehouse.versions import needed_version, read_version

_RECORDS = "tracker.schema_migrations"
_MAKE_RECORDS = """
CREATE TABLE IF NOT EXISTS tracker.schema_migrations (
    name String,
    statement UInt16,
    checksum String
) ENGINE = MergeTree() ORDER BY (name, statement)
"""
_RECORDS_ARE_THERE = "SELECT 1 FROM system.tables WHERE database = 'tracker' AND name = 'schema_migrations'"
_ADD_COLUMN = re.compile(r"ALTER TABLE (\w+)\.(\w+) ADD COLUMN (\w+) ")
_COLUMN_IS_THERE = "SELECT 1 FROM system.columns WHERE database = '{}' AND table = '{}' AND name = '{}'"
_TABLE_IS_THERE = "SELECT 1 FROM system.tables WHERE database = '{}' AND name = '{}'"
_COMMENT = re.compile(r"--[^\n]*")


def migrate_clickhouse(engine: WarehouseEngine) -> list[str]:
    """Returns the names of what was applied now. Files that need a newer server are left for the day it is one.

    Raises ConfigurationError when the database is not ours to change. Blocking.
    """
    if not engine.query(_RECORDS_ARE_THERE, format_="TSV"):  # on a cluster these need all of its nodes
        engine.execute("CREATE DATABASE IF NOT EXISTS tracker")
        engine.execute(_MAKE_RECORDS)
    applied = _applied(engine)
    files = migrations()
    _refuse_strangers(applied, files)
    version = read_version(engine)
    return [
        name
        for name, text in files.items()
        if needed_version(text) <= version and _apply(engine, name, text, applied.get(name, {}))
    ]


def migrations() -> dict[str, str]:
    """Every file by its name, in the order in which they are applied."""
    folder = resources.files("tracker.store") / "schema" / "clickhouse"
    files = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".sql")}
    return dict(sorted(files.items()))


def statements(text: str) -> list[str]:
    """A statement ends with a semicolon; none of ours has one within, nor two dashes outside a comment."""
    return [statement.strip() for statement in _COMMENT.sub("", text).split(";") if statement.strip()]


def _apply(engine: WarehouseEngine, name: str, text: str, applied: Mapping[int, str]) -> bool:
    new = [(place, one) for place, one in enumerate(statements(text), start=1) if place not in applied]
    for place, statement in new:
        run_statement(engine, statement)
        engine.insert(_RECORDS, ("name", "statement", "checksum"), [(name, place, _checksum(statement))])
    return bool(new)


def make_again(engine: WarehouseEngine, table: str) -> None:
    """A base table that is not there, empty, as the migrations made it; one that is there stays as it is. Blocking."""
    if engine.query(_TABLE_IS_THERE.format(*table.split(".")), format_="TSV"):
        return
    version = read_version(engine)
    its_own = re.compile(rf"(CREATE TABLE IF NOT EXISTS|ALTER TABLE) {re.escape(table)}\s")
    for text in migrations().values():
        for statement in statements(text) if needed_version(text) <= version else ():
            if its_own.match(statement):
                run_statement(engine, statement)


def run_statement(engine: WarehouseEngine, statement: str) -> None:
    """Once or again: 18.16 has no `ADD COLUMN IF NOT EXISTS`, so a column that is there is left as it is."""
    added = _ADD_COLUMN.match(statement)
    if added and engine.query(_COLUMN_IS_THERE.format(*added.groups()), format_="TSV"):
        return
    engine.execute(statement)


def _refuse_strangers(applied: Mapping[str, Mapping[int, str]], files: Mapping[str, str]) -> None:
    problems = [
        f"ClickHouse has the migration {name}, which this version of the tracker does not know; start the newer one."
        for name in sorted(applied.keys() - files.keys())
    ]
    problems += [
        f"The migration {name} was changed after it had been applied; restore the file and add a new one."
        for name in sorted(applied.keys() & files.keys())
        if not applied[name].items() <= _checksums(files[name]).items()
    ]
    if problems:
        raise ConfigurationError(problems)


def _applied(engine: WarehouseEngine) -> dict[str, dict[int, str]]:
    answer = engine.query("SELECT name, statement, checksum FROM tracker.schema_migrations")
    applied: dict[str, dict[int, str]] = {}
    for name, place, checksum in msgspec.json.decode(answer)["data"]:
        applied.setdefault(name, {})[place] = checksum
    return applied


def _checksums(text: str) -> dict[int, str]:
    return {place: _checksum(statement) for place, statement in enumerate(statements(text), start=1)}


def _checksum(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()
