"""`python -m tests.journeys.old_parts FOLDER` waits in its own process until ClickHouse has dropped old parts."""

import sys
import time
from pathlib import Path

from tracker.store.warehouse.embedded import EmbeddedEngine

OLD = "SELECT count() FROM system.parts WHERE database = 'tracker' AND NOT active"

engine = EmbeddedEngine(Path(sys.argv[1]))
for table in engine.query("SELECT name FROM system.tables WHERE database = 'tracker'", format_="TSV").decode().split():
    engine.execute(f"ALTER TABLE tracker.{table} MODIFY SETTING old_parts_lifetime = 1")
while engine.query(OLD, format_="TSV") != b"0\n":
    time.sleep(0.1)
engine.close()
