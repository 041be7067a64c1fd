"""The ledger: loads orders, writes changes. What is decided is decided elsewhere; here it becomes true at once or not
at all (docs/adr/0009)."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg

from tracker.core.facts import RevisionFact, TagFact
from tracker.core.partner import TermsVersion
from tracker.core.rates import ExchangeRate, RateKey
from tracker.core.terms_json import terms_from_json, terms_to_json
from tracker.ports import Awaited, Change, KnownOrder, ListedOrder, Purchase, Siblings, Waiting
from tracker.store.group_commit import A_MOMENT, GroupCommit
from tracker.store.ledger import awaited, lists, purchases
from tracker.store.ledger.documents import known_order
from tracker.store.ledger.rates import Rates
from tracker.store.ledger.rows import TABLES, arguments, lock_names, tag_body
from tracker.store.postgres.connect import CONFIRM, create_pool
from tracker.store.postgres.faults import telling_when_away
from tracker.store.watch import StoreWatch, watch_postgres

CONNECTIONS = 4
ANSWER_SECONDS = 2.0  # a sender waits, and sends again
_LARGEST_TRIP = 64

_LOAD = """
SELECT d.document, CASE WHEN d.document IS NULL THEN (
    SELECT s.confirmations FROM order_confirmations s
    WHERE s.partner_id = wanted.partner_id AND s.order_id = wanted.order_id
) END AS seen
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted(partner_id, order_id, place)
LEFT JOIN order_documents d USING (partner_id, order_id) ORDER BY wanted.place
"""
_SIBLINGS = "SELECT order_id, document FROM order_documents WHERE shopper_id = $2 AND partner_id = $1"
_WRITE = f"SELECT write_changes({', '.join(f'${place}::json' for place in range(1, len(TABLES) + 1))})"
_SHIP = "INSERT INTO outbox (kind, body) SELECT 'tag', unnest($1::bytea[])"
_TERMS = "SELECT content FROM terms_versions WHERE version = ANY ($1)"
_STORE_TERMS = """
INSERT INTO terms_versions (version, partner_id, content) VALUES ($1, $2, $3::jsonb) ON CONFLICT (version) DO NOTHING
"""
_IN_FORCE = """
SELECT DISTINCT ON (f.partner_id) v.content FROM terms_in_force f JOIN terms_versions v USING (version)
ORDER BY f.partner_id, f.id DESC
"""
_PUT_IN_FORCE = """
INSERT INTO terms_in_force (partner_id, version) SELECT $2, $1 WHERE $1 IS DISTINCT FROM (
    SELECT version FROM terms_in_force WHERE partner_id = $2 ORDER BY id DESC LIMIT 1
)
"""

SESSION = {
    "timezone": "UTC",
    "jit": "off",
    # Everything here is looked up by key. A plan that was made while the tables were empty would scan them for ever.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


class Ledger:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", watch: StoreWatch | None = None) -> None:
        self._pool = pool
        self._watch = watch or watch_postgres()
        self._terms: dict[str, TermsVersion] = {}
        self._rates = Rates(self._fetch)
        self._loads = GroupCommit(self._load_all, largest=_LARGEST_TRIP, patience=ANSWER_SECONDS, pause=A_MOMENT)
        self._writes = GroupCommit(self._write_all, largest=_LARGEST_TRIP, patience=ANSWER_SECONDS, pause=A_MOMENT)
        self._ships = GroupCommit(self._ship_all, largest=_LARGEST_TRIP, patience=ANSWER_SECONDS)

    async def load(self, partner_id: str, order_id: str) -> KnownOrder:
        """The order as it stands. Raises StoreUnavailableError."""
        return await self._loads.submit((partner_id, order_id))

    async def siblings(self, partner_id: str, shopper_id: str) -> Siblings:
        """All orders of one shopper at one partner."""
        rows = await self._fetch(_SIBLINGS, partner_id, shopper_id)
        orders = {row["order_id"]: known_order(partner_id, row["order_id"], row["document"]) for row in rows}
        return Siblings(partner_id, shopper_id, orders)

    async def write(self, change: Change) -> bool:
        """On disk when it returns True. False: an order is no longer as it was loaded; load and decide again.

        Raises StoreUnavailableError when PostgreSQL did not answer: it may or may not be written.
        """
        return await self._writes.submit(change)

    async def ship(self, fact: TagFact) -> None:
        """Put a report of the tag that is about no order into the outbox. Raises StoreUnavailableError."""
        await self._ships.submit(fact)

    async def terms(self, versions: Iterable[str]) -> Mapping[str, TermsVersion]:
        """Immutable, so each is read once a process. Raises KeyError for one that was never stored."""
        wanted = set(versions)
        if missing := sorted(wanted - self._terms.keys()):
            for row in await self._fetch(_TERMS, missing):
                version = terms_from_json(row["content"])
                self._terms[version.version] = version
        return {version: self._terms[version] for version in wanted}

    async def rates(self, needed: Iterable[RateKey]) -> tuple[ExchangeRate, ...]:
        """Those of them that were imported. Raises StoreUnavailableError."""
        return await self._rates.find(needed)

    async def terms_in_force(self) -> Mapping[str, TermsVersion]:
        """By partner."""
        found = [terms_from_json(row["content"]) for row in await self._fetch(_IN_FORCE)]
        return {version.partner_id: version for version in found}

    async def put_in_force(self, versions: Iterable[TermsVersion]) -> None:
        """New versions are added; what is stored stays."""
        rows = [(one.version, one.partner_id, terms_to_json(one)) for one in versions]
        async with self._connection() as connection, connection.transaction():
            await connection.executemany(_STORE_TERMS, rows)
            await connection.executemany(_PUT_IN_FORCE, [row[:2] for row in rows])

    async def ping(self) -> None:
        """That it commits, and not only answers. Raises StoreUnavailableError."""
        await self._fetch(CONFIRM)

    async def late(self, now: datetime) -> list[ListedOrder]:
        """Confirmed after the window, and still pending at its end."""
        return lists.listed_orders(await self._fetch(lists.LATE, now))

    async def unmatched(self) -> list[ListedOrder]:
        """Orders whose click we do not know."""
        return lists.listed_orders(await self._fetch(lists.UNMATCHED))

    async def held(self) -> list[ListedOrder]:
        """Orders that we hold until staff have looked."""
        return lists.listed_orders(await self._fetch(lists.HELD))

    async def purchases(self, shopper_id: str, since: datetime, until: datetime, *, limit: int) -> list[Purchase]:
        """One shopper's, newest first."""
        return purchases.purchases(await self._fetch(purchases.PURCHASES, shopper_id, since, until, limit))

    async def purchase(
        self, shopper_id: str, partner_id: str, order_id: str
    ) -> tuple[Purchase, list[RevisionFact]] | None:
        """With its history. None: there is none, or it is another shopper's."""
        key = shopper_id, partner_id, order_id
        found = purchases.purchases(await self._fetch(purchases.ONE_PURCHASE, *key))
        if not found:
            return None
        return found[0], purchases.history(await self._fetch(purchases.HISTORY, *key))

    async def waiting(self, after: tuple[datetime, str] | None = None, *, limit: int = 100) -> list[Waiting]:
        """Deferred and failed requests, oldest first; `after` is the receipt time and id of the last one seen."""
        return lists.waiting(await self._fetch(lists.WAITING, *(after or lists.BEFORE_ALL), limit))

    async def find_waiting(self, postback_id: str) -> Waiting | None:
        """One of them by its id."""
        found = lists.waiting(await self._fetch(lists.ONE_WAITING, postback_id))
        return found[0] if found else None

    async def awaited(self, due: datetime, since: datetime, *, limit: int) -> list[Awaited]:
        """Messages whose click is looked for again by `due`, in turn. Those received before `since` are given up."""
        await self._fetch(awaited.GIVE_UP, since)
        return awaited.awaited(await self._fetch(awaited.AWAITED, due, limit))

    async def look_again(self, one: Awaited, at: datetime) -> None:
        """Look for this one's click at that time."""
        await self._fetch(awaited.LOOK_AGAIN, one.partner_id, one.order_id, one.received_at, at)

    async def rates_came(self, after: tuple[str, str] = ("", ""), *, limit: int = 100) -> list[tuple[str, str]]:
        """Orders that wait for an exchange rate which was imported since: partner and order id, after those given."""
        rows = await self._fetch(awaited.RATES_CAME, *after, limit)
        return [(row["partner_id"], row["order_id"]) for row in rows]

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """For the pages that only read. Raises StoreUnavailableError."""
        return await self._fetch(sql, *values)

    async def _load_all(self, keys: Sequence[tuple[str, str]]) -> list[KnownOrder]:
        rows = await self._fetch(_LOAD, [partner_id for partner_id, _ in keys], [order_id for _, order_id in keys])
        return [known_order(*key, row["document"], row["seen"]) for key, row in zip(keys, rows, strict=True)]

    async def _ship_all(self, facts: Sequence[TagFact]) -> list[None]:
        await self._fetch(_SHIP, [tag_body(fact) for fact in facts])
        return [None] * len(facts)

    async def _write_all(self, changes: Sequence[Change]) -> list[bool]:
        written: dict[int, bool] = {}
        for places in _apart(changes):
            together = [changes[place] for place in places]
            rows = await self._fetch(_WRITE, *arguments(together))
            stale = set(rows[0][0])
            written |= {place: item not in stale for item, place in enumerate(places)}
        return [written[place] for place in range(len(changes))]

    async def _fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        with self._watch.trip("write" if sql is _WRITE else "read"):
            async with self._connection() as connection:
                return await connection.fetch(sql, *values)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"]:
        """A server that did not answer in time, or no longer writes, may have been replaced: it is looked for anew."""
        with telling_when_away():
            try:
                async with self._pool.acquire(timeout=ANSWER_SECONDS) as connection:
                    yield connection
            except (TimeoutError, asyncpg.ReadOnlySQLTransactionError):
                await self._pool.expire_connections()
                raise


@asynccontextmanager
async def open_ledger(
    dsn: str, *, connections: int = CONNECTIONS, watch: StoreWatch | None = None
) -> AsyncIterator[Ledger]:
    """Connects when first needed, so that a web process starts while PostgreSQL is away."""
    pool = await create_pool(
        dsn,
        max_size=connections,
        command_timeout=ANSWER_SECONDS,
        within=ANSWER_SECONDS,
        server_settings=SESSION,
        reset=_keep_session,
    )
    try:
        yield Ledger(pool, watch)
    finally:
        await pool.close()


async def _keep_session(_: Any) -> None:
    """Nothing here changes the session, so a connection goes back as it is: one round trip less."""


def _apart(changes: Sequence[Change]) -> Iterator[list[int]]:
    """Groups that share no order: the second change of an order must see the first."""
    left = list(range(len(changes)))
    while left:
        taken: set[tuple[str, str, str]] = set()
        group: list[int] = []
        later: list[int] = []
        for place in left:
            names = lock_names(changes[place])
            (later if names & taken else group).append(place)
            taken |= names
        yield group
        left = later
