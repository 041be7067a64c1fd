"""Our schema as a cluster is told it: pure, and held to the migration files themselves."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrations, statements
from tracker.store.warehouse.on_cluster import EVERYWHERE, SHARDED_BY, on_cluster

STATEMENTS = [one for text in migrations().values() for one in statements(text)]
CREATED = [one for one in STATEMENTS if one.startswith("CREATE TABLE")]


def told(sql: str) -> list[str]:
    return on_cluster(sql, "clicks", "tracker")


def test_a_table_is_replicated_within_its_shard_and_read_through_a_distributed_one() -> None:
    local, distributed = told(
        "CREATE TABLE IF NOT EXISTS tracker.postbacks (postback_id String) "
        "ENGINE = ReplacingMergeTree(version) ORDER BY (received_at, postback_id)"
    )
    assert local == (
        "CREATE TABLE IF NOT EXISTS tracker.postbacks_local ON CLUSTER 'clicks' (postback_id String) "
        "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/tracker/postbacks', '{replica}', version) "
        "ORDER BY (received_at, postback_id)"
    )
    assert distributed == (
        "CREATE TABLE IF NOT EXISTS tracker.postbacks ON CLUSTER 'clicks' AS tracker.postbacks_local "
        "ENGINE = Distributed('clicks', tracker, postbacks_local, cityHash64(postback_id))"
    )


def test_what_was_applied_is_known_to_every_node() -> None:
    [made] = told(
        "CREATE TABLE IF NOT EXISTS tracker.schema_migrations (name String) ENGINE = MergeTree() ORDER BY (name)"
    )
    assert made == (
        "CREATE TABLE IF NOT EXISTS tracker.schema_migrations ON CLUSTER 'clicks' (name String) ENGINE = "
        "ReplicatedMergeTree('/clickhouse/tables/tracker/schema_migrations', '{shard}-{replica}') ORDER BY (name)"
    )


def test_a_new_column_is_given_to_the_tables_and_then_to_what_they_are_read_through() -> None:
    altered, dropped, created = told("ALTER TABLE tracker.clicks ADD COLUMN script String")
    assert altered == "ALTER TABLE tracker.clicks_local ON CLUSTER 'clicks' ADD COLUMN script String"
    assert dropped == "DROP TABLE IF EXISTS tracker.clicks ON CLUSTER 'clicks'"
    assert created.startswith("CREATE TABLE IF NOT EXISTS tracker.clicks ON CLUSTER 'clicks' AS tracker.clicks_local")


@pytest.mark.parametrize(
    ("sql", "other"),
    [
        ("CREATE DATABASE IF NOT EXISTS tracker", "CREATE DATABASE IF NOT EXISTS tracker ON CLUSTER 'clicks'"),
        ("DROP DATABASE IF EXISTS tracker SYNC", "DROP DATABASE IF EXISTS tracker ON CLUSTER 'clicks' SYNC"),
        ("TRUNCATE TABLE tracker.clicks", "TRUNCATE TABLE tracker.clicks_local ON CLUSTER 'clicks'"),
        (
            "ALTER TABLE tracker.clicks MODIFY SETTING fsync_after_insert = 1",
            "ALTER TABLE tracker.clicks_local ON CLUSTER 'clicks' MODIFY SETTING fsync_after_insert = 1",
        ),
        (
            "ALTER TABLE tracker.clicks DELETE WHERE shopper_id = 'x'",
            "ALTER TABLE tracker.clicks_local ON CLUSTER 'clicks' DELETE WHERE shopper_id = 'x'",
        ),
        ("SYSTEM RELOAD CONFIG", "SYSTEM RELOAD CONFIG"),
    ],
)
def test_what_changes_the_schema_does_so_on_every_node(sql: str, other: str) -> None:
    assert told(sql) == [other]


def test_a_view_asks_every_shard_and_has_a_named_owner() -> None:
    [view] = told(
        "CREATE OR REPLACE VIEW analytics.v DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT a FROM tracker.clicks"
        " WHERE a IN ('x') AND b NOT IN (1) AND (c) IN (\n    SELECT max(c) FROM tracker.clicks)"
    )
    assert view == (
        "CREATE OR REPLACE VIEW analytics.v ON CLUSTER 'clicks' DEFINER = `tracker` SQL SECURITY DEFINER AS "
        "SELECT a FROM tracker.clicks"
        " WHERE a IN ('x') AND b NOT IN (1) AND (c) GLOBAL IN (\n    SELECT max(c) FROM tracker.clicks)"
    )


@pytest.mark.parametrize("sql", CREATED)
def test_every_table_is_sharded_by_what_names_its_facts(sql: str) -> None:
    """By columns of its sorting key, so that a fact and its repetition are on one shard."""
    found = re.search(r"TABLE IF NOT EXISTS tracker\.(\w+) .* ORDER BY \((.*)\)$", sql, re.DOTALL)
    assert found, sql
    if found[1] not in EVERYWHERE:
        by = SHARDED_BY[found[1]].split(", ")
        assert set(by) <= set(found[2].split(", "))
        assert not any(name.endswith("_at") for name in by)


def test_no_statement_of_ours_changes_one_node_alone() -> None:
    for sql in STATEMENTS:
        for one in told(sql):
            assert " ON CLUSTER 'clicks' " in f"{one} ", one
            assert "CURRENT_USER" not in one
            assert not re.search(r"(?<!GLOBAL )\bIN\s*\(\s*SELECT", one), one


@pytest.mark.parametrize("sql", STATEMENTS)
def test_a_new_server_understands_every_statement(engine: EmbeddedEngine, sql: str) -> None:
    for one in told(sql):
        assert engine.query("SELECT formatQuery({sql:String})", parameters={"sql": escaped(one)}, format_="TSVRaw")


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def test_the_views_read_through_what_stands_over_the_shards(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.warehouse.views_on_a_cluster", str(tmp_path / "engine")],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {view: int(count) for view, count in json.loads(done.stdout).items()}
    once = ("clicks", "postbacks", "conversions", "conversion_lines", "tag_reports", "partner_daily")
    assert {view: rows[view] for view in once} == dict.fromkeys(once, 1)
    assert rows["conversion_revisions"] == 2
