"""Single parts with stores of their own, to be killed at will: what one test breaks, no other test needs."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import asyncpg
from redis.asyncio import Redis

from tests.running import ROOT, data_folder
from tests.store.factories import click_fact
from tests.warehouse.setting import DAY, Warehouse, postback_fact, revision_fact
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.valkey import EmbeddedValkey
from tracker.store.clicks import STREAMS, read_entry
from tracker.store.migrate import migrate_postgres
from tracker.store.valkey_node import open_node
from tracker.telemetry import Telemetry

RUBLES = 50  # what each order of `Parts.feed` earns
DRAIN_SECONDS = 120


@asynccontextmanager
async def own_valkey(maxmemory: str = "64mb") -> AsyncIterator[EmbeddedValkey]:
    with data_folder() as data:
        server = EmbeddedValkey(data, maxmemory=maxmemory)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


@asynccontextmanager
async def own_postgres(**settings: str) -> AsyncIterator[EmbeddedPostgres]:
    """Its schema is up to date."""
    with data_folder() as data:
        server = EmbeddedPostgres(data, settings=settings)
        await server.start()
        try:
            await migrate_postgres(server.dsn)
            yield server
        finally:
            await server.stop()


@asynccontextmanager
async def client_of(server: EmbeddedValkey) -> AsyncIterator[Redis]:
    client = open_node(server.url)
    try:
        yield client
    finally:
        await client.aclose()


async def clicks_in(client: Redis) -> list[str]:
    """The id of every click that is in the streams, as often as it is there."""
    found: list[str] = []
    for stream in STREAMS:
        entries: Any = await client.xrange(stream)
        found += [read_entry(fields).click_id for _, fields in entries]
    return found


@dataclass
class Draining:
    process: Process
    output: str = ""
    log: str = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    async def until_ready(self) -> Self:
        assert self.process.stdout is not None
        if await self.process.stdout.readline() != b"ready\n":
            raise AssertionError((await self.process.communicate())[1].decode())
        return self

    async def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        await self.process.stdin.drain()

    async def ended(self) -> int:
        """Told to ship what is left; how it ended."""
        async with asyncio.timeout(DRAIN_SECONDS):
            output, errors = await self.process.communicate(b"go\n")
        self.output, self.log = output.decode(), errors.decode()
        assert self.process.returncode is not None
        return self.process.returncode

    async def finish(self) -> dict[str, Any]:
        """Shipped, and not killed; what analysts see."""
        assert await self.ended() == 0, self.log
        seen: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return seen


@dataclass
class Parts:
    """Valkey, PostgreSQL and a drain, each with a folder of its own below `folder`."""

    folder: Path
    valkey: EmbeddedValkey
    postgres: EmbeddedPostgres
    warehouse: Warehouse  # its engine is only opened by the drains
    clicks: list[str] = field(default_factory=list)
    postbacks: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def drain(self, valkey_url: str | None = None, dsn: str | None = None) -> AsyncIterator["Draining"]:
        """A process that has opened the engine and waits for its `go`; it is gone behind the block."""
        stores = [valkey_url or self.valkey.url, dsn or self.postgres.dsn]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.draining", str(self.folder / "warehouse"), *stores,
            cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=2**24,
        )  # fmt: skip
        try:
            yield await Draining(process).until_ready()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    async def feed(self, number: int = 30) -> None:
        """So many new clicks, over three months and all streams, as many postbacks, and as many orders."""
        first = len(self.clicks)
        places = range(first, first + number)
        clicks = [click_fact(place, shard=place, after=place % 3 * 30 * DAY) for place in places]
        await self.warehouse.record(*clicks)
        await self.warehouse.post(*(postback_fact(place) for place in places))
        await self.warehouse.post(*(revision_fact(f"A-{place}", after=place % 3 * 30 * DAY) for place in places))
        self.clicks += [click.click_id for click in clicks]
        self.postbacks += [f"019abc-{place}" for place in places]
        self.orders += [f"A-{place}" for place in places]

    async def shipped(self) -> dict[str, Any]:
        """A whole drain ships what is left; what analysts see then."""
        async with self.drain() as draining:
            seen = await draining.finish()
        assert "lost" not in draining.log
        return seen

    def wrong(self, seen: dict[str, Any]) -> list[str]:
        """What is missing, doubled or there without reason."""
        expected = {
            "clicks": dict.fromkeys(self.clicks, 1),
            "postbacks": dict.fromkeys(self.postbacks, 1),
            "cashback": dict.fromkeys(self.orders, RUBLES),
            "lines": dict.fromkeys(self.orders, 1),
        }
        return [
            f"{table} {name}: {seen[table].get(name)} instead of {rows.get(name)}"
            for table, rows in expected.items()
            for name in sorted(rows.keys() | seen[table].keys())
            if seen[table].get(name) != rows.get(name)
        ]


@asynccontextmanager
async def open_parts() -> AsyncIterator[Parts]:
    async with own_valkey() as valkey, own_postgres() as postgres, client_of(valkey) as client:
        pool = await asyncpg.create_pool(postgres.dsn, min_size=0, max_size=2)
        async with pool:
            warehouse = Warehouse(None, None, client, postgres.dsn, pool, Telemetry())  # type: ignore[arg-type]
            with data_folder() as folder:
                folder.mkdir()
                yield Parts(folder, valkey, postgres, warehouse)
