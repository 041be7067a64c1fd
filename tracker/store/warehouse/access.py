"""Who may do what in the embedded engine, in ClickHouse's own words: an analyst's session cannot give itself more."""

from pathlib import Path
from xml.sax.saxutils import escape

ANALYST = "analyst"
MEMORY_BYTES = 1_500_000_000  # all of the engine; a query beyond it fails, the engine lives on

# Each session is of the one user whom the engine knows, first with all his roles. One that has given up the role
# `owner` reads `analytics` alone; its views read the base tables with their definer's rights. Unless told otherwise the
# engine gives a question one thread for each free GiB, which here is one of the two. Parts are merged column by column,
# however few rows they have: of so many columns that takes a third of the time.
_CONFIGURATION = """<clickhouse>
  <users_config>{path}</users_config>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <backups><allowed_path>{backups}/</allowed_path></backups>
  <merge_tree>
    <vertical_merge_algorithm_min_rows_to_activate>1</vertical_merge_algorithm_min_rows_to_activate>
  </merge_tree>
  <profiles>
    <default>
      <session_timezone>UTC</session_timezone>
      <async_insert>0</async_insert>
      <input_format_skip_unknown_fields>0</input_format_skip_unknown_fields>
      <input_format_null_as_default>0</input_format_null_as_default>
      <do_not_merge_across_partitions_select_final>1</do_not_merge_across_partitions_select_final>
      <max_threads>2</max_threads>
      <max_threads_min_free_memory_per_thread>0</max_threads_min_free_memory_per_thread>
    </default>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT owner</query><query>GRANT {analyst}</query></grants>
    </default>
  </users>
  <roles>
    <owner><grants><query>GRANT ALL ON *.*</query></grants></owner>
    <{analyst}><grants><query>GRANT SELECT ON analytics.*</query></grants></{analyst}>
  </roles>
</clickhouse>
"""

# One after the other, before anything of an analyst's is run; nothing can be set behind the last.
ANALYST_SESSION = (
    f"SET ROLE {ANALYST}",
    "USE analytics",
    "SET max_execution_time = 60, max_memory_usage = 1000000000, max_result_bytes = 200000000, max_threads = 2",
    "SET readonly = 1",
)
# Facts that are there twice become one where they are read: it gains nothing that an insert looks for them in itself.
WRITER_SESSION = ("SET optimize_on_insert = 0",)
OUR_SESSION = ("SET readonly = 1",)


def write_configuration(path: Path) -> None:
    """Backups may be written beside it, and nowhere else."""
    backups = path.with_name("backups")
    values = {"path": escape(str(path)), "backups": escape(str(backups)), "memory": MEMORY_BYTES, "analyst": ANALYST}
    path.write_text(_CONFIGURATION.format(**values), "utf-8")
