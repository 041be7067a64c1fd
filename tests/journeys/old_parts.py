"""`python -m tests.journeys.old_parts FOLDER` prints where ClickHouse's replaced parts lie."""

import sys
from pathlib import Path

from tracker.store.warehouse.embedded import EmbeddedEngine

engine = EmbeddedEngine(Path(sys.argv[1]))
tables = engine.query(
    "SELECT name FROM system.tables WHERE database = 'tracker' AND engine LIKE '%MergeTree'", format_="TSVRaw"
)
for table in tables.decode().split():
    engine.execute(f"SYSTEM WAIT LOADING PARTS tracker.{table}")  # replaced ones are looked for in the background
print(engine.query("SELECT path FROM system.parts WHERE NOT active", format_="TSVRaw").decode())
engine.close()
