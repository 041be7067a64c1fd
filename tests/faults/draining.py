"""A drain in a process of its own, on an engine of its own, for a test to break:

    python -m tests.faults.draining FOLDER VALKEY_URL DSN

It says when it is ready, begins at the first line that it is given, ships until its standard input ends, then what is
left, and prints as one line of JSON what analysts see.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path

from tests.warehouse.setting import KEY, ask
from tracker.store.valkey_client import open_valkey
from tracker.store.warehouse.drain import Drain
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrate_clickhouse
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import Telemetry

QUESTIONS = {
    "clicks": "SELECT click_id, count() FROM clicks GROUP BY click_id",
    "postbacks": "SELECT postback_id, count() FROM postbacks GROUP BY postback_id",
    "cashback": "SELECT order_id, sum(cashback) FROM conversions GROUP BY order_id",
    "lines": "SELECT order_id, count() FROM conversion_lines GROUP BY order_id",
}


async def main(folder: Path, valkey_url: str, dsn: str) -> None:
    engine = EmbeddedEngine(folder)
    migrate_clickhouse(engine)
    valkey = open_valkey(valkey_url)
    telemetry, stopping = Telemetry(), asyncio.Event()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    drain = Drain(EngineThreads(engine), valkey, dsn, shopper_hash_key=KEY, telemetry=telemetry)
    draining = asyncio.create_task(drain.run(stopping))
    await asyncio.to_thread(sys.stdin.read)
    stopping.set()
    await draining
    await valkey.aclose()
    seen = {name: dict(ask(engine, sql)) for name, sql in QUESTIONS.items()}
    print(json.dumps(seen | {"metrics": telemetry.render()}, default=int), flush=True)
    engine.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
