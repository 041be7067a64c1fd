"""What a partner's own page shows: its latest messages, and what they prove. Everything is looked up by partner."""

from collections.abc import Iterable
from typing import Protocol

import asyncpg

from tracker.core.listed import KeptMessage, RoundTrip

# The state that a message brought about is that of its own last revision.
_MESSAGE = """
SELECT p.id, p.received_at, p.partner_id, p.method, p.query, p.body, p.verdict, p.reasons, p.http_status, p.order_id,
    p.note, p.dialect, r.status, r.hold, r.flags, m.unknown_status
FROM postbacks p
LEFT JOIN LATERAL (
    SELECT status, hold, flags FROM conversion_revisions
    WHERE partner_id = p.partner_id AND order_id = p.order_id AND postback_id = p.id
    ORDER BY revision DESC LIMIT 1
) r ON true
LEFT JOIN LATERAL (
    SELECT report ->> 'status_as_sent' AS unknown_status FROM order_messages
    WHERE partner_id = p.partner_id AND order_id = p.order_id AND postback_id = p.id AND report ->> 'status' IS NULL
    LIMIT 1
) m ON true
"""
_LATEST = f"{_MESSAGE} WHERE p.partner_id = $1 ORDER BY p.received_at DESC, p.id DESC LIMIT $2"
OF_ORDER = f"""
{_MESSAGE} WHERE p.partner_id = $1 AND p.order_id = $2 AND p.order_id <> '' ORDER BY p.received_at, p.id LIMIT $3
"""
# What is true of almost every partner is found at once; what may not be has an index of its own.
_ROUND_TRIP = """
WITH recent AS (
    SELECT p.verdict, p.received_at, m.report
    FROM (
        SELECT id, partner_id, order_id, verdict, received_at FROM postbacks
        WHERE partner_id = $1 ORDER BY received_at DESC LIMIT 200
    ) p
    LEFT JOIN LATERAL (
        SELECT report FROM order_messages
        WHERE partner_id = p.partner_id AND order_id = p.order_id AND postback_id = p.id LIMIT 1
    ) m ON true
)
SELECT
    EXISTS (SELECT FROM postbacks WHERE partner_id = $1) AS reached,
    EXISTS (SELECT FROM postbacks WHERE partner_id = $1 AND verdict = 'test') AS tested,
    EXISTS (SELECT FROM order_messages WHERE partner_id = $1 AND click_id IS NOT NULL) AS matched,
    EXISTS (
        SELECT FROM conversions
        WHERE partner_id = $1 AND click_id IS NOT NULL AND NOT 'amount_missing' = ANY (flags)
    ) AS decided,
    EXISTS (SELECT FROM conversion_revisions WHERE partner_id = $1 AND status = 'approved') AS approved,
    EXISTS (
        SELECT FROM conversion_revisions
        WHERE partner_id = $1 AND (status = 'declined' OR (cashback_change < 0 AND postback_id IS NOT NULL))
    ) AS taken_back,
    EXISTS (
        SELECT FROM order_messages WHERE partner_id = $1 AND (report ->> 'goods' IS NOT NULL OR report ? 'basket')
    ) AS sum_stated,
    coalesce(
        (SELECT max(received_at) FROM recent WHERE verdict IN ('delivery_missing', 'amount_bad', 'currency_not_listed'))
        > coalesce(
            (SELECT max(received_at) FROM recent WHERE report ->> 'goods' IS NOT NULL OR report ? 'basket'),
            '-infinity'
        ),
        false
    ) AS sum_refused,
    EXISTS (SELECT FROM order_messages WHERE partner_id = $1 AND report ->> 'status' IS NOT NULL) AS status_stated,
    ARRAY(
        SELECT DISTINCT report ->> 'status_as_sent' FROM recent
        WHERE report ->> 'status' IS NULL AND report ->> 'status_as_sent' IS NOT NULL ORDER BY 1 LIMIT 10
    ) AS unknown_statuses
"""


class Fetch(Protocol):
    async def __call__(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Raises StoreUnavailableError."""


class PartnerLog:
    """Both methods raise StoreUnavailableError."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def latest(self, partner_id: str, *, limit: int) -> list[KeptMessage]:
        """Newest first."""
        return kept_messages(await self._fetch(_LATEST, partner_id, limit))

    async def round_trip(self, partner_id: str) -> RoundTrip:
        [row] = await self._fetch(_ROUND_TRIP, partner_id)
        said = dict(row)
        return RoundTrip(**said | {"unknown_statuses": tuple(said["unknown_statuses"])})


def kept_messages(rows: Iterable[asyncpg.Record]) -> list[KeptMessage]:
    return [
        KeptMessage(
            postback_id=str(row["id"]),
            received_at=row["received_at"],
            partner_id=row["partner_id"],
            method=row["method"],
            query=row["query"],
            body=row["body"],
            verdict=row["verdict"],
            reasons=tuple(row["reasons"]),
            http_status=row["http_status"],
            order_id=row["order_id"],
            note=row["note"],
            status=row["status"] or "",
            hold=bool(row["hold"]),
            flags=tuple(row["flags"] or ()),
            unknown_status=row["unknown_status"] or "",
            dialect=row["dialect"],
        )
        for row in rows
    ]
