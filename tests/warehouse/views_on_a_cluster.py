"""Our schema as a cluster has it, on the new engine, which prints how many rows each view has. One shard, which is the
engine itself: nothing is replicated, but every base table is read through a distributed one, as on a cluster.

    python -m tests.warehouse.views_on_a_cluster FOLDER
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.store.factories import click_fact
from tests.warehouse.setting import ask, postback_fact, put, revision_fact, tag_fact
from tracker.store.warehouse import access
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrations, statements
from tracker.store.warehouse.on_cluster import on_cluster

ITSELF = """<clickhouse>
  <tcp_port>9000</tcp_port>
  <remote_servers><clicks><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></clicks></remote_servers>
"""


def alone(sql: str) -> str:
    """Without ZooKeeper."""
    sql = sql.replace(" ON CLUSTER 'clicks'", "")
    return re.sub(r"Replicated(\w+)\('[^']*', '[^']*'(?:, )?", r"\1(", sql)


class ByShards(EmbeddedEngine):
    """It puts rows into the shard's own tables: what stands over the shards keeps none itself."""

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        super().insert(f"{table}_local", columns, rows)


def main(folder: Path) -> None:
    access._CONFIGURATION = access._CONFIGURATION.replace("<clickhouse>", ITSELF, 1)
    engine = ByShards(folder)
    engine.execute("CREATE DATABASE tracker")
    for text in migrations().values():
        for statement in statements(text):
            for one in on_cluster(statement, "clicks", "default"):
                engine.execute(alone(one))
    lines = revision_fact(), revision_fact(revision=2, after=99_999)
    put(engine, click_fact(), postback_fact(), *lines, tag_fact(), times=2)
    views = ask(engine, "SELECT name FROM system.tables WHERE database = 'analytics'")
    print(json.dumps({view: ask(engine, f"SELECT count() FROM {view}")[0][0] for (view,) in views}))
    engine.close()


main(Path(sys.argv[1]))
