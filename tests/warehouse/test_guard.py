"""What analysts may run, and every way out that we know of: none is left to the engine's own rights alone."""

import pytest

from tests.store.factories import click_fact
from tests.warehouse.setting import put
from tracker.errors import WarehouseQueryError
from tracker.reports.guard import guarded
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.threads import EngineThreads

ALLOWED = [
    "SELECT count() FROM clicks",
    "select partner_id, count() from analytics.clicks where valid group by partner_id order by 2 desc limit 10;",
    "WITH x AS (SELECT number FROM numbers(3)) SELECT sum(number) FROM x",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t",
    "SELECT * FROM partner_daily AS d INNER JOIN clicks AS c ON c.partner_id = d.partner_id AND c.day = d.day",
    "SELECT arrayJoin(traffic) AS t, count() FROM clicks GROUP BY t",
    "SELECT c.partner_id FROM clicks c ARRAY JOIN c.traffic AS t WHERE t IN ('repeat', 'datacenter')",
    "SELECT click_id FROM clicks WHERE partner_id IN (SELECT partner_id FROM analytics.conversions)",
    "SELECT count() OVER (PARTITION BY partner_id ORDER BY clicked_at) FROM clicks QUALIFY 1",
    "SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 2 EXCEPT SELECT 3",
    "SELECT * FROM values('a UInt8, b String', (1, 'x; DROP TABLE y'))",
    "SELECT * FROM view(SELECT 1)",
    "SELECT * FROM generate_series(1, 3)",
    "SELECT 'INTO OUTFILE', '-- no comment', 'file(', '{x:Identifier}', 'it''s \\\\ \\' ; SELECT 2'",
    "SELECT $tag$ INTO OUTFILE 'x' ; file('y') $tag$ AS heredoc",
    "/* leading */ SELECT 1 -- trailing",
    "SELECT * EXCEPT (click_id) REPLACE (upper(partner_id) AS partner_id) APPLY(toString) FROM clicks",
    "SELECT name FROM system.tables UNION ALL SELECT name FROM system.columns",
    "SELECT version(), timezone(), currentUser(), currentDatabase()",
    "SHOW TABLES", "SHOW TABLES FROM analytics", "SHOW DATABASES", "SHOW CREATE TABLE analytics.clicks",
    "DESCRIBE clicks", "DESC TABLE analytics.conversions", "DESCRIBE (SELECT 1 AS x)", "EXISTS analytics.clicks",
    "EXPLAIN SELECT count() FROM clicks", "EXPLAIN AST SELECT 1", "EXPLAIN indexes = 1 SELECT count() FROM clicks",
    "SELECT 1 FORMAT JSON",
    "SELECT 1 AS `имя столбца`",
]  # fmt: skip

