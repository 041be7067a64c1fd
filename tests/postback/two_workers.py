"""Two workers on the real PostgreSQL and Valkey, and senders that do not give up: for the tests of what a set of
messages comes to, whatever is cut off on the way."""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
from redis.asyncio import Redis

from tests.core.cases import RATES, VERSIONS
from tests.core.factories import CLICKED_AT
from tests.core.reference import Expected
from tests.store.factories import CLICK_IDS, click_fact
from tracker.core.click import Click
from tracker.core.report import Report, Status
from tracker.errors import StoreUnavailableError
from tracker.ports import RawPostback
from tracker.postback.came_later import CameLater
from tracker.postback.ingest import Ingest, Ingested
from tracker.postback.kept import new_postback_id
from tracker.postback.named import NamedClicks
from tracker.store.clicks import ClickStore, _superseded_key
from tracker.store.ledger import open_ledger
from tracker.store.ledger.rates import import_rates

RECEIVED_AT = CLICKED_AT + timedelta(hours=2)
SENDERS_PATIENCE = 100
FOR_YEARS = 50 * 365  # days that Valkey keeps the clicks of these cases, which are from 2019

_ORDERS = """
SELECT order_id, status, hold, settled, base, accrual, cashback, reasons, flags, click_id, shopper_id FROM conversions
WHERE order_id LIKE $1
"""
_POSTED = """
SELECT c.order_id, c.cashback, c.status, c.hold, c.shopper_id, coalesce((
    SELECT json_object_agg(account, kopecks) FROM (
        SELECT e.account, sum(e.amount_kopecks)::bigint AS kopecks FROM ledger_entries e
        WHERE e.partner_id = c.partner_id AND e.order_id = c.order_id GROUP BY e.account
    ) AS accounts WHERE kopecks <> 0
), '{}') AS posted
FROM conversions c
"""
_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name <> 'the test' AND random() < $1
"""


def click_ids_of(case: int) -> tuple[str, str, str]:
    """Signed ids of the three clicks of a case; the third was made a minute before the others."""
    second = int(CLICKED_AT.timestamp())
    made_at = (second, second, second - 60)
    one, two, three = (CLICK_IDS.make("lab", case % 7, at, case * 3 + number) for number, at in enumerate(made_at))
    return one, two, three


@dataclass
class TwoWorkers:
    workers: tuple[Ingest, Ingest]
    later: CameLater
    clicks: ClickStore
    valkey: Redis
    dsn: str
    chance: random.Random
    own: "asyncpg.Connection[asyncpg.Record]"
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    requests: int = 0
    sent_again: int = 0

    async def record(self, click: Click) -> None:
        fact = click_fact(
            click_id=click.click_id,
            partner_id=click.partner_id,
            clicked_at_us=int(click.clicked_at.timestamp()) * 1_000_000,
            shopper_id=click.shopper_id or "",
            device=str(click.device),
            terms_version=click.terms_version,
            refusals=[str(reason) for reason in click.refusals],
        )
        await self.clicks.record(fact, attributable=True)
        if click.superseded_at is not None:
            microseconds = int(click.superseded_at.timestamp()) * 1_000_000
            await self.valkey.set(_superseded_key(click.click_id), microseconds)

    async def send(self, report: Report, *, cut: float = 0) -> Ingested:
        """The sender sends again until one of the workers has answered. So often is a worker stopped at its work, and
        more seldom each time: on a busy machine all of them would be."""
        for attempt in range(1, SENDERS_PATIENCE):
            work = asyncio.create_task(self.chance.choice(self.workers).take(self._request(), report))
            if self.chance.random() < cut / attempt:
                await asyncio.sleep(self.chance.random() / 100)
                work.cancel()
            await asyncio.wait({work})
            if not work.cancelled() and not isinstance(work.exception(), StoreUnavailableError):
                return await work
            self.sent_again += 1
        raise AssertionError(f"{report} was not answered in {SENDERS_PATIENCE} attempts")

    def _request(self) -> RawPostback:
        self.requests += 1
        received_at = RECEIVED_AT + timedelta(microseconds=self.requests)
        return RawPostback(
            new_postback_id(received_at, os.urandom(10)), received_at, "lab", "generic", "GET", "", "", b""
        )

    async def decide_what_came_later(self) -> None:
        """As the drain does it: round after round, and again when PostgreSQL was away."""
        for _ in range(SENDERS_PATIENCE):
            with suppress(StoreUnavailableError):
                came = await self.later.decide(RECEIVED_AT + timedelta(hours=1), all_at_once=True)
                if not came.found:
                    return
        raise AssertionError("What came later was not decided")

    async def import_rates(self) -> None:
        await import_rates(self.dsn, RATES)

    async def cut_connections(self, share: float) -> None:
        async with self.turn:
            await self.own.fetch(_CUT, share)

    async def audit(self) -> int:
        """What each order has posted is what it stands at, at any moment. The number of orders."""
        async with self.turn:
            orders = await self.own.fetch(_POSTED)
        for order in orders:
            assert json.loads(order["posted"]) == _asked_for(order), dict(order)
        return len(orders)

    async def orders(self, named: str) -> dict[str, asyncpg.Record]:
        async with self.turn:
            return {row["order_id"]: row for row in await self.own.fetch(_ORDERS, f"{named}-%")}


def _asked_for(order: asyncpg.Record) -> dict[str, int]:
    kopecks, shopper_id, status = order["cashback"] * 100, order["shopper_id"], order["status"]
    if not kopecks or shopper_id is None or status == Status.DECLINED:
        return {}
    account = "available" if status == Status.APPROVED and not order["hold"] else "pending"
    return {"receivable:lab": -kopecks, f"{account}:{shopper_id}": kopecks}


def assert_as_expected(order: asyncpg.Record, right: Expected) -> None:
    assert order["click_id"] == right.click_id
    assert (order["status"], order["hold"], order["settled"]) == (right.status, right.hold, right.settled)
    assert (order["cashback"], set(order["reasons"])) == (right.cashback, {str(reason) for reason in right.reasons})
    if right.click_id:
        assert (order["base"], order["accrual"]) == (right.base, right.accrual)
        assert set(order["flags"]) == {str(flag) for flag in right.flags}


@asynccontextmanager
async def open_two_workers(dsn: str, valkey: Redis, seed: int) -> AsyncIterator[TwoWorkers]:
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(open_ledger(dsn)) for _ in range(2)]
        await one.put_in_force(VERSIONS.values())
        own = await asyncpg.connect(dsn, server_settings={"application_name": "the test"})
        stack.push_async_callback(own.close)
        clicks = ClickStore(valkey, hot_days=FOR_YEARS, answer_seconds=60, patience_seconds=60)
        workers = (Ingest(one, CLICK_IDS, clicks), Ingest(other, CLICK_IDS, clicks))
        later = CameLater(one, NamedClicks(CLICK_IDS, clicks))
        yield TwoWorkers(workers, later, clicks, valkey, dsn, random.Random(seed), own)  # noqa: S311 - repeatable
