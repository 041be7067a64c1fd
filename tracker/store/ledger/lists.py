"""What staff list. Almost everything here is served by a partial index, so a list costs what it shows."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

import asyncpg

from tracker.ports import ListedOrder, RawPostback, Waiting

_ORDER = """
SELECT partner_id, order_id, status, hold, cashback, reasons, flags, held_by_us, click_id, first_seen_at, confirm_by,
    first_approved_at
FROM conversions
"""
LATE = f"""
{_ORDER} WHERE 'late' = ANY (reasons)
UNION ALL {_ORDER} WHERE status = 'pending' AND confirm_by < $1 AND NOT 'late' = ANY (reasons)
ORDER BY first_seen_at
"""
UNMATCHED = f"{_ORDER} WHERE click_id IS NULL ORDER BY first_seen_at"
HELD = f"{_ORDER} WHERE held_by_us <> '{{}}' ORDER BY first_seen_at"

REQUEST = """
SELECT p.id, p.received_at, p.partner_id, p.dialect, p.method, p.query, p.content_type, p.body, p.address_hash,
    p.request_id, p.verdict, p.verdict_version, p.order_id, p.http_status, p.note
"""
_WAITING = f"{REQUEST} FROM postbacks p WHERE verdict IN ('deferred', 'failed')"
WAITING = f"{_WAITING} AND (received_at, id) > ($1, $2::uuid) ORDER BY received_at, id LIMIT $3"
BEFORE_ALL = (datetime.fromtimestamp(0, UTC), str(uuid.UUID(int=0)))
ONE_WAITING = f"{_WAITING} AND id = $1::uuid"


def listed_orders(rows: Iterable[asyncpg.Record]) -> list[ListedOrder]:
    return [
        ListedOrder(
            partner_id=row["partner_id"],
            order_id=row["order_id"],
            status=row["status"],
            hold=row["hold"],
            cashback=row["cashback"],
            reasons=tuple(row["reasons"]),
            flags=tuple(row["flags"]),
            held_by_us=tuple(row["held_by_us"]),
            click_id=row["click_id"] or "",
            first_seen_at=row["first_seen_at"],
            confirm_by=row["confirm_by"],
            first_approved_at=row["first_approved_at"],
        )
        for row in rows
    ]


def waiting(rows: Iterable[asyncpg.Record]) -> list[Waiting]:
    return [
        Waiting(
            raw=RawPostback(
                postback_id=str(row["id"]),
                received_at=row["received_at"],
                partner_id=row["partner_id"],
                dialect=row["dialect"],
                method=row["method"],
                query=row["query"],
                content_type=row["content_type"],
                body=row["body"],
                address_hash=row["address_hash"],
                request_id=row["request_id"],
            ),
            version=row["verdict_version"],
            code=row["verdict"],
            order_id=row["order_id"],
            http_status=row["http_status"],
            note=row["note"],
        )
        for row in rows
    ]
