"""What shoppers should be told, in PostgreSQL: the ledger's trigger records it, the sender takes it from here."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import asyncpg
import msgspec

from tracker.core.facts import RevisionFact
from tracker.core.notice import DueNotice, ListedNotice, Notice, Settled
from tracker.store.ledger.ledger import SESSION
from tracker.store.postgres.connect import CONFIRM, Connection, connect
from tracker.store.postgres.faults import telling_when_away

_ANSWER_SECONDS = 30.0
_TURN = 7_201_945_338  # of the one sender; any number that nobody else uses
_PREFIX = "ntc_"

_NOTICE = """
SELECT n.entry_id, n.partner_id, n.order_id, n.revision, n.shopper_id, n.before_kopecks, n.change_kopecks, n.at
""".strip()
_DUE = f"""
{_NOTICE}, d.attempts, d.waiting_since, r.fact
FROM notice_deliveries d
JOIN notices n ON n.id = d.notice_id
JOIN conversion_revisions r
    ON r.partner_id = n.partner_id AND r.order_id = n.order_id AND r.revision = n.revision
WHERE d.next_attempt_at <= $1 AND n.entry_id <> ALL ($3::uuid[]) AND NOT EXISTS (
    SELECT FROM notice_deliveries e
    WHERE e.partner_id = d.partner_id AND e.order_id = d.order_id AND e.notice_id < d.notice_id
        AND e.next_attempt_at IS NOT NULL
)
ORDER BY d.next_attempt_at, d.notice_id LIMIT $2
"""
# With it, those behind it in the same purchase: they are not looked at until it is their turn.
_SETTLE = """
WITH settled AS (
    UPDATE notice_deliveries d
    SET attempts = d.attempts + 1, next_attempt_at = $2, delivered_at = $3, given_up_at = $4, last_error = $5
    FROM notices n WHERE n.entry_id = $1 AND d.notice_id = n.id
    RETURNING d.notice_id, d.partner_id, d.order_id
)
UPDATE notice_deliveries d SET next_attempt_at = coalesce($2, $6)
FROM settled s
WHERE d.partner_id = s.partner_id AND d.order_id = s.order_id AND d.notice_id > s.notice_id
    AND d.next_attempt_at IS NOT NULL
"""
_GIVE_UP_OLD = """
UPDATE notice_deliveries SET next_attempt_at = NULL, given_up_at = $1,
    last_error = CASE last_error WHEN '' THEN 'waited too long: nobody sent it' ELSE last_error END