REFUSED = [
    # several statements in one text
    "SELECT 1; SELECT 2",
    "SELECT 1; INSERT INTO tracker.clicks (click_id) VALUES ('x')",
    "EXPLAIN AST SELECT 1; INSERT INTO tracker.clicks (click_id) VALUES ('x')",
    "SELECT 1;\0DROP DATABASE tracker",
    "SELECT 1 PARALLEL WITH SELECT 2",
    # statements that are no question
    "INSERT INTO tracker.clicks (click_id) VALUES ('x')",
    "INSERT INTO FUNCTION file('/tmp/stolen.csv') SELECT * FROM clicks",
    "CREATE TABLE x (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE x (a Int8)",
    "CREATE VIEW x AS SELECT 1",
    "CREATE FUNCTION x AS (y) -> y",
    "ALTER TABLE tracker.clicks DELETE WHERE 1",
    "DROP DATABASE tracker",
    "TRUNCATE TABLE tracker.clicks",
    "DELETE FROM tracker.clicks WHERE 1",
    "UPDATE tracker.clicks SET outcome = 'go' WHERE 1",
    "OPTIMIZE TABLE tracker.clicks FINAL",
    "SYSTEM SHUTDOWN",
    "KILL QUERY WHERE 1",
    "SET readonly = 0",
    "SET ROLE owner",
    "USE tracker",
    "GRANT ALL ON *.* TO default",
    "BACKUP DATABASE tracker TO File('/tmp/stolen')",
    "ATTACH TABLE x FROM '/tmp/part' (a Int8) ENGINE = MergeTree ORDER BY a",
    "CHECK TABLE tracker.clicks",
    "EXECUTE AS default SELECT 1",
    "BEGIN TRANSACTION",
    "EXPLAIN INSERT INTO tracker.clicks (click_id) VALUES ('x')",
    "EXPLAIN TABLE OVERRIDE mysql('h:1', 'd', 't', 'u', 'p') PARTITION BY 1",
    "EXPLAIN CURRENT TRANSACTION",
    # files, in and out
    "SELECT 1 INTO OUTFILE '/tmp/stolen.csv'",
    "SELECT 1 INTO OUTFILE '/tmp/stolen.csv' TRUNCATE FORMAT CSV",
    "SELECT 1 into/**/outfile '/tmp/stolen.csv' AND STDOUT",
    "SHOW TABLES INTO OUTFILE '/tmp/stolen.csv'",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM fILE('/etc/passwd')",
    "SELECT * FROM `file`('/etc/passwd')",
    'SELECT * FROM "file"(\'/etc/passwd\')',
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
    "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '/etc/passwd')",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
    "WITH file AS f SELECT f('/etc/passwd')",
    "SELECT 'x' IN file('/etc/passwd')",
    "SELECT (SELECT * FROM file('/etc/passwd', 'LineAsString') LIMIT 1)",
    "WITH x AS (SELECT * FROM file('/etc/passwd', 'LineAsString')) SELECT * FROM x",
    "DESCRIBE file('/etc/passwd')",
    "EXPLAIN SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM view(SELECT * FROM file('/etc/passwd', 'LineAsString'))",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM sqlite('/x', 'y')",
    "SELECT * FROM icebergLocal('/etc')",
    # other machines and processes
    "SELECT * FROM url('http://169.254.169.254/', 'LineAsString')",
    "SELECT * FROM s3('http://x/y')",
    "SELECT * FROM remote('127.0.0.1', 'tracker', 'clicks')",
    "SELECT * FROM remoteSecure('127.0.0.1', view(SELECT 1))",
    "SELECT * FROM cluster('default', 'tracker', 'clicks')",
    "SELECT * FROM mysql('h:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('h:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM mongodb('h:1', 'd', 't', 'u', 'p', 'a Int8')",
    "SELECT * FROM redis('h:1', 'k', 'k String, v String')",
    "SELECT * FROM executable('cat', 'TSV', 'a String', (SELECT 1))",
    "SELECT * FROM python('engine')",
    "SELECT * FROM Python(engine)",
    "SELECT aiGenerate('x')",
    "SELECT AIGenerate('x')",
    # a query within a text, tables behind a function
    "SELECT * FROM eval('SELECT * FROM tracker.clicks')",
    "SELECT * FROM merge('tracker', '.*')",
    "SELECT * FROM loop('tracker', 'clicks')",
    "SELECT * FROM mergeTreeIndex('tracker', 'clicks')",
    "SELECT * FROM dictionary('tracker.d')",
    "SELECT dictGet('tracker.d', 'a', 1)",
    "SELECT joinGet('tracker.t', 'a', 1)",
    "SELECT * FROM (EXPLAIN SELECT 1)",
    # other databases
    "SELECT * FROM tracker.clicks",
    "SELECT * FROM `tracker`.`clicks`",
    'SELECT * FROM "tracker"."clicks" FINAL',
    "SELECT (SELECT count() FROM tracker.clicks)",
    "SELECT 1 FROM clicks WHERE shopper_hash IN (SELECT shopper_hash FROM tracker.clicks)",
    "SELECT 1 WHERE 'x' IN tracker.clicks",
    "SELECT globalNotIn('x', tracker.clicks)",
    "SELECT in('x', `tracker`.`clicks`)",
    "SELECT * FROM clicks AS tracker WHERE click_id IN (tracker.clicks)",
    "SELECT * FROM clicks INNER JOIN tracker.clicks AS t USING (click_id)",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.users",
    "SELECT * FROM system.parts",
    "SELECT * FROM information_schema.tables",
    "SHOW TABLES FROM tracker",
    "SHOW CREATE TABLE tracker.clicks",
    "SHOW CREATE DATABASE tracker",
    "SHOW COLUMNS FROM clicks FROM tracker",
    "DESCRIBE tracker.clicks",
    "EXISTS tracker.clicks",
    "EXPLAIN SELECT * FROM tracker.clicks",
    "SHOW PROCESSLIST",
    "SHOW GRANTS",
    "SHOW ACCESS",
    # settings
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)",
    "SELECT 1 FORMAT JSON SETTINGS max_threads = 64",
    # names that would forge the tree, parameters that are names
    "SELECT `a\\n TableIdentifier analytics.clicks` FROM tracker.clicks",
    "SELECT 1 AS `a\\`b`",
    # quotes that would hide what stands between them
    "SELECT 1 AS `a'`, file('/etc/passwd') AS `b'`",
    "SELECT 1 AS `a'`, file('/etc/passwd')",
    "SELECT 1 AS `it''s`, file('/etc/passwd') AS `b'`",
    "SELECT 1 AS \"a'\", file('/etc/passwd') AS \"b'\"",
    "SELECT '`', file('/etc/passwd') AS `'`",
    "SELECT '\\'', file('/etc/passwd'), '\\''",
    "SELECT '''', file('/etc/passwd'), ''''",
    "SELECT $a$'$a$, file('/etc/passwd'), $a$'$a$",
    "SELECT 1 /* ' */, file('/etc/passwd') /* ' */",
    "SELECT 1 -- '\n, file('/etc/passwd') -- '",
    "SELECT 1 AS `\"`, file('/etc/passwd') AS `\"`",
    "SELECT x'27', file('/etc/passwd'), b'00100111'",
    "SELECT 1 AS `a'` INTO OUTFILE '/tmp/stolen.csv'",
    "SELECT * FROM {table:Identifier}",
    "SELECT * FROM { table : identifier }",
    # only waiting
    "SELECT sleep(3)",
    "SELECT sleepEachRow(1) FROM numbers(100)",
    # nothing that ClickHouse understands
    "SELECT",
    "';",
]  # fmt: skip


