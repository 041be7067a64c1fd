"""The clicks of a month that is over are counted once: views then read the counts, for as long as those clicks stay as
they were. `011_faster_views.sql` says what is counted, and when the counts answer."""

from datetime import datetime

from tracker.store.warehouse.closed_months import last_closed_month
from tracker.store.warehouse.threads import EngineThreads

# What names a part goes first: counts that are not named are in no answer.
_TABLES = ("tracker.counted_parts", "tracker.counted_clicks", "tracker.counted_checks")
_ARE_THERE = "SELECT name FROM system.tables WHERE database = 'tracker' AND name = 'counted_parts'"
_UNCOUNTED = """
SELECT partition, any(hash_of_all_files) AS part FROM system.parts
WHERE database = 'tracker' AND table = 'clicks' AND active AND toUInt32OrZero(partition) BETWEEN 190001 AND {}
GROUP BY partition HAVING count() = 1 AND part NOT IN (SELECT part FROM tracker.counted_parts) ORDER BY partition
"""
_CHECKS = (
    "day, check, finding, confidence, outcome, refused, script, "
    "browser_family, browser_version, os_family, device, surface"
)
_COUNT = (
    """
INSERT INTO tracker.counted_clicks (part, month, partner_id, day, clicks, valid_clicks)
SELECT '{part}', month, partner_id, day, clicks, valid_clicks FROM tracker.clicks_by_day WHERE month = {month}
""",
    f"""
INSERT INTO tracker.counted_checks (part, month, {_CHECKS}, asked)
SELECT '{{part}}', {{month}}, {_CHECKS}, count() FROM tracker.page_checks WHERE month = {{month}} GROUP BY {_CHECKS}
""",  # noqa: S608 - names of our own
)
_NAME = "INSERT INTO tracker.counted_parts (part, month) VALUES ('{part}', {month})"
# A question that began with the counts of a part has ended within the hour: till then they stay.
_OUT_OF_USE = """
SELECT DISTINCT part FROM (
    SELECT part, month FROM tracker.counted_parts UNION ALL
    SELECT part, month FROM tracker.counted_clicks UNION ALL
    SELECT part, month FROM tracker.counted_checks
)
WHERE part NOT IN (
    SELECT hash_of_all_files FROM system.parts WHERE database = 'tracker' AND table = 'clicks' AND active
)
AND month NOT IN (
    SELECT toUInt32OrZero(partition) FROM system.parts
    WHERE database = 'tracker' AND table = 'clicks' AND active AND modification_time > now() - 3600
)
"""


async def count_closed_months(threads: EngineThreads, now: datetime) -> int:
    """How many months were counted. Raises StoreUnavailableError or WarehouseQueryError."""
    if not await threads.rows(_ARE_THERE):  # the server is too old for views
        return 0
    for [part] in await threads.rows(_OUT_OF_USE):
        await _forget(threads, part)
    uncounted = await threads.rows(_UNCOUNTED.format(last_closed_month(now)))
    return sum([await _count(threads, month, part, now) for month, part in uncounted])


async def _count(threads: EngineThreads, month: str, part: str, now: datetime) -> bool:
    await _forget(threads, part)  # what one who was killed has counted
    for statement in _COUNT:
        await threads.execute(statement.format(part=part, month=month))
    if [month, part] not in await threads.rows(_UNCOUNTED.format(last_closed_month(now))):
        return False  # a click arrived meanwhile: it may be among what was counted
    await threads.execute(_NAME.format(part=part, month=month))
    return True


async def _forget(threads: EngineThreads, part: str) -> None:
    for table in _TABLES:
        await threads.execute(f"ALTER TABLE {table} DROP PARTITION '{part}'")
