"""A month that is over is merged into one part: its views then find each fact once, and need not look for doubles."""

from datetime import datetime, timedelta

from tracker.store.warehouse.threads import EngineThreads

_LATE = timedelta(days=1)  # what still came out of a journal or a backlog is merged with the rest
# One insert may hold a fact twice (level 0). A cluster's months are its operator's: an old server's replicas were seen
# to take this statement and do nothing.
_UNMERGED = """
SELECT table, partition FROM system.parts
WHERE database = 'tracker' AND NOT endsWith(table, '_local') AND active
AND toUInt32OrZero(partition) BETWEEN 190001 AND {}
GROUP BY table, partition HAVING count() > 1 OR min(level) = 0 ORDER BY partition, table
"""


async def merge_closed_months(threads: EngineThreads, now: datetime) -> int:
    """How many partitions were merged. Raises StoreUnavailableError or WarehouseQueryError."""
    unmerged = await threads.rows(_UNMERGED.format(last_closed_month(now)))
    for table, partition in unmerged:
        await threads.execute(f"OPTIMIZE TABLE tracker.{table} PARTITION {partition} FINAL")
    return len(unmerged)


def last_closed_month(now: datetime) -> str:
    """As a partition is named."""
    return f"{(now - _LATE).replace(day=1) - timedelta(days=1):%Y%m}"
