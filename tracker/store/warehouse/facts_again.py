"""Every fact of the money tables, made again from what PostgreSQL keeps for ever, as its outbox once had it."""

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import asyncpg
import msgspec

from tracker.core.facts import PostbackFact
from tracker.core.unix_time import microseconds
from tracker.store import reconciliation_sql
from tracker.store.postgres.connect import Connection
from tracker.store.postgres.faults import telling_when_away
from tracker.store.reconciliation_rows import fact_body, kept_line, run_of
from tracker.store.warehouse.money_entries import Kept

_PAGE = 5_000
_POSTBACKS = """
SELECT id, verdict_version, received_at, partner_id, dialect, method, query, order_id, line_id, click_id, verdict,
    reasons, http_status, address_hash, request_id
FROM postbacks ORDER BY id
"""
_REVISIONS = "SELECT fact FROM conversion_revisions ORDER BY partner_id, order_id, revision"
_TAGS = "SELECT body FROM tag_facts ORDER BY place"
_LAST_RUN = (datetime(9999, 1, 1, tzinfo=UTC), uuid.UUID(int=(1 << 128) - 1))


async def facts_again(connection: Connection) -> AsyncIterator[list[Kept]]:
    """In pages, inside the connection's transaction: all of one moment. Raises StoreUnavailableError."""
    async for page in _pages(connection, _POSTBACKS):
        yield [_kept("postback", _postback(row)) for row in page]
    async for page in _pages(connection, _REVISIONS):
        yield [_kept("revision", row["fact"]) for row in page]
    async for page in _pages(connection, _TAGS):
        yield [_kept("tag", row["body"]) for row in page]
    async for runs in _pages(connection, reconciliation_sql.RUNS, *_LAST_RUN, None):
        for run in map(run_of, runs):
            async for page in _pages(connection, reconciliation_sql.LINES_OF_RUN, run.run_id):
                yield [_kept("reconciliation", fact_body(run, kept_line(row))) for row in page]


async def oldest_tag_fact(connection: Connection) -> datetime | None:
    """Reports from before it were shipped by a release that kept none."""
    with telling_when_away():
        oldest: datetime | None = await connection.fetchval("SELECT min(reported_at) FROM tag_facts")
    return oldest


async def _pages(connection: Connection, sql: str, *values: object) -> AsyncIterator[Sequence[asyncpg.Record]]:
    with telling_when_away():
        cursor = await connection.cursor(sql, *values)
        page = await cursor.fetch(_PAGE)
    while page:
        yield page
        with telling_when_away():
            page = await cursor.fetch(_PAGE)


def _kept(kind: str, body: bytes) -> Kept:
    return Kept(0, kind, body)


def _postback(row: asyncpg.Record) -> bytes:
    fact = PostbackFact(
        postback_id=str(row["id"]),
        version=row["verdict_version"],
        received_at_us=microseconds(row["received_at"]),
        partner_id=row["partner_id"],
        dialect=row["dialect"],
        method=row["method"],
        query=row["query"],
        order_id=row["order_id"],
        line_id=row["line_id"],
        click_id=row["click_id"],
        verdict=row["verdict"],
        reasons=row["reasons"],
        http_status=row["http_status"],
        address_hash=row["address_hash"],
        request_id=row["request_id"],
    )
    return msgspec.msgpack.encode(fact)