@pytest.mark.parametrize("sql", ALLOWED)
async def test_a_question_is_answered(engine: EmbeddedEngine, threads: EngineThreads, sql: str) -> None:
    put(engine, click_fact())
    statement = await guarded(threads, sql, {})
    await threads.query_as_analyst(statement.sql, format_=statement.format_ or "JSON")


@pytest.mark.parametrize("sql", REFUSED)
async def test_anything_else_is_refused_before_it_is_run(threads: EngineThreads, sql: str) -> None:
    with pytest.raises(WarehouseQueryError) as refused:
        await guarded(threads, sql, {"table": "clicks"})
    assert refused.value.code in (62, 164, 497), refused.value  # SYNTAX_ERROR, READONLY, ACCESS_DENIED


async def test_what_is_run_is_what_clickhouse_wrote_without_comments_and_with_its_format_apart(
    threads: EngineThreads,
) -> None:
    statement = await guarded(threads, "select /* a */ 1 as x -- b\nformat Vertical", {})
    assert statement == ("SELECT 1 AS x", "Vertical")


async def test_values_travel_as_parameters(threads: EngineThreads) -> None:
    parameters = {"name": r"it's \\N; \' DROP"}
    statement = await guarded(threads, "SELECT {name:String} AS x", parameters)
    answer = await threads.query_as_analyst(statement.sql, format_="TSVRaw", parameters=parameters)
    assert answer == b"it's \\N; ' DROP\n"
