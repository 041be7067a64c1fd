"""The warehouse part on its real stores, and facts to put through it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
import msgspec
from redis.asyncio import Redis

from tests.store.factories import SECOND, click_fact
from tracker.core.facts import ClickFact, LineFact, PostbackFact, RevisionFact, TagFact
from tracker.ports import WarehouseEngine
from tracker.store.clicks import FACT_FIELD, STREAMS
from tracker.store.hot_click import place_of
from tracker.store.warehouse.drain import Drain
from tracker.store.warehouse.rows import (
    CLICKS,
    LINES,
    POSTBACKS,
    RECONCILIATIONS,
    REVISIONS,
    TAG_REPORTS,
    StreamedClick,
    Table,
    click_rows,
    line_rows,
    postback_row,
    revision_row,
    shopper_hash,
    tag_row,
)
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import Telemetry

TABLES = (CLICKS, POSTBACKS, REVISIONS, LINES, TAG_REPORTS, RECONCILIATIONS)
Fact: TypeAlias = ClickFact | PostbackFact | RevisionFact | TagFact
OUTBOX_KINDS = {PostbackFact: "postback", RevisionFact: "revision", TagFact: "tag"}
KEY = b"k" * 32
hash_shopper = shopper_hash(KEY)
DAY = 86_400


def row_of(fact: ClickFact) -> tuple[Any, ...]:
    streamed = msgspec.msgpack.decode(msgspec.msgpack.encode(fact), type=StreamedClick)
    [row] = click_rows([streamed], hash_shopper)
    return tuple(row)


def rows_of(fact: Fact) -> list[tuple[Table, list[tuple[Any, ...]]]]:
    if isinstance(fact, ClickFact):
        return [(CLICKS, [row_of(fact)])]
    if isinstance(fact, PostbackFact):
        return [(POSTBACKS, [postback_row(fact)])]
    if isinstance(fact, TagFact):
        return [(TAG_REPORTS, [tag_row(fact)])]
    return [(REVISIONS, [revision_row(fact, hash_shopper)]), (LINES, line_rows(fact))]


def put(engine: WarehouseEngine, *facts: Fact, times: int = 1) -> None:
    """Each in an insert of its own, as often as told: as after a drain was killed."""
    for _ in range(times):
        for fact in facts:
            for table, rows in rows_of(fact):
                engine.insert(table.name, table.columns, rows)


def ask(engine: WarehouseEngine, sql: str) -> list[tuple[Any, ...]]:
    """The rows, read as an analyst."""
    rows = json.loads(engine.query(sql, as_analyst=True), parse_float=Decimal)["data"]
    return [tuple(row) for row in rows]


def postback_fact(number: int = 0, *, version: int = 1, after: float = 0, **changes: object) -> PostbackFact:
    ordinary = PostbackFact(
        postback_id=f"019abc-{number}",
        version=version,
        received_at_us=int((SECOND + after) * 1_000_000),
        partner_id="lamoda",
        dialect="generic",
        method="GET",
        query="order_id=A-1&amount=1000.00",
        order_id="A-1",
        line_id="",
        click_id=click_fact().click_id,
        verdict="decided",
        reasons=[],
        http_status=200,
        address_hash=7,
        request_id="request-1",
    )
    return msgspec.structs.replace(ordinary, **changes)


def line_fact(line_id: str = "1", **changes: object) -> LineFact:
    ordinary = LineFact(
        line_id=line_id,
        status="approved",
        goods=Decimal("1000.00"),
        currency="RUB",
        tariff="",
        commission=Decimal("80.00"),
        rate=Decimal("0.05"),
        accrual=Decimal("50.0000"),
    )
    return msgspec.structs.replace(ordinary, **changes)


def revision_fact(order_id: str = "A-1", revision: int = 1, *, after: float = DAY, **changes: object) -> RevisionFact:
    """Approved a day after its click, 50 rubles of cashback."""
    click = click_fact()
    revised_at_us = int((SECOND + after) * 1_000_000)
    ordinary = RevisionFact(
        partner_id="lamoda",
        order_id=order_id,
        revision=revision,
        revised_at_us=revised_at_us,
        postback_id="019abc-0",
        click_id=click.click_id,
        clicked_at_us=click.clicked_at_us,
        shopper_id=click.shopper_id,
        terms_version=click.terms_version,
        surface="site",
        device="desktop",
        status="approved",
        hold=False,
        settled=True,
        origin="web",
        base=Decimal("1000.00"),
        rate=Decimal("0.05"),
        accrual=Decimal("50.0000"),
        cashback=50,
        cashback_change=50,
        commission=Decimal("80.00"),
        currency="RUB",
        promo_code="",
        reasons=[],
        flags=[],
        ordered_at_us=click.clicked_at_us + 3_600_000_000,
        first_seen_at_us=revised_at_us,
        confirmed_at_us=revised_at_us,
        confirm_by_us=click.clicked_at_us + 90 * DAY * 1_000_000,
        lines=[line_fact()],
    )
    return msgspec.structs.replace(ordinary, **changes)


def tag_fact(number: int = 0, *, after: float = 600, **changes: object) -> TagFact:
    """The order of a shopper who stayed in one tab, ten minutes after their click: the tag's last word about it."""
    click = click_fact()
    ordinary = TagFact(
        report_id=f"report-{number}",
        reported_at_us=int((SECOND + after) * 1_000_000),
        partner_id="lamoda",
        kind="confirmation",
        click_id=click.click_id,
        cookie_click_id=click.click_id,
        order_id="A-1",
        tab="same_tab",
        checks=[("ad_blocker", "ok", "high", "script:ok fetch:ok", 63), ("cookies", "ok", "high", "kept", 1)],
        script="tag-1",
        device="desktop",
        browser_family="Chrome",
        browser_version="142.0.0",
        os_family="Windows",
        user_agent_hash=1,
        address_hash=2,
        request_id="request-2",
        final=True,
    )
    return msgspec.structs.replace(ordinary, **changes)


