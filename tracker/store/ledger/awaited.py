"""What waits for a click that may be found, or for an exchange rate that may be imported."""

from collections.abc import Iterable

import asyncpg

from tracker.ports import Awaited
from tracker.store.ledger import lists

GIVE_UP = "DELETE FROM awaited_clicks WHERE received_at < $1"
AWAITED = f"""
{lists.REQUEST}, a.partner_id AS of_partner, a.order_id AS of_order, a.received_at AS of_message
FROM awaited_clicks a
JOIN order_messages m USING (partner_id, order_id, received_at)
JOIN postbacks p ON p.id = m.postback_id
WHERE a.next_at <= $1 ORDER BY a.next_at LIMIT $2
"""
LOOK_AGAIN = """
UPDATE awaited_clicks SET next_at = $4 WHERE partner_id = $1 AND order_id = $2 AND received_at = $3
"""
# Whether every currency of an order has its rate now is told by deciding it.
RATES_CAME = """
SELECT c.partner_id, c.order_id FROM conversions c
WHERE 'rate_missing' = ANY (c.flags) AND (c.partner_id, c.order_id) > ($1, $2) AND EXISTS (
    SELECT FROM jsonb_array_elements(c.lines) AS line
    JOIN exchange_rates e ON e.currency = line ->> 'currency' AND e.day = c.exchange_day
)
ORDER BY c.partner_id, c.order_id LIMIT $3
"""


def awaited(rows: Iterable[asyncpg.Record]) -> list[Awaited]:
    kept = list(rows)
    return [
        Awaited(row["of_partner"], row["of_order"], row["of_message"], request)
        for row, request in zip(kept, lists.waiting(kept), strict=True)
    ]
