"""One full pass of the drain in a process of its own: `python -m bench.draining WAREHOUSE VALKEY_URL DSN`.

WAREHOUSE is a folder for the embedded engine, or a server's address. Prints what it took, as JSON.
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from tracker.ports import WarehouseEngine
from tracker.store.valkey_client import open_valkey
from tracker.store.warehouse.drain import Drain
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrate_clickhouse
from tracker.store.warehouse.native import NativeEngine
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import Telemetry

_COUNT = "SELECT toString(count()), toString(uniqExact(click_id)) FROM tracker.clicks"


async def main(warehouse: str, valkey_url: str, dsn: str) -> None:
    engine: WarehouseEngine = NativeEngine(warehouse) if "://" in warehouse else EmbeddedEngine(Path(warehouse))
    migrate_clickhouse(engine)
    threads, valkey = EngineThreads(engine), open_valkey(valkey_url)
    drain = Drain(threads, valkey, dsn, shopper_hash_key=b"k" * 32, telemetry=Telemetry())
    once = asyncio.Event()
    once.set()
    began, worked = time.perf_counter(), time.process_time()
    await drain.run(once)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    [[rows, different]] = await threads.rows(_COUNT)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {"seconds": seconds, "cpu": cpu, "rows": int(rows), "different": int(different), "memory_kib": memory}
    print(json.dumps(told))
    await valkey.aclose()
    await threads.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
