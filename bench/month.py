"""A month in the embedded engine, as bench/month.sql describes it: over, merged and counted as upkeep leaves it."""

import re
from datetime import UTC, datetime
from pathlib import Path

from tracker.store.warehouse.closed_months import merge_closed_months
from tracker.store.warehouse.counted_months import count_closed_months
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.threads import EngineThreads

AFTER_IT = datetime(2026, 11, 5, tzinfo=UTC)
_AT_ONCE = 5_000_000  # clicks an insert
_FILE = Path(__file__).with_name("month.sql").read_text("utf-8")
_SECTION = re.compile(r"-- name: (\w+)\n(INSERT .*?);\n", re.DOTALL)


async def fill(engine: EmbeddedEngine, threads: EngineThreads, clicks: int) -> None:
    for name, sql in _SECTION.findall(_FILE):
        if name == "clicks":
            for first in range(0, clicks, _AT_ONCE):
                await _execute(threads, sql, clicks=clicks, first=first, count=min(_AT_ONCE, clicks - first))
        else:
            await _execute(threads, sql)
        print(f"{name}: {rows_of(engine, name):,}", flush=True)
    await merge_closed_months(threads, AFTER_IT)
    await count_closed_months(threads, AFTER_IT)


async def _execute(threads: EngineThreads, sql: str, **numbers: int) -> None:
    for name, number in numbers.items():
        sql = sql.replace(f"{{{name}}}", str(number))
    await threads.execute(sql)


def rows_of(engine: EmbeddedEngine, table: str) -> int:
    return int(engine.query(f"SELECT count() FROM tracker.{table}", format_="TSV"))
