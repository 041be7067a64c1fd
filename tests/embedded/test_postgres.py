"""The bundled PostgreSQL: what was committed stays, whoever is killed; root never runs it as root."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.embedded.conftest import killed_after_start, processes_below
from tracker.embedded import postgres as postgres_module
from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.process import read_pid

BUSY_FOR_EVER = "DO $$ BEGIN LOOP END LOOP; END $$"


@asynccontextmanager
async def running(server: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    await server.start()
    try:
        connection = await asyncpg.connect(server.dsn)
        try:
            yield connection
        finally:
            connection.terminate()
    finally:
        await server.stop()


async def test_a_first_start_makes_the_database_and_a_stop_leaves_nothing_running(data: Path) -> None:
    server = EmbeddedPostgres(data)
    async with running(server) as connection:
        assert await connection.fetchval("SELECT current_database()") == "tracker"
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        assert await connection.fetchval("SELECT datcollate FROM pg_database WHERE datname = 'tracker'") == "C"
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert await connection.fetchval("SELECT current_setting($1)", setting) == "on"
        assert await connection.fetchval("SHOW listen_addresses") == ""
        assert os.getpgid(server.pid) != os.getpgid(0)
    assert processes_below(data) == []


async def test_what_was_committed_is_there_after_a_restart_and_after_a_kill(made: Path) -> None:
    server = EmbeddedPostgres(made)
    async with running(server) as connection:
        await connection.execute("CREATE TABLE paid (rubles integer)")
    async with running(server) as connection:
        await connection.execute("INSERT INTO paid VALUES (350)")
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
    async with running(server) as connection:
        assert await connection.fetchval("SELECT rubles FROM paid") == 350


async def test_commits_survive_three_kills_under_load(made: Path) -> None:
    server = EmbeddedPostgres(made)
    async with running(server) as connection:
        await connection.execute("CREATE TABLE paid (number integer PRIMARY KEY)")
    committed: list[int] = []
    for _ in range(3):
        async with running(server) as connection:
            writing = asyncio.create_task(insert_until_dead(connection, committed))
            enough = len(committed) + 50
            while len(committed) < enough and not writing.done():
                await asyncio.sleep(0)
            os.kill(server.pid, signal.SIGKILL)
            await server.wait()
            for process in processes_below(made):
                process.kill()
            await writing
    async with running(server) as connection:
        kept = {row["number"] for row in await connection.fetch("SELECT number FROM paid")}
    assert set(committed) <= kept
    assert len(committed) >= 150


async def insert_until_dead(connection: asyncpg.Connection, committed: list[int]) -> None:
    number = 1000 * (len(committed) + 1)
    with suppress(*postgres_module.BROKEN):
        while True:
            number += 1
            await connection.execute("INSERT INTO paid VALUES ($1)", number)
            committed.append(number)


@pytest.mark.parametrize("suspended", [False, True])
async def test_a_query_that_outlives_a_killed_server_does_not_block_the_next(made: Path, *, suspended: bool) -> None:
    server = EmbeddedPostgres(made)
    server.leftover_patience = 0.2 if suspended else 10
    async with running(server) as connection:
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        query = asyncio.create_task(connection.execute(BUSY_FOR_EVER))
        await asyncio.sleep(0)
        if suspended:
            os.kill(backend, signal.SIGSTOP)
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
        assert psutil.pid_exists(backend)
        await server.start()
        assert server.pid
        with suppress(*postgres_module.BROKEN):
            await query
    assert processes_below(made) == []


async def test_a_server_whose_tracker_was_killed_is_adopted_and_then_stopped(made: Path) -> None:
    pid = killed_after_start("postgres", made)
    server = EmbeddedPostgres(made)
    async with running(server):
        assert server.pid == pid
    assert processes_below(made) == []


async def test_an_adopted_server_with_yesterdays_settings_is_restarted(made: Path) -> None:
    pid = killed_after_start("postgres", made)
    server = EmbeddedPostgres(made, settings={"max_connections": "20"})
    async with running(server) as connection:
        assert server.pid != pid
        assert await connection.fetchval("SHOW max_connections") == "20"


async def test_wait_returns_when_an_adopted_server_dies(made: Path) -> None:
    killed_after_start("postgres", made)
    server = EmbeddedPostgres(made)
    async with running(server):
        waiting = asyncio.create_task(server.wait())
        os.kill(server.pid, signal.SIGKILL)
        await asyncio.wait_for(waiting, 10)


async def test_pid_files_with_the_number_of_another_process_do_not_block(made: Path) -> None:
    server = EmbeddedPostgres(made)
    async with running(server):
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
    another = subprocess.Popen(["sleep", "60"])
    for pid_file in (made / "postgres/cluster/postmaster.pid", made / "postgres/run/.s.PGSQL.5432.lock"):
        pid_file.write_text(pid_file.read_text().replace(str(read_pid(pid_file)), str(another.pid), 1))
    async with running(server) as connection:
        assert await connection.fetchval("SELECT 1") == 1
    assert another.poll() is None
    another.kill()
    another.wait()


async def test_a_suspended_server_is_named_and_not_killed(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_module, "ANSWER_SECONDS", 0.2)
    server = EmbeddedPostgres(made)
    async with running(server):
        os.kill(server.pid, signal.SIGSTOP)
        second = EmbeddedPostgres(made)
        second.silence_patience = 0.1
        with pytest.raises(EmbeddedServerError, match=rf"process {server.pid}.* is suspended"):
            await second.start()
        os.kill(server.pid, signal.SIGCONT)


async def test_a_server_that_cannot_start_says_why(made: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r"PostgreSQL ended while starting(?s:.*)no_such_setting"):
        await EmbeddedPostgres(made, settings={"no_such_setting": "1"}).start()


async def test_the_data_of_another_major_version_is_named(made: Path) -> None:
    (made / "postgres/cluster/PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 17"):
        await EmbeddedPostgres(made).start()


async def test_an_interrupted_first_start_is_begun_again(data: Path) -> None:
    await asyncio.to_thread((data / "postgres" / "new-cluster-half").mkdir, parents=True)
    data.joinpath("postgres").chmod(0o711)
    async with running(EmbeddedPostgres(data)):
        assert not (data / "postgres" / "new-cluster-half").exists()


async def test_a_folder_name_too_long_for_a_socket_and_full_of_odd_characters_works(place: Path) -> None:
    data = place / ("a 'b', ж" + "x" * 90)
    async with running(EmbeddedPostgres(data)) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_removed_data_folder_starts_with_empty_books(made: Path) -> None:
    killed_after_start("postgres", made)
    async with asyncio.timeout(10):
        connection = await asyncpg.connect(EmbeddedPostgres(made).dsn)
        await connection.execute("CREATE TABLE paid (rubles integer)")
        await connection.close()
    shutil.rmtree(made)
    async with running(EmbeddedPostgres(made)) as connection:
        assert await connection.fetchval("SELECT to_regclass('paid')") is None
