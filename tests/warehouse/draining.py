"""A drain in a process of its own, for a test to kill: `python -m tests.warehouse.draining FOLDER VALKEY_URL DSN`.

Tells each insert when it is done, ships all that is there, and prints what analysts see.
"""

import asyncio
import sys
from pathlib import Path

from tests.warehouse.engines import WatchedEngine
from tests.warehouse.setting import KEY, ask
from tracker.store.valkey_client import open_valkey
from tracker.store.warehouse import ship_clicks, ship_money
from tracker.store.warehouse.drain import Drain
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrate_clickhouse
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import Telemetry

ship_clicks.PER_STREAM = 10
ship_money.BATCH = 50


async def main(folder: Path, valkey_url: str, dsn: str) -> None:
    engine = EmbeddedEngine(folder)
    migrate_clickhouse(engine)
    watched = WatchedEngine(engine, after=lambda table, rows: print("inserted", table, len(rows), flush=True))
    valkey = open_valkey(valkey_url)
    stopping = asyncio.Event()
    stopping.set()
    threads = EngineThreads(watched)
    await Drain(threads, valkey, dsn, shopper_hash_key=KEY, telemetry=Telemetry()).run(stopping)
    await valkey.aclose()
    for table in ("clicks", "postbacks", "conversions", "conversion_lines"):
        print(table, *ask(engine, f"SELECT count() FROM {table}")[0], flush=True)
    print("cashback", *ask(engine, "SELECT sum(cashback) FROM conversions")[0], flush=True)
    engine.close()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
