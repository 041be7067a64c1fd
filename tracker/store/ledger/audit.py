"""What an auditor asks of the ledger: read-only, and never through the code that writes it."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.store.postgres.connect import connect
from tracker.store.postgres.faults import telling_when_away

_BALANCES = "SELECT account, sum(amount_kopecks)::bigint AS kopecks FROM ledger_entries GROUP BY account"
_UNBALANCED = """
SELECT count(*) FROM (
    SELECT FROM ledger_entries GROUP BY partner_id, order_id, revision HAVING sum(amount_kopecks) <> 0
) AS revisions
"""
_NOT_SHIPPED = "SELECT count(*) FROM outbox"


@dataclass(frozen=True, slots=True)
class Audit:
    balances: Mapping[str, int]  # kopecks by account, where they are not zero
    unbalanced: int  # revisions whose entries do not sum to zero
    not_shipped: int  # facts that ClickHouse does not have yet


async def audit(dsn: str) -> Audit:
    """Raises StoreUnavailableError."""
    with telling_when_away():
        connection = await connect(dsn)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                balances = await connection.fetch(_BALANCES)
                unbalanced = await connection.fetchval(_UNBALANCED)
                not_shipped = await connection.fetchval(_NOT_SHIPPED)
        finally:
            await connection.close()
    return Audit({row["account"]: row["kopecks"] for row in balances if row["kopecks"]}, unbalanced, not_shipped)
