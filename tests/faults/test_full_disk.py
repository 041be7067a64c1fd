"""A disk that is full, a store at a time: what cannot be kept is not answered, and with room again all heals by itself
(I3, I4, I10)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.faults.answered import Clicks, Messages
from tests.faults.disks import full, small_disk
from tests.faults.parts import client_of, open_parts
from tests.faults.results import note
from tests.postback.setting import open_setting
from tests.running import data_folder
from tests.store.factories import click_fact
from tests.store.journaling import Lab
from tests.warehouse.setting import until
from tracker.embedded.keep_alive import keep_alive
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.server import EmbeddedServer
from tracker.embedded.valkey import EmbeddedValkey
from tracker.errors import StoreUnavailableError
from tracker.store.clicks import ClickStore
from tracker.store.migrate import migrate_postgres

pytestmark = pytest.mark.slow

log = logging.getLogger(__name__)


@asynccontextmanager
async def kept_alive(server: EmbeddedServer) -> AsyncIterator[None]:
    """As `serve` does: it exits when its disk is full, and is started again and again."""
    await server.start()
    stopping = asyncio.Event()
    keeping = asyncio.create_task(keep_alive(server, stopping=stopping, log=log))
    try:
        yield
    finally:
        stopping.set()
        await keeping
        await server.stop()


async def test_a_full_disk_under_valkey_loses_no_click_and_heals_by_itself() -> None:
    with data_folder() as data, small_disk(data / "valkey", 16):
        server = EmbeddedValkey(data)
        async with kept_alive(server), client_of(server) as client:
            clicks = Clicks(ClickStore(client, hot_days=3))
            await clicks.record(50)
            with full(data / "valkey"):
                while clicks.answered == clicks.sent.keys():
                    await clicks.record(200)
                await clicks.record(200)
            await until(lambda: _all_recorded(clicks), 60)
            wrong = await clicks.wrong(client)
    note("Valkey's disk full (tmpfs)", "each click that was answered is in the stream once", 1, len(wrong))
    assert wrong == []


async def _all_recorded(clicks: Clicks) -> bool:
    with suppress(StoreUnavailableError):
        await clicks.again()
    return clicks.answered == clicks.sent.keys()


async def test_a_full_disk_under_postgresql_loses_no_message_and_heals_by_itself() -> None:
    small = {"min_wal_size": "32MB", "max_wal_size": "32MB"}
    with data_folder() as data, small_disk(data / "postgres", 160, mode=0o711):
        server = EmbeddedPostgres(data, settings=small)
        async with kept_alive(server):
            await migrate_postgres(server.dsn)
            async with open_setting(server.dsn) as setting:
                messages = Messages(setting)
                await messages.report(20)
                with full(data / "postgres"):
                    async with asyncio.timeout(60):
                        while not messages.unanswered:
                            await messages.report(20)
                    await messages.report(20)
                await messages.again()
                wrong = await messages.wrong()
    note("PostgreSQL's disk full (tmpfs)", "2xx is kept, each order is paid once", 1, len(wrong))
    assert wrong == []


async def test_a_full_disk_under_clickhouse_holds_facts_back_and_heals_by_itself() -> None:
    async with open_parts() as parts:
        disk = parts.folder / "warehouse"
        with small_disk(disk, 48):
            await parts.feed(3)
            assert parts.wrong(await parts.shipped()) == []
            await parts.feed()
            async with parts.drain() as draining:
                with full(disk):
                    await draining.go()
                    assert draining.process.stderr is not None
                    async with asyncio.timeout(60):
                        while b"nothing is lost" not in (said := await draining.process.stderr.readline()):
                            assert said, "it ended"
                    assert await parts.warehouse.waiting_clicks() == 30
                seen = await draining.finish()
        wrong = parts.wrong(seen)
    note("ClickHouse's disk full (tmpfs)", "every fact in ClickHouse exactly once", 1, len(wrong))
    assert wrong == []


async def test_a_full_disk_under_the_journal_costs_no_file_and_no_descriptor_a_click(
    valkey: Redis, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, 1):
        lab = Lab(valkey, disk / "journal")
        lab.switch(off=True)
        kept = [(await lab.record(click_fact())).click_id]
        with full(disk):
            descriptors = len(list(Path("/proc/self/fd").iterdir()))
            for number in range(1, 40):
                with pytest.raises(StoreUnavailableError, match="No space"):
                    await lab.record(click_fact(number, after=20 * number, deep_link="x" * 8000))
                await lab.replay()
            assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors + 1
            assert len(lab.files()) <= 2
        kept.append((await lab.record(click_fact(100, after=5000))).click_id)
        lab.switch(off=False)
        left = await lab.replay()
        found = [fact.click_id for fact in await lab.facts()]
        note("journal's disk full (tmpfs)", "no id is answered, room again heals, each once", 1, int(found != kept))
        assert found == kept
        assert (left, lab.files()) == (0, [])
        await lab.journal.close()
