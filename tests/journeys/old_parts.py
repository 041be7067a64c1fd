"""`python -m tests.journeys.old_parts FOLDER` prints where ClickHouse's replaced parts lie."""

import sys
from pathlib import Path

from tracker.store.warehouse.embedded import EmbeddedEngine

engine = EmbeddedEngine(Path(sys.argv[1]))
print(engine.query("SELECT path FROM system.parts WHERE NOT active", format_="TSVRaw").decode())
engine.close()
