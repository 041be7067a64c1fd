"""The invariants of reliability.md 5.1, judged by the load generator's journal alone. Each question returns what is
wrong, in words; nothing is right. `dsn` is where the books are, unless they are the tracker's own."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

import asyncpg

from tests.faults.journal import Journal, Order
from tests.faults.load import CANARY, Sent
from tests.faults.orders import TERMS, earns, outcomes, partner_of
from tests.running import RunningTracker

SETTLE_SECONDS = 120  # facts are shipped, and what was deferred is decided, a moment after the stores are back
KOPECKS = 100
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def clicks(tracker: RunningTracker, journal: Journal) -> list[str]:
    """I1, I2: every id that was answered is there once; nothing is there that nobody sent."""
    answered = journal.answered_ids
    rows = await _until(
        lambda: tracker.query(
            "SELECT click_id, any(banner) AS n, count() AS times FROM analytics.clicks "
            f"WHERE partner_id IN {tuple(TERMS)} GROUP BY 1"
        ),
        lambda rows: answered <= {row["click_id"] for row in rows},
    )
    there = {row["click_id"]: int(row["times"]) for row in rows}
    recorded = defaultdict(set)
    for row in rows:
        recorded[int(row["n"])].add(row["click_id"])
    return [
        *(
            f"click {one} was answered, and is there {there.get(one, 0)} times"
            for one in answered
            if there.get(one) != 1
        ),
        *(f"click {one} is there {times} times" for one, times in there.items() if times != 1),
        *(
            f"request {number} was sent {journal.clicks_sent[number]} times and left {len(ids)} clicks"
            for number, ids in recorded.items()
            if len(ids | journal.ids_of(number)) > journal.clicks_sent[number]
        ),
        *_ids(journal),
    ]


def _ids(journal: Journal) -> Iterator[str]:
    """An id of its own for each click. Around such a moment a double click may have two
    (docs/adr/0018)."""
    for click_id, times in Counter(journal.click_ids.values()).items():
        if times > 1:
            yield f"{click_id} was given to {times} clicks"


async def postbacks(tracker: RunningTracker, journal: Journal, dsn: str = "") -> list[str]:
    """I3: every message that was answered 2xx is kept with its bytes, secrets masked, and shown to analysts once."""
    async with _postgres(dsn or tracker.postgres_dsn) as connection:
        rows = await connection.fetch(
            "SELECT id::text, method, query, content_type, body, verdict, note FROM postbacks"
        )
    kept = {row["id"]: row for row in rows}
    shipped = await _until(
        lambda: tracker.query("SELECT postback_id AS id, count() AS times FROM analytics.postbacks GROUP BY 1"),
        lambda shown: kept.keys() <= {row["id"] for row in shown},
    )
    times = {row["id"]: int(row["times"]) for row in shipped}
    return [
        *(f"{one} was answered 2xx, and is not kept" for one in journal.kept.keys() - kept.keys()),
        *(
            f"{one} differs from what was sent"
            for one, sent in journal.kept.items()
            if not _equals(kept.get(one), sent)
        ),
        *(f"{one} is {row['verdict']}: {row['note']}" for one, row in kept.items() if row["verdict"] == "failed"),
        *(f"{one} is shown {times.get(one, 0)} times" for one in kept if times.get(one) != 1),
    ]


def _equals(row: asyncpg.Record | None, sent: Sent) -> bool:
    if row is None:
        return True  # told already
    query, body = _masked(sent.query), _masked(sent.body)
    return (row["method"], row["query"], row["body"].decode()) == (sent.method, query, body)


def _masked(sent: str) -> str:
    start = sent.find(CANARY)
    if start < 0:
        return sent
    end = start
    while end < len(sent) and sent[end] not in '&"':
        end += 1
    return f"{sent[:start]}***{sent[end:]}"


async def money(tracker: RunningTracker, journal: Journal, dsn: str = "") -> list[str]:
    """I5, I6: each order is as its messages say and its entries are its cashback, to the kopeck."""
    await until_decided(dsn or tracker.postgres_dsn)
    async with _postgres(dsn or tracker.postgres_dsn) as connection:
        conversions = await connection.fetch("SELECT partner_id, order_id, status, cashback FROM conversions")
        entries = await connection.fetch(
            "SELECT partner_id, order_id, split_part(account, ':', 1) AS kind, sum(amount_kopecks)::bigint AS kopecks "
            "FROM ledger_entries GROUP BY 1, 2, 3"
        )
    posted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in entries:
        posted[row["partner_id"], row["order_id"]][row["kind"]] = row["kopecks"]
    found = {(row["partner_id"], row["order_id"]): (row["status"], row["cashback"]) for row in conversions}
    wrong = [f"{key} has entries and no order" for key in posted.keys() - found.keys()]
    for order in journal.orders.values():
        key = partner_of(order.number), f"order-{order.number}"
        wrong += _order(order, found.pop(key, None), posted[key])
    return [*wrong, *(f"{key}: nobody sent it" for key in found)]


def _order(order: Order, found: tuple[str, int] | None, posted: Counter[str]) -> Iterator[str]:
    expected = outcomes(partner_of(order.number), order.accepted_messages, order.open_messages)
    if found is None:
        if order.accepted:
            yield f"order {order.number} is lost"
        return
    if found not in expected:
        yield f"order {order.number} is {found}, not {expected}"
    status, cashback = found
    mine = {"available": status == "approved", "pending": status == "pending"}
    for kind, is_there in mine.items():
        if posted[kind] != KOPECKS * cashback * is_there:
            yield f"order {order.number}: {posted[kind]} kopecks are {kind}, of {cashback} rubles {status}"
    if sum(posted.values()) != 0:
        yield f"order {order.number}: its entries sum to {sum(posted.values())}"


async def totals(tracker: RunningTracker, journal: Journal, dsn: str = "") -> list[str]:
    """I7: what the ledger credits, what the orders say and what analysts are shown: three questions, one answer."""
    async with _postgres(dsn or tracker.postgres_dsn) as connection:
        ledger = await connection.fetch(
            "SELECT split_part(account, ':', 1) AS kind, sum(amount_kopecks)::bigint AS kopecks "
            "FROM ledger_entries GROUP BY 1"
        )
        orders = await connection.fetch("SELECT status, sum(cashback)::bigint AS rubles FROM conversions GROUP BY 1")
    credited = {row["kind"]: row["kopecks"] for row in ledger}
    of_orders = {row["status"]: row["rubles"] for row in orders}
    shown = await _until(
        lambda: tracker.query("SELECT status, sum(cashback) AS rubles FROM analytics.conversions GROUP BY 1"),
        lambda rows: _rubles(rows) == of_orders,
    )
    daily = tracker.query(
        "SELECT sum(cashback) AS rubles, sum(cashback_approved) AS approved FROM analytics.partner_daily"
    )
    approved, pending = of_orders.get("approved", 0), of_orders.get("pending", 0)
    by_journal = _least_and_most(journal)
    claims = {
        f"the ledger holds {credited}, the orders {of_orders}": (
            credited.get("available", 0) == KOPECKS * approved and credited.get("pending", 0) == KOPECKS * pending
        ),
        f"the ledger sums to {sum(credited.values())}": sum(credited.values()) == 0,
        f"analysts are shown {_rubles(shown)}, the orders are {of_orders}": _rubles(shown) == of_orders,
        f"partner_daily shows {daily}": daily
        and (int(daily[0]["rubles"]), int(daily[0]["approved"])) == (approved + pending, approved),
        f"{approved + pending} rubles are not within {by_journal}": by_journal[0]
        <= approved + pending
        <= by_journal[1],
    }
    return [claim for claim, holds in claims.items() if not holds]


def _rubles(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    return {row["status"]: int(row["rubles"]) for row in rows}


def _least_and_most(journal: Journal) -> tuple[int, int]:
    """All cashback, by the journal: equal unless a sender gave up."""
    least = most = 0
    for order in journal.orders.values():
        partner = partner_of(order.number)
        possible = [earns(partner, one) for one in (*order.accepted_messages[-1:], *order.open_messages)]
        least += min(possible) if order.accepted else 0
        most += max(possible, default=0)
    return least, most


async def state(tracker: RunningTracker) -> tuple[object, ...]:
    """What money is, to compare: every order and the ledger."""
    await until_decided(tracker.postgres_dsn)
    async with _postgres(tracker.postgres_dsn) as connection:
        orders = await connection.fetch(
            "SELECT partner_id, order_id, status, cashback, base FROM conversions ORDER BY partner_id, order_id"
        )
        ledger = await connection.fetchrow(
            "SELECT count(*) AS entries, coalesce(sum(abs(amount_kopecks)), 0)::bigint AS turned_over "
            "FROM ledger_entries"
        )
    return ([tuple(order) for order in orders], tuple(ledger or ()))


async def until_decided(dsn: str) -> None:
    """A message whose click could not be looked up is decided when it can be."""
    async with _postgres(dsn) as connection, asyncio.timeout(SETTLE_SECONDS):
        while await connection.fetchval("SELECT count(*) FROM postbacks WHERE verdict = 'deferred'"):
            await asyncio.sleep(0.2)


@asynccontextmanager
async def _postgres(dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


Rows = list[dict[str, Any]]


async def _until(ask: Callable[[], Rows], arrived: Callable[[Rows], bool]) -> Rows:
    """The answer once it is complete; the last one if it never is."""
    answer: Rows = []
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while True:
                answer = await asyncio.to_thread(ask)
                if arrived(answer):
                    break
                await asyncio.sleep(0.2)
    return answer
