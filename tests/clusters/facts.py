"""Facts that keep coming while servers die, shipped by the real drain; and what must be there in the end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.clickhouse import ClickHouseServer
from tests.store.factories import click_fact
from tests.warehouse.setting import Warehouse, line_fact, postback_fact, revision_fact, until
from tracker.telemetry import SHIP_FAILURES, SHIPPED

PAUSE_SECONDS = 0.1
AT_ONCE = 20  # clicks; a purchase to each tenth
PATIENCE_SECONDS = 120
# By table, what names one of its facts.
NAMES = {
    "clicks": "click_id",
    "postbacks": "postback_id",
    "conversion_revisions": "order_id",
    "conversion_lines": "concat(order_id, '/', line_id)",
}


@dataclass
class Facts:
    """Of two months, as at the turn of one."""

    warehouse: Warehouse
    sent: dict[str, set[str]] = field(default_factory=lambda: {table: set() for table in NAMES})
    _number: int = 0

    async def send(self) -> None:
        first, self._number = self._number, self._number + AT_ONCE
        clicks = [click_fact(number, after=(number % 2) * 10 * 86_400) for number in range(first, self._number)]
        await self.warehouse.record(*clicks)
        self.sent["clicks"] |= {click.click_id for click in clicks}
        for number in range(first, self._number, 10):
            order, lines = f"order-{number}", [line_fact("1"), line_fact("2")]
            await self.warehouse.post(postback_fact(number), revision_fact(order, lines=lines))
            self.sent["postbacks"].add(postback_fact(number).postback_id)
            self.sent["conversion_revisions"].add(order)
            self.sent["conversion_lines"] |= {f"{order}/1", f"{order}/2"}

    @asynccontextmanager
    async def coming(self) -> AsyncIterator[None]:
        """Without a pause inside the block; behind it all that came is shipped."""
        ended = asyncio.Event()
        sending = asyncio.create_task(self._keep_sending(ended))
        async with self.warehouse.draining():
            try:
                yield
            finally:
                ended.set()
                await sending
            await until(self._all_is_shipped, PATIENCE_SECONDS)

    async def some_arrive(self) -> None:
        before = self._shipped()
        await until(lambda: self._shipped() > before, PATIENCE_SECONDS)

    async def one_attempt_fails(self) -> None:
        before = self._failures()
        await until(lambda: self._failures() > before, PATIENCE_SECONDS)

    async def _keep_sending(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            await self.send()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _all_is_shipped(self) -> bool:
        return not await self.warehouse.waiting_clicks() and not await self.warehouse.waiting_facts()

    def _shipped(self) -> float:
        return sum(self.warehouse.telemetry.value(SHIPPED, f"tracker.{table}") for table in NAMES)

    def _failures(self) -> float:
        return sum(self.warehouse.telemetry.value(SHIP_FAILURES, source) for source in ("clicks", "outbox"))


def wrong_facts(sent: dict[str, set[str]], replicas: Sequence[ClickHouseServer]) -> dict[str, int]:
    """How many facts of each table are missing, doubled or strange where `replicas`, one of each shard, are read."""
    wrong = {}
    for table, name in NAMES.items():
        counted: Counter[str] = Counter()
        for replica in replicas:
            counted.update(str(one) for (one,) in replica.rows(f"SELECT {name} FROM tracker.{table}_local FINAL"))
        wrong[table] = sum(counted[one] != 1 for one in sent[table] | counted.keys())
    return {table: count for table, count in wrong.items() if count}
