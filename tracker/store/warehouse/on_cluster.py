"""Our schema's statements as a cluster runs them (docs/adr/0016): on every node, on replicated tables, each read and
written through a distributed one that keeps its name. Migration files know nothing of it."""

import re

# A fact that comes twice must meet itself, or it is two rows: each table is sharded by what names the fact in its
# sorting key, never by its time. An order's revisions and lines stand together.
SHARDED_BY = {
    "clicks": "click_id",
    "postbacks": "postback_id",
    "conversion_revisions": "partner_id, order_id",
    "conversion_lines": "partner_id, order_id",
    "tag_reports": "report_id",
    "reconciliation_lines": "reconciliation_id, order_id",
}
# Every node holds all of it. The counts are none's: what is spread over shards is not counted by us.
EVERYWHERE = frozenset({"schema_migrations", "counted_parts", "counted_clicks", "counted_checks"})

_DATABASE = re.compile(
    r"(?P<verb>CREATE DATABASE IF NOT EXISTS|DROP DATABASE IF EXISTS) (?P<name>\w+)(?P<rest>.*)", re.DOTALL
)
_CREATE = re.compile(
    r"CREATE TABLE IF NOT EXISTS tracker\.(?P<table>\w+) (?P<columns>\(.*\)) "
    r"ENGINE = (?P<engine>\w*MergeTree)\((?P<arguments>\w*)\) (?P<rest>.*)",
    re.DOTALL,
)
_VIEW = re.compile(r"CREATE OR REPLACE VIEW (?P<name>[\w.]+) DEFINER = CURRENT_USER (?P<rest>.*)", re.DOTALL)
_CHANGE = re.compile(
    r"(?P<verb>ALTER TABLE|TRUNCATE TABLE|OPTIMIZE TABLE|DELETE FROM) tracker\.(?P<table>\w+)(?P<rest>.*)", re.DOTALL
)
_COLUMNS = re.compile(r"\s*(?:ADD|MODIFY|DROP|RENAME) COLUMN\b")
_SUBQUERY = re.compile(r"\bIN(?=\s*\(\s*SELECT\b)")


def on_cluster(sql: str, cluster: str, user: str) -> list[str]:
    """What is run instead, in this order; what is no statement about the schema stays as it is. Each may be run again.

    `user` owns the views. Raises LookupError for a table of which is not known how it is sharded.
    """
    where = f"ON CLUSTER '{cluster}'"
    sql = sql.strip()
    if found := _DATABASE.fullmatch(sql):
        return [f"{found['verb']} {found['name']} {where}{found['rest']}"]
    if found := _VIEW.fullmatch(sql):
        # What a shard is asked about other rows must be asked of all shards. Who runs a statement for another node is
        # not always who sent it: the owner is named.
        body = _SUBQUERY.sub("GLOBAL IN", found["rest"])
        return [f"CREATE OR REPLACE VIEW {found['name']} {where} DEFINER = `{user}` {body}"]
    if found := _CREATE.fullmatch(sql):
        return _created(found, cluster)
    if found := _CHANGE.fullmatch(sql):
        table, rest = found["table"], found["rest"]
        changed = f"{found['verb']} tracker.{_local(table)} {where}{rest}"
        # An old server cannot change the columns of a distributed table; there is nothing in it to lose.
        return [changed, *_distributed(table, cluster, anew=True)] if _COLUMNS.match(rest) else [changed]
    return [sql]


def _created(found: re.Match[str], cluster: str) -> list[str]:
    table, version = found["table"], found["arguments"]
    shard, replica = ("", "{shard}-{replica}") if table in EVERYWHERE else ("/{shard}", "{replica}")
    arguments = ", ".join(filter(None, (f"'/clickhouse/tables{shard}/tracker/{table}'", f"'{replica}'", version)))
    made = (
        f"CREATE TABLE IF NOT EXISTS tracker.{_local(table)} ON CLUSTER '{cluster}' {found['columns']} "
        f"ENGINE = Replicated{found['engine']}({arguments}) {found['rest']}"
    )
    return [made] if table in EVERYWHERE else [made, *_distributed(table, cluster, anew=False)]


def _distributed(table: str, cluster: str, *, anew: bool) -> list[str]:
    local = _local(table)
    key = f"cityHash64({SHARDED_BY[table]})"
    drop = f"DROP TABLE IF EXISTS tracker.{table} ON CLUSTER '{cluster}'"
    create = (
        f"CREATE TABLE IF NOT EXISTS tracker.{table} ON CLUSTER '{cluster}' AS tracker.{local} "
        f"ENGINE = Distributed('{cluster}', tracker, {local}, {key})"
    )
    return [drop, create] if anew else [create]


def _local(table: str) -> str:
    return table if table in EVERYWHERE else f"{table}_local"
