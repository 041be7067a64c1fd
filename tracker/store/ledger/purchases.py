"""A shopper's purchases, as their own page shows them."""

from collections.abc import Iterable

import asyncpg
import msgspec

from tracker.core.facts import RevisionFact
from tracker.core.reasons import Flag, Reason
from tracker.core.report import Status
from tracker.ports import Purchase

_PURCHASE = """
SELECT partner_id, order_id, status, hold, cashback, base, currency, reasons, flags, click_id, clicked_at,
    ordered_at, confirm_by, first_approved_at, revised_at
FROM conversions WHERE shopper_id = $1
"""
# A purchase belongs to the day of its order; where the partner did not say, to that of its click.
PURCHASES = f"""
{_PURCHASE} AND coalesce(ordered_at, clicked_at) >= $2 AND coalesce(ordered_at, clicked_at) < $3
ORDER BY coalesce(ordered_at, clicked_at) DESC, order_id LIMIT $4
"""
ONE_PURCHASE = f"{_PURCHASE} AND partner_id = $2 AND order_id = $3"
HISTORY = """
SELECT r.fact FROM conversion_revisions r JOIN conversions c USING (partner_id, order_id)
WHERE c.shopper_id = $1 AND partner_id = $2 AND order_id = $3 ORDER BY r.revision
"""

_facts = msgspec.msgpack.Decoder(RevisionFact)


def purchases(rows: Iterable[asyncpg.Record]) -> list[Purchase]:
    return [
        Purchase(
            partner_id=row["partner_id"],
            order_id=row["order_id"],
            status=Status(row["status"]),
            hold=row["hold"],
            cashback=row["cashback"],
            base=row["base"],
            currency=row["currency"],
            reasons=tuple(Reason(code) for code in row["reasons"]),
            flags=tuple(Flag(code) for code in row["flags"]),
            click_id=row["click_id"],
            at=row["ordered_at"] or row["clicked_at"],
            confirm_by=row["confirm_by"],
            first_approved_at=row["first_approved_at"],
            revised_at=row["revised_at"],
        )
        for row in rows
    ]


def history(rows: Iterable[asyncpg.Record]) -> list[RevisionFact]:
    return [_facts.decode(row["fact"]) for row in rows]
