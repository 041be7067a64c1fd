"""What the tracker's tables hold, as an analyst and an auditor see it. Every value is text."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from tracker.simulate.compare import Row

# Runs SQL as an analyst; every value of a row is text.
Ask = Callable[[str], Awaitable[list[dict[str, str]]]]


class Audit(Protocol):
    """Of the ledger: kopecks by account, and what speaks against it."""

    @property
    def balances(self) -> Mapping[str, int]: ...

    @property
    def unbalanced(self) -> int:
        """Revisions whose entries do not sum to zero."""

    @property
    def not_shipped(self) -> int:
        """Facts that ClickHouse does not have yet."""


_CLICKS = """
SELECT banner, click_id, partner_id, outcome, valid, device, surface, deep_link, ifNull(toString(rate), '') AS rate,
    arrayStringConcat(arraySort(traffic), ' ') AS traffic, arrayStringConcat(arraySort(refusals), ' ') AS refusals,
    arrayStringConcat(arraySort(checks_found), ' ') AS checks_found, arrayStringConcat(supersedes, ' ') AS supersedes,
    superseded,
    toUnixTimestamp(clicked_at) AS second, shopper_hash
FROM clicks WHERE startsWith(banner, '{run}-') ORDER BY click_id
"""
_CONVERSIONS = """
SELECT partner_id, order_id, click_id, status, hold, settled, origin, currency, cashback, toString(base) AS base,
    toString(accrual) AS accrual, ifNull(toString(commission), '') AS commission,
    arrayStringConcat(arraySort(reasons), ' ') AS reasons, arrayStringConcat(arraySort(flags), ' ') AS flags,
    ifNull(toString(toUnixTimestamp(ordered_at)), '') AS ordered_at,
    ifNull(toString(toUnixTimestamp(confirmed_at)), '') AS confirmed_at,
    toString(revision) AS revisions, toString(changes) AS changes
FROM conversions INNER JOIN (
    SELECT partner_id, order_id, sum(cashback_change) AS changes FROM conversion_revisions GROUP BY partner_id, order_id
) AS summed USING (partner_id, order_id)
WHERE startsWith(order_id, '{run}-')
"""
_LINES = """
SELECT partner_id, order_id, line_id, status, currency, tariff, ifNull(toString(goods), '') AS goods,
    ifNull(toString(commission), '') AS commission
FROM conversion_lines WHERE startsWith(order_id, '{run}-')
"""
_POSTBACKS = """
SELECT extractURLParameter(concat('?', query), 'simulated') AS name, toString(count()) AS times,
    arrayStringConcat(arraySort(groupArray(verdict)), ' ') AS verdicts,
    arrayStringConcat(arraySort(groupUniqArray(toString(http_status))), ' ') AS statuses
FROM postbacks WHERE startsWith(name, '{run}-') GROUP BY name
"""


async def read_clicks(ask: Ask, run: str) -> dict[str, Row]:
    """By banner; a shopper who was stopped has a row besides. One row too many has a name that nobody expects."""
    rows: dict[str, Row] = {}
    for row in await ask(_CLICKS.format(run=run)):
        name = f"{row['banner']} stopped" if row["outcome"] == "stopped" else row["banner"]
        while name in rows:
            name += " again"
        rows[name] = row
    return rows


async def read_conversions(ask: Ask, run: str) -> dict[str, Row]:
    """By partner and order."""
    return {f"{row['partner_id']} {row['order_id']}": row for row in await ask(_CONVERSIONS.format(run=run))}


async def read_lines(ask: Ask, run: str) -> dict[str, Row]:
    """By partner, order and line."""
    rows = await ask(_LINES.format(run=run))
    return {f"{row['partner_id']} {row['order_id']} {row['line_id']}": row for row in rows}


async def read_postbacks(ask: Ask, run: str) -> dict[str, Row]:
    """By the name that each message carries beside the partner's parameters."""
    return {row["name"]: row for row in await ask(_POSTBACKS.format(run=run))}
