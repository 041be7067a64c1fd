"""Clicks and messages that are sent again and again until they are answered, as browsers and partners do: what was
answered when, to be compared with what the stores hold."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, islice

import asyncpg
from redis.asyncio import Redis

from tests.core.factories import CLICK
from tests.faults.parts import clicks_in
from tests.postback.setting import Setting
from tests.store.factories import click_fact
from tracker.core.facts import ClickFact
from tracker.errors import StoreUnavailableError
from tracker.store.clicks import ClickStore

RUBLES = 50  # of each order that is reported here
_AT_ONCE = 8


@dataclass
class Clicks:
    """Recorded by one store. The ids are the judge's own."""

    store: ClickStore
    sent: dict[str, ClickFact] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    _numbers: "count[int]" = field(default_factory=count)

    async def record(self, number: int) -> None:
        """So many new ones, some at once; it stops at the first that is not answered."""
        facts = iter([click_fact(place, shard=place) for place in islice(self._numbers, number)])
        await self._send(facts)

    async def again(self) -> None:
        """Each that was not answered, with the same id. Raises StoreUnavailableError if one still is not."""
        await self._send(iter([fact for click_id, fact in self.sent.items() if click_id not in self.answered]))
        if self.sent.keys() - self.answered:
            raise StoreUnavailableError("a click is still not recorded")

    async def _send(self, facts: Iterator[ClickFact]) -> None:
        async def one_after_another() -> None:
            for fact in facts:
                self.sent[fact.click_id] = fact
                recorded = await self.store.record(fact, attributable=True)
                assert getattr(recorded, "click_id", "") == fact.click_id
                self.answered.add(fact.click_id)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(_quietly(one_after_another()))

    async def wrong(self, client: Redis) -> list[str]:
        """Answered and not there once, or there and never sent."""
        found = Counter(await clicks_in(client))
        return [
            f"{click_id}: there {found[click_id]} times"
            for click_id in self.answered | found.keys()
            if found[click_id] != 1 or click_id not in self.sent
        ]


async def _quietly(work: Coroutine[None, None, None]) -> None:
    with suppress(StoreUnavailableError):
        await work


@dataclass
class Messages:
    """Sent over HTTP, as a partner sends them."""

    setting: Setting
    received: set[str] = field(default_factory=set)  # what was answered 2xx
    orders: set[str] = field(default_factory=set)
    unanswered: list[str] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    async def report(self, number: int) -> None:
        """So many new orders, one after another; it stops at the first that is not answered 2xx."""
        for place in islice(self._numbers, number):
            if not await self._send(f"order-{place}"):
                return

    async def again(self) -> None:
        """As a sender does: the same message until it is answered 2xx."""
        async with asyncio.timeout(60):
            while self.unanswered:
                if not await self._send(self.unanswered.pop()):
                    await asyncio.sleep(0.1)

    async def _send(self, order: str) -> bool:
        said = f"order_id={order}&click_id={CLICK.click_id}&status=approved&amount=1000.00"
        status, body = await self.setting.send(said)
        if status != 200:
            assert status == 503, body
            self.unanswered.append(order)
            return False
        self.orders.add(order)
        self.received.add(body["received_id"])
        return True

    async def wrong(self) -> list[str]:
        """Answered 2xx and not kept, not paid once, or paid without reason."""
        connection = await asyncpg.connect(self.setting.dsn)
        try:
            kept = {str(row["id"]) for row in await connection.fetch("SELECT id FROM postbacks")}
            failed = await connection.fetch("SELECT note FROM postbacks WHERE verdict = 'failed'")
            rows = await connection.fetch("SELECT order_id, cashback FROM conversions")
            entries = await connection.fetch("SELECT account, amount_kopecks FROM ledger_entries")
        finally:
            await connection.close()
        paid = {row["order_id"]: row["cashback"] for row in rows}
        available = sum(row["amount_kopecks"] for row in entries if row["account"].startswith("available:"))
        found = [f"{name}: answered, not kept" for name in self.received - kept]
        found += [f"failed: {row['note']}" for row in failed]
        found += [f"{order}: {paid.get(order)}" for order in self.orders | paid.keys() if paid.get(order) != RUBLES]
        found += [] if available == 100 * RUBLES * len(paid) else [f"available: {available} kopecks"]
        return found + ([] if sum(row["amount_kopecks"] for row in entries) == 0 else ["the ledger does not balance"])
