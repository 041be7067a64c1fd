"""A start as shoppers see it: they are served before the stores are, and before nothing that may refuse the start."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import asyncpg
import psutil
import pytest

from tests.journeys.test_staff_work import available, click_out, report
from tests.journeys.test_valkey_away import counted
from tests.operations.asking import settings_of
from tests.running import PARTNERS, RunningTracker, data_folder
from tests.warehouse.setting import until
from tracker import app
from tracker.embedded.postgres_home import cluster_in
from tracker.settings import Settings


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@asynccontextmanager
async def postgres_that_recovers(tracker: RunningTracker) -> AsyncIterator[None]:
    """Inside the block it starts, as after a crash that left it much to read, and is not ready; then it soon is."""
    cluster = cluster_in((tracker.data / "postgres").resolve())
    owner, may_end = cluster.stat(), tracker.data.parent / "recovered"
    with (cluster / "postgresql.auto.conf").open("a") as settings:
        settings.write("hot_standby = off\n")
        settings.write(f"restore_command = 'until test -e {may_end}; do sleep 0.05; done; false'\n")
    signal = cluster / "recovery.signal"
    signal.touch()
    os.chown(signal, owner.st_uid, owner.st_gid)
    try:
        yield
    finally:
        may_end.touch()


async def is_recovering(tracker: RunningTracker) -> bool:
    try:
        await (await asyncpg.connect(tracker.postgres_dsn)).close()
    except asyncpg.CannotConnectNowError:
        return True
    except OSError:
        pass
    return False


async def suspended_valkey(tracker: RunningTracker) -> psutil.Process:
    """Caught while it starts, so that it has not loaded what it has."""
    async with asyncio.timeout(60):
        while (valkey := tracker.find("valkey")) is None:
            await asyncio.sleep(0)
    valkey.suspend()
    return valkey


async def parts(tracker: RunningTracker) -> dict[str, str]:
    async with aiohttp.ClientSession() as client, client.get(f"{tracker.url}/readyz") as answer:
        assert answer.status == 200
        said: dict[str, str] = await answer.json()
        return said


async def test_a_click_out_is_answered_while_no_store_is_ready_and_counts_once(data: Path) -> None:
    tracker = RunningTracker(data)
    async with tracker:
        pass
    async with postgres_that_recovers(tracker):
        tracker.spawn()
        valkey = await suspended_valkey(tracker)
        try:
            async with asyncio.timeout(60):
                click_id = await first_click(tracker, "early-1")
            said = await parts(tracker)
            assert (said["valkey"], said["postgres"], said["journal"]) == ("away", "away", "ok")
            assert len(list((data / "journal").glob("*.clicks"))) == 1
            with pytest.raises(AssertionError, match="not_stored"):
                await report(tracker, click_id=click_id, order_id="EARLY-1")
        finally:
            valkey.resume()

    await tracker.until_ready()
    await until(lambda: [row["n"] for row in tracker.query(counted(click_id))] == ["1"], 60)
    assert await report(tracker, click_id=click_id, order_id="EARLY-1") == "decided"
    assert await available(tracker, "early-1") == 50_00
    assert await tracker.stop() == 0
    assert tracker.processes() == []


async def first_click(tracker: RunningTracker, shopper: str) -> str:
    while True:
        with suppress(aiohttp.ClientError):
            return await click_out(tracker, shopper)
        await asyncio.sleep(0.01)


async def test_no_worker_runs_before_postgres_has_taken_in_a_file_that_was_changed(data: Path, tmp_path: Path) -> None:
    mine = tmp_path / "partners.yaml"
    mine.write_bytes(PARTNERS.read_bytes())
    tracker = RunningTracker(data, mine)
    async with tracker:
        pass
    mine.write_text(PARTNERS.read_text() + "\n# changed\n")
    async with postgres_that_recovers(tracker):
        tracker.spawn()
        await until(lambda: is_recovering(tracker), 60)
        assert tracker.find("web") is None
    await tracker.until_ready()
    await tracker.stop()


async def test_what_a_start_brings_is_nothing_new_once_all_of_it_was_taken_in(data: Path, tmp_path: Path) -> None:
    mine = tmp_path / "partners.yaml"
    mine.write_bytes(PARTNERS.read_bytes())
    tracker = RunningTracker(data, mine)
    settings = settings_of(tracker)
    assert not app.is_nothing_new(settings)
    async with tracker:
        pass
    assert app.is_nothing_new(settings)

    assert not app.is_nothing_new(with_server(settings)), "nobody knows what became of a server of the operator's own"
    mine.write_text(PARTNERS.read_text() + "\n# changed\n")
    assert not app.is_nothing_new(settings), "its terms may be refused"
    mine.write_bytes(PARTNERS.read_bytes())
    note = data / "postgres" / "taken-in"
    note.write_bytes(b"another release's " + note.read_bytes())
    assert not app.is_nothing_new(settings), "its schema may be refused"


def with_server(settings: Settings) -> Settings:
    return replace(settings, postgres_url="postgresql://tracker@books.example/tracker")


async def test_a_store_that_cannot_start_is_told_and_ends_the_start(data: Path) -> None:
    tracker = RunningTracker(data)
    async with tracker:
        await click_out(tracker, "shopper-1")
    [damaged] = [one for one in (data / "valkey" / "appendonlydir").glob("*.incr.aof") if one.stat().st_size]
    damaged.write_bytes(b"X" + damaged.read_bytes()[1:])

    done = await asyncio.to_thread(tracker.try_command, "serve")
    assert done.returncode == 1
    assert "Valkey ended while starting" in done.stderr
    assert "Traceback" not in done.stderr
    assert tracker.processes() == []
