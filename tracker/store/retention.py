"""What is kept for a time only: old months of clicks and tag reports, address hashes of old postbacks, tombstones of
erased shoppers. Money is kept for ever, and nothing here touches it."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tracker.store.postgres.connect import Connection
from tracker.store.postgres.faults import telling_when_away
from tracker.store.postgres.own import own_connection, rows_changed
from tracker.store.upkeep_acts import UpkeepAct, begin_act, keep_act, note_changed
from tracker.store.warehouse.threads import EngineThreads

log = logging.getLogger(__name__)

STAFF = "the tracker"
TOMBSTONE_DAYS = 30
_MONTHLY_TABLES = {"clicks": "clicked_at", "tag_reports": "reported_at"}  # and what dates their rows
_LOCK = 7_201_945_340  # one at a time; any number that nobody else uses
_BATCH = 10_000
# By what is in it, not by its parts: those of a table that stands over a cluster's are on other machines.
_OLD_PARTITIONS = """
SELECT DISTINCT toString(toYYYYMM({at})) AS month FROM tracker.{table}
WHERE {at} < toDateTime({first}, 'UTC') ORDER BY month
"""
_HASHES_LEFT = """
SELECT toString(count()) FROM tracker.postbacks WHERE address_hash != 0 AND received_at < toDateTime({}, 'UTC')
"""
_FORGET_HASHES = """
ALTER TABLE tracker.postbacks UPDATE address_hash = 0 WHERE received_at < toDateTime({}, 'UTC')
"""
_FORGET_HASHES_IN_BOOKS = """
UPDATE postbacks SET address_hash = 0 WHERE id IN (
    SELECT id FROM postbacks WHERE received_at < $1 AND address_hash <> 0 LIMIT $2
)
"""
_HASHES_LEFT_IN_BOOKS = "SELECT EXISTS (SELECT FROM postbacks WHERE received_at < $1 AND address_hash <> 0)"
_FORGET_TAG_FACTS = "DELETE FROM tag_facts WHERE reported_at < $1"
_FORGET_TOMBSTONES = "DELETE FROM erased_shoppers WHERE erased_at < $1"


@dataclass(frozen=True, slots=True)
class Keep:
    click_months: int  # of ClickHouse's clicks and tag reports, besides the current one; 0: for ever
    address_days: int  # of the address hashes of postbacks; 0: for ever


class Retention:
    def __init__(self, threads: EngineThreads, dsn: str, keep: Keep, now: Callable[[], datetime]) -> None:
        self._threads = threads
        self._dsn = dsn
        self._keep = keep
        self._now = now

    async def run(self) -> dict[str, int]:
        """Rows and months that went, by place. Raises StoreUnavailableError or WarehouseQueryError: the next run does
        the rest."""
        async with self._alone() as connection:
            if connection is None:
                return {}  # another process is at it
            changed = await self._old_months(connection)
            changed |= await self._address_hashes(connection)
            before = self._now() - timedelta(days=TOMBSTONE_DAYS)
            with telling_when_away():
                gone = rows_changed(await connection.execute(_FORGET_TOMBSTONES, before))
        changed["tombstones of erased shoppers"] = gone
        return {place: count for place, count in changed.items() if count}

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator["Connection | None"]:
        async with own_connection(self._dsn) as connection:
            with telling_when_away():
                free = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK)
            yield connection if free else None

    async def _old_months(self, connection: Connection) -> dict[str, int]:
        """Whole months, each at once. PostgreSQL's copy of the tag's reports goes with ClickHouse's."""
        if not self._keep.click_months:
            return {}
        first = _months_before(self._now(), self._keep.click_months)
        changed: dict[str, int] = {}
        for table, at in _MONTHLY_TABLES.items():
            sql = _OLD_PARTITIONS.format(table=table, at=at, first=int(first.timestamp()))
            partitions = await self._threads.rows(sql)
            for [partition] in partitions:
                await self._threads.execute(f"ALTER TABLE tracker.{table} DROP PARTITION {partition}")
            changed[f"months of tracker.{table}"] = len(partitions)
        with telling_when_away():
            gone = rows_changed(await connection.execute(_FORGET_TAG_FACTS, first))
            changed["tag_facts"] = gone
            if any(changed.values()):
                reason = f"clicks and tag reports from before {first:%Y-%m} are no longer kept"
                await keep_act(connection, self._act(reason), changed)
        return changed

    async def _address_hashes(self, connection: Connection) -> dict[str, int]:
        """By whole months, so that ClickHouse rewrites a month once and not every day. PostgreSQL first: whatever is
        rebuilt meanwhile has none."""
        if not self._keep.address_days:
            return {}
        first = _months_before(self._now() - timedelta(days=self._keep.address_days), 0)
        in_books = 0
        with telling_when_away():
            while await connection.fetchval(_HASHES_LEFT_IN_BOOKS, first):
                in_books += await self._forget_some(connection, first)
        second = int(first.timestamp())
        [[left]] = await self._threads.rows(_HASHES_LEFT.format(second))
        if int(left):
            await self._threads.execute(_FORGET_HASHES.format(second))
        return {"address hashes of postbacks": in_books, "address hashes of tracker.postbacks": int(left)}

    async def _forget_some(self, connection: Connection, first: datetime) -> int:
        """So many at a time that no sender waits."""
        reason = f"address hashes from before {first:%Y-%m} are no longer kept"
        async with connection.transaction():
            act = await begin_act(connection, self._act(reason))
            count = rows_changed(await connection.execute(_FORGET_HASHES_IN_BOOKS, first, _BATCH))
            await note_changed(connection, act, {"postbacks": count})
        return count

    def _act(self, reason: str) -> UpkeepAct:
        return UpkeepAct("retention", self._now(), STAFF, reason)


def _months_before(moment: datetime, months: int) -> datetime:
    """The first moment of the month that lies so many months before that of `moment`."""
    number = moment.year * 12 + moment.month - 1 - months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