WHERE next_attempt_at IS NOT NULL AND waiting_since < $2
"""
_WAITING = """
SELECT count(*) AS waiting, min(waiting_since) AS oldest FROM notice_deliveries WHERE next_attempt_at IS NOT NULL
"""

_STATES = {
    "waiting": "d.next_attempt_at IS NOT NULL",
    "failed": "d.given_up_at IS NOT NULL",
    "undelivered": "d.delivered_at IS NULL",
    "all": "true",
}
_LIST = f"""
{_NOTICE}, d.attempts, d.next_attempt_at, d.delivered_at, d.given_up_at, d.last_error
FROM notice_deliveries d JOIN notices n ON n.id = d.notice_id
WHERE {{state}} ORDER BY n.id DESC LIMIT $1
"""
_REPLAY = """
UPDATE notice_deliveries d
SET attempts = 0, waiting_since = $1, next_attempt_at = $1, delivered_at = NULL, given_up_at = NULL, last_error = ''
FROM notices n WHERE n.id = d.notice_id AND {which} RETURNING n.entry_id
"""
_THESE = "n.entry_id = ANY ($2::uuid[])"
_SINCE = "n.at >= $2"

_facts = msgspec.msgpack.Decoder(RevisionFact)
# By key, as in the ledger, and in the order of an index: a look for 16 of a million that wait must not sort them all.
_SESSION = SESSION | {"enable_sort": "off", "enable_bitmapscan": "off"}


class Notices:
    """On one connection, so that whoever has lost the sender's turn cannot write either."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._one_at_a_time = asyncio.Lock()

    async def take_turn(self) -> bool:
        """Whether this connection is the only sender's, until it is closed. Raises StoreUnavailableError, as all do."""
        [row] = await self._fetch("SELECT pg_try_advisory_lock($1) AS taken", _TURN)
        return bool(row["taken"])

    async def due(self, now: datetime, limit: int, in_hand: Collection[str]) -> list[DueNotice]:
        """The longest due first, and of each purchase its oldest that waits; without those `in_hand`, nor what is
        behind them. None that the standby could not tell, too."""
        rows = await self._fetch(_DUE, now, limit, [_entry_id(one) for one in in_hand])
        if rows:
            await self.confirm()
        return [DueNotice(_notice(row), _revision(row["fact"]), row["attempts"], row["waiting_since"]) for row in rows]

    async def confirm(self) -> None:
        """That this server is still the one that acknowledges."""
        await self._fetch(CONFIRM)

    async def settle(self, notice_id: str, settled: Settled, now: datetime) -> None:
        """What became of an attempt."""
        times = settled.retry_at, settled.delivered_at, settled.given_up_at
        await self._fetch(_SETTLE, _entry_id(notice_id), *times, settled.error, now)

    async def give_up_old(self, now: datetime, after: timedelta) -> int:
        """Those that have waited longer than that; how many they were."""
        async with self._one_at_a_time:
            with telling_when_away():
                done = await self._connection.execute(_GIVE_UP_OLD, now, now - after)
        return int(done.split()[-1])

    async def waiting(self) -> tuple[int, datetime | None]:
        """How many wait, and since when the oldest does."""
        [row] = await self._fetch(_WAITING)
        return row["waiting"], row["oldest"]

    async def listed(self, state: str, limit: int) -> list[ListedNotice]:
        """`state`: waiting, failed, undelivered or all. Newest first."""
        rows = await self._fetch(_LIST.format(state=_STATES[state]), limit)
        return [
            ListedNotice(
                notice=_notice(row),
                attempts=row["attempts"],
                next_attempt_at=row["next_attempt_at"],
                delivered_at=row["delivered_at"],
                given_up_at=row["given_up_at"],
                last_error=row["last_error"],
            )
            for row in rows
        ]

    async def replay(self, now: datetime, notice_ids: Sequence[str]) -> list[str]:
        """Send them again, delivered or not, under their ids and in their order. Returns those that there are."""
        known = [entry for one in notice_ids if (entry := _read_id(one)) is not None]
        rows = await self._fetch(_REPLAY.format(which=_THESE), now, known)
        return [_notice_id(row["entry_id"]) for row in rows]

    async def replay_all(self, now: datetime, state: str) -> int:
        """All that are `failed`, or `waiting` for their next attempt; how many they were."""
        return len(await self._fetch(_REPLAY.format(which=_STATES[state]), now))

    async def replay_since(self, now: datetime, since: datetime) -> int:
        """All that were recorded since then, delivered or not."""
        return len(await self._fetch(_REPLAY.format(which=_SINCE), now, since))

    async def _fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        async with self._one_at_a_time:
            with telling_when_away():
                return await self._connection.fetch(sql, *values)


@asynccontextmanager
async def open_notices(dsn: str) -> AsyncIterator[Notices]:
    """Raises StoreUnavailableError."""
    with telling_when_away():
        connection = await connect(
            dsn, within=_ANSWER_SECONDS, command_timeout=_ANSWER_SECONDS, server_settings=_SESSION
        )
    try:
        yield Notices(connection)
    finally:
        with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await connection.close(timeout=1)  # a server that is away is not waited for


def _notice(row: asyncpg.Record) -> Notice:
    return Notice(
        notice_id=_notice_id(row["entry_id"]),
        partner_id=row["partner_id"],
        order_id=row["order_id"],
        revision=row["revision"],
        shopper_id=row["shopper_id"],
        before_kopecks=row["before_kopecks"],
        change_kopecks=row["change_kopecks"],
        at=row["at"],
    )


def _revision(fact: bytes) -> RevisionFact | None:
    """None: one that cannot be read must not stop the others."""
    try:
        return _facts.decode(fact)
    except msgspec.MsgspecError:
        return None


def _notice_id(entry_id: uuid.UUID) -> str:
    return _PREFIX + entry_id.hex


def _entry_id(notice_id: str) -> uuid.UUID:
    return uuid.UUID(hex=notice_id.removeprefix(_PREFIX))


def _read_id(text: str) -> uuid.UUID | None:
    """None for what somebody mistyped."""
    try:
        return _entry_id(text)
    except ValueError:
        return None
