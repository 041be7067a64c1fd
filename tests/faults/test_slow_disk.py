"""Nothing is answered before it is on disk: stores that are killed at, and during, the fsync (design 3.1, 3.2)."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.faults.answered import Clicks, Messages
from tests.faults.parts import client_of, own_postgres, own_valkey
from tests.faults.results import is_soak, note
from tests.faults.strace import attached, delay, kill_at
from tests.postback.setting import open_setting
from tests.warehouse.setting import until
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.valkey import EmbeddedValkey
from tracker.store.clicks import ClickStore

pytestmark = pytest.mark.slow

SLOW_SECONDS = 0.4
CLICKS_HOLD = "each click that was answered is in the stream once"
MESSAGES_HOLD = "each message answered 2xx is kept, each order is paid once"


async def test_valkey_killed_at_each_of_its_fsyncs_loses_and_doubles_no_click() -> None:
    points = range(1, 101) if is_soak() else (1, 2, 3, 5, 8, 13)
    async with own_valkey() as server, client_of(server) as client:
        clicks = Clicks(ClickStore(client, hot_days=3))
        wrong: list[str] = []
        for when in points:
            async with attached(server.pid, kill_at("fdatasync", when=when)):
                await clicks.record(20 * when)
                await server.wait()
            await server.start()
            wrong += await clicks.wrong(client)
            await clicks.again()
        wrong += await clicks.wrong(client)
    note("Valkey killed at its n-th fsync (strace)", CLICKS_HOLD, len(points), len(wrong))
    assert wrong == []
    assert clicks.answered == clicks.sent.keys()


async def test_postgresql_killed_at_each_of_its_fsyncs_loses_and_doubles_no_message() -> None:
    points = range(1, 101) if is_soak() else (1, 2, 4)
    async with own_postgres() as server:
        wrong: list[str] = []
        async with open_setting(server.dsn) as setting:
            messages = Messages(setting)
            for when in points:
                async with attached(server.pid, kill_at("fdatasync", when=when)):
                    await messages.report(20 * when)
                    assert messages.unanswered, f"fsync {when} was never reached"
                if not psutil.pid_exists(server.pid):  # recovery was killed too
                    await server.start()
                await messages.again()
                wrong += await messages.wrong()
    note("PostgreSQL killed at its n-th fsync (strace)", MESSAGES_HOLD, len(points), len(wrong))
    assert wrong == []


async def test_on_a_slow_disk_valkey_answers_after_the_fsync_and_a_kill_during_it_loses_nothing() -> None:
    rounds = 20 if is_soak() else 2
    wrong: list[str] = []
    async with own_valkey() as server, client_of(server) as client:
        clicks = Clicks(ClickStore(client, hot_days=3))
        for _ in range(rounds):
            async with attached(
                server.pid, [*delay("fdatasync", SLOW_SECONDS), "-e", "trace=fdatasync,write"]
            ) as trace:
                began = time.monotonic()
                await clicks.record(1)
                assert time.monotonic() - began >= SLOW_SECONDS
                assert _answers_after_fsync(trace, _is_aof) > 0
                await clicks.again()
                size = _aof(server).stat().st_size
                answered = len(clicks.answered)
                more = asyncio.create_task(clicks.record(8))
                await until(lambda size=size: _aof(server).stat().st_size > size)
                os.kill(server.pid, signal.SIGKILL)
                await more
                assert len(clicks.answered) == answered, "answered before it was on disk"
            await server.wait()
            await server.start()
            wrong += await clicks.wrong(client)
            await clicks.again()
        wrong += await clicks.wrong(client)
    note(f"Valkey killed while an fsync takes {SLOW_SECONDS} s (strace)", CLICKS_HOLD, rounds, len(wrong))
    assert wrong == []


async def test_on_a_slow_disk_postgresql_answers_after_the_fsync_and_a_kill_during_it_loses_nothing() -> None:
    rounds = 20 if is_soak() else 1
    wrong: list[str] = []
    # Its writer in the background would make some of the writes of others.
    async with own_postgres(wal_writer_delay="10s") as server, open_setting(server.dsn) as setting:
        messages = Messages(setting)
        for _ in range(rounds):
            options = [*delay("fdatasync", SLOW_SECONDS), "-e", "trace=fdatasync,pwrite64,sendto"]
            async with attached(server.pid, options) as trace:
                watching = await asyncpg.connect(server.dsn)
                began = time.monotonic()
                await messages.report(2)
                await messages.again()
                assert time.monotonic() - began >= 2 * SLOW_SECONDS
                assert _answers_after_fsync(trace, _is_wal) > 0
                received = len(messages.received)
                more = asyncio.create_task(messages.report(1))
                await until(lambda watching=watching: _is_syncing(watching))
                await _kill(server)
                await more
                assert len(messages.received) == received, "answered before it was on disk"
                watching.terminate()
            await server.start()
            await messages.again()
            wrong += await messages.wrong()
    note(f"PostgreSQL killed while an fsync takes {SLOW_SECONDS} s (strace)", MESSAGES_HOLD, rounds, len(wrong))
    assert wrong == []


def _aof(server: EmbeddedValkey) -> Path:
    [newest] = server._folder.glob("appendonlydir/*.incr.aof")
    return newest


async def _is_syncing(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    return bool(await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event ILIKE 'walsync'"))


async def _kill(server: EmbeddedPostgres) -> None:
    """All of it at once, as when the machine stops."""
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    for process in family:
        process.kill()
    await asyncio.to_thread(psutil.wait_procs, family, 10)


def _is_aof(line: str) -> bool:
    return ".incr.aof>" in line


def _is_wal(line: str) -> bool:
    return "/pg_wal/" in line


def _answers_after_fsync(trace: Path, is_log: Callable[[str], bool]) -> int:
    """How many answers there are of a process that had written to its log; each must come after the log's fsync."""
    unsynced: set[str] = set()
    wrote: set[str] = set()
    answers = 0
    for line in trace.read_text().splitlines():
        pid, _, call = line.partition(" ")
        if "write" in call and is_log(call):
            unsynced.add(pid)
            wrote.add(pid)
        elif "fdatasync" in call and call.rstrip().endswith("= 0 (DELAYED)"):
            unsynced.discard(pid)
        elif "<socket:" in call and ("write(" in call or "sendto(" in call):
            assert pid not in unsynced, f"answered before the fsync: {line}"
            answers += pid in wrote
    return answers
