"""What the staff's desk shows: the queues by pages, and all that is known of one order."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import asyncpg

from tracker.core.listed import DeskOrder, ListedRevision, OrderFile, StaffAct
from tracker.store.ledger import lists
from tracker.store.partner_log import OF_ORDER, Fetch, kept_messages

MOST_COUNTED = 10_000
MOST_OF_AN_ORDER = 200  # messages, and states

_ORDER = """
SELECT c.partner_id, c.order_id, c.status, c.hold, c.cashback, c.base,
    coalesce((
        SELECT sum((line ->> 'goods')::numeric) FROM jsonb_array_elements(c.lines) line
        WHERE line ->> 'status' <> 'declined'
    ), 0) AS goods, c.currency, c.reasons, c.flags, c.held_by_us,
    coalesce(c.click_id, '') AS click_id, coalesce(m.click_id, '') AS click_as_sent,
    coalesce(c.shopper_id, '') AS shopper_id, coalesce(c.promo_code, '') AS promo_code, c.first_seen_at, c.ordered_at,
    c.clicked_at, c.confirm_by
FROM {orders} c
LEFT JOIN LATERAL (
    SELECT report ->> 'click_id' AS click_id FROM order_messages
    WHERE partner_id = c.partner_id AND order_id = c.order_id AND report ->> 'click_id' IS NOT NULL
    ORDER BY received_at LIMIT 1
) m ON true
"""
_ORDERS = _ORDER.format(orders="conversions")
_ONE = f"{_ORDERS} WHERE c.partner_id = $1 AND c.order_id = $2"
# At every partner that was ever in force: the key of an order begins with its partner.
_EVER_IN_FORCE = "SELECT DISTINCT partner_id FROM terms_in_force"
_NAMED = f"{_ORDERS} WHERE c.partner_id IN ({_EVER_IN_FORCE}) AND c.order_id = $1 ORDER BY c.partner_id LIMIT $2"
# A queue is what `tracker late`, `held` and `unmatched` list; `late` alone asks for the time, $1.
_QUEUES: Mapping[str, str] = {"late": lists.LATE, "held": lists.HELD, "unmatched": lists.UNMATCHED}
_PAGE = """
SELECT c.* FROM ({queue}) q JOIN conversions c USING (partner_id, order_id)
WHERE $1::timestamptz IS NOT NULL AND (q.first_seen_at, q.partner_id, q.order_id) > ($2, $3, $4)
ORDER BY q.first_seen_at, q.partner_id, q.order_id LIMIT $5
"""
_COUNT = """
SELECT count(*) FROM (SELECT FROM ({queue}) q WHERE $1::timestamptz IS NOT NULL LIMIT {most}) counted
"""
_COUNT_WAITING = """
SELECT count(*) FROM (SELECT FROM postbacks WHERE verdict IN ('deferred', 'failed') LIMIT {most}) counted
"""
_ACTS = "SELECT kind, reason, staff, at, click_id FROM overrides WHERE partner_id = $1 AND order_id = $2 ORDER BY id"
_REVISIONS = """
SELECT revised_at, status, hold, cashback, cashback_change, reasons, flags, postback_id FROM conversion_revisions
WHERE partner_id = $1 AND order_id = $2 ORDER BY revision DESC LIMIT $3
"""
_FROM_THE_START = (datetime.fromtimestamp(0, UTC), "", "")


class DeskOrders:
    """Every method raises StoreUnavailableError."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    @property
    def most_counted(self) -> int:
        return MOST_COUNTED

    async def count(self, queue: str, now: datetime) -> int:
        """`most_counted` + 1: more than that."""
        if queue not in _QUEUES:
            rows = await self._fetch(_COUNT_WAITING.format(most=MOST_COUNTED + 1))
        else:
            rows = await self._fetch(_COUNT.format(queue=_QUEUES[queue], most=MOST_COUNTED + 1), now)
        count: int = rows[0][0]
        return count

    async def page(
        self, queue: str, now: datetime, *, after: tuple[datetime, str, str] | None, limit: int
    ) -> list[DeskOrder]:
        """Oldest first; `after` is the first message's time, the partner and the id of the last one seen."""
        page = _PAGE.format(queue=_QUEUES[queue])
        sql = _ORDER.format(orders=f"({page})") + "ORDER BY c.first_seen_at, c.partner_id, c.order_id"
        return _orders(await self._fetch(sql, now, *(after or _FROM_THE_START), limit))

    async def named(self, order_id: str, *, limit: int) -> list[DeskOrder]:
        """Every order of that id, one a partner."""
        return _orders(await self._fetch(_NAMED, order_id, limit))

    async def file(self, partner_id: str, order_id: str) -> OrderFile | None:
        """None: no message has named it."""
        found = _orders(await self._fetch(_ONE, partner_id, order_id))
        if not found:
            return None
        messages = kept_messages(await self._fetch(OF_ORDER, partner_id, order_id, MOST_OF_AN_ORDER))
        revisions = await self._fetch(_REVISIONS, partner_id, order_id, MOST_OF_AN_ORDER)
        acts = await self._fetch(_ACTS, partner_id, order_id)
        return OrderFile(found[0], tuple(messages), tuple(_revisions(revisions)), tuple(_acts(acts)))


def _orders(rows: Iterable[asyncpg.Record]) -> list[DeskOrder]:
    return [
        DeskOrder(
            **dict(row)
            | {"reasons": tuple(row["reasons"]), "flags": tuple(row["flags"]), "held_by_us": tuple(row["held_by_us"])}
        )
        for row in rows
    ]


def _revisions(rows: Iterable[asyncpg.Record]) -> list[ListedRevision]:
    return [
        ListedRevision(
            revised_at=row["revised_at"],
            status=row["status"],
            hold=row["hold"],
            cashback=row["cashback"],
            cashback_change=row["cashback_change"],
            reasons=tuple(row["reasons"]),
            flags=tuple(row["flags"]),
            by_message=row["postback_id"] is not None,
        )
        for row in rows
    ]


def _acts(rows: Iterable[asyncpg.Record]) -> list[StaffAct]:
    return [StaffAct(row["kind"], row["reason"], row["staff"], row["at"], row["click_id"] or "") for row in rows]