@dataclass
class Warehouse:
    engine: WarehouseEngine
    threads: EngineThreads
    valkey: Redis
    dsn: str
    pool: "asyncpg.Pool[asyncpg.Record]"
    telemetry: Telemetry = field(default_factory=Telemetry)

    async def record(self, *facts: ClickFact) -> None:
        """As `ClickStore` writes them."""
        await self.add_entries([(fact.click_id, {FACT_FIELD: msgspec.msgpack.encode(fact)}) for fact in facts])

    async def add_entries(self, entries: Sequence[tuple[str, dict[bytes, bytes]]]) -> None:
        async with self.valkey.pipeline(transaction=False) as pipeline:
            for click_id, fields in entries:
                pipeline.xadd(f"clicks:{place_of(click_id).slot}", fields)  # type: ignore[arg-type]
            await pipeline.execute()

    async def post(self, *facts: PostbackFact | RevisionFact | TagFact) -> None:
        """As the ledger writes them."""
        await self.post_raw(*((OUTBOX_KINDS[type(fact)], msgspec.msgpack.encode(fact)) for fact in facts))

    async def post_raw(self, *rows: tuple[str, bytes]) -> None:
        await self.pool.executemany("INSERT INTO outbox (kind, body) VALUES ($1, $2)", rows)

    async def waiting_clicks(self) -> int:
        return sum([await self.valkey.xlen(stream) for stream in STREAMS])

    async def waiting_facts(self) -> int:
        count: int = await self.pool.fetchval("SELECT count(*) FROM outbox")
        return count

    async def quarantined(self) -> list[tuple[str, bytes, str]]:
        rows = await self.pool.fetch("SELECT source, event, error FROM quarantine ORDER BY id")
        return [(row["source"], row["event"], row["error"]) for row in rows]

    def drain(self, engine: WarehouseEngine | None = None, valkey: Redis | None = None) -> Drain:
        threads = self.threads if engine is None else EngineThreads(engine)
        return Drain(threads, valkey or self.valkey, self.dsn, shopper_hash_key=KEY, telemetry=self.telemetry)

    async def drain_once(self, engine: WarehouseEngine | None = None) -> None:
        """Stopped before it begins: one full pass."""
        stopping = asyncio.Event()
        stopping.set()
        await self.drain(engine).run(stopping)

    @asynccontextmanager
    async def draining(self, engine: WarehouseEngine | None = None) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        task = asyncio.create_task(self.drain(engine).run(stopping))
        yield
        stopping.set()
        await task

    def count(self, sql: str) -> int:
        [[count]] = ask(self.engine, sql)
        return int(count)


async def until(condition: Any, seconds: float = 10) -> None:
    """Waits until it is true; it may be a coroutine function."""
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if await answer if asyncio.iscoroutine(answer) else answer:
                return
            await asyncio.sleep(0.01)
