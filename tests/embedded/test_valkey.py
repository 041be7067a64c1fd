"""The bundled Valkey: what was acknowledged stays, whoever is killed; nobody else's server is touched."""

import asyncio
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tests.embedded.conftest import killed_after_start, processes_below
from tracker.embedded import valkey as valkey_module
from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.valkey import EmbeddedValkey, valkey_program


@asynccontextmanager
async def client_of(server: EmbeddedValkey) -> AsyncIterator[Redis]:
    client = Redis.from_url(server.url, decode_responses=True, retry=Retry(NoBackoff(), 0))
    try:
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def running(server: EmbeddedValkey) -> AsyncIterator[Redis]:
    await server.start()
    try:
        async with client_of(server) as client:
            yield client
    finally:
        await server.stop()


async def test_it_answers_after_start_and_is_gone_after_stop(data: Path) -> None:
    server = EmbeddedValkey(data)
    async with running(server) as client:
        assert await client.ping()
        assert psutil.pid_exists(server.pid)
    assert processes_below(data) == []


async def test_what_was_written_is_there_after_a_restart(data: Path) -> None:
    async with running(EmbeddedValkey(data)) as client:
        await client.set("click", "kept")
    async with running(EmbeddedValkey(data)) as client:
        assert await client.get("click") == "kept"


async def test_nobody_else_can_reach_its_socket_or_read_its_files(data: Path) -> None:
    server = EmbeddedValkey(data)
    async with running(server) as client:
        assert server.socket.stat().st_mode & 0o777 == 0o700
        assert server.socket.parent.stat().st_mode & 0o777 == 0o700
        assert (data / "valkey").stat().st_mode & 0o777 == 0o700
        assert (data / "valkey" / "valkey.conf").stat().st_mode & 0o777 == 0o600
        assert (await client.config_get("port"))["port"] == "0"


async def test_ctrl_c_in_the_terminal_does_not_reach_it(data: Path) -> None:
    server = EmbeddedValkey(data)
    async with running(server):
        assert os.getpgid(server.pid) != os.getpgid(0)


async def test_acknowledged_writes_survive_twenty_kills(data: Path) -> None:
    server = EmbeddedValkey(data)
    acknowledged: list[int] = []
    for _ in range(20):
        async with running(server) as client:
            assert await client.lrange("written", 0, -1) >= [str(number) for number in acknowledged]
            first = len(acknowledged)
            writing = asyncio.create_task(write_until_dead(client, acknowledged))
            while len(acknowledged) < first + 20 and not writing.done():
                await asyncio.sleep(0)
            os.kill(server.pid, signal.SIGKILL)
            await server.wait()
            await writing
    async with running(server) as client:
        kept = {int(number) for number in await client.lrange("written", 0, -1)}
    assert set(acknowledged) <= kept
    assert len(acknowledged) >= 400


async def write_until_dead(client: Redis, acknowledged: list[int]) -> None:
    with suppress(RedisError, OSError):
        while True:
            number = len(acknowledged)
            await client.rpush("written", number)
            acknowledged.append(number)


async def test_a_rewrite_that_outlives_a_killed_server_is_ended(data: Path) -> None:
    server = EmbeddedValkey(data)
    async with running(server) as client:
        await client.config_set("rdb-key-save-delay", 1_000_000)  # microseconds a key: a rewrite of a large file
        await client.mset({"click": "kept", "another": "kept"})
        await client.bgrewriteaof()
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
        assert len(processes_below(data)) == 1
        await server.start()
        assert [process.pid for process in processes_below(data)] == [server.pid]


async def test_wait_returns_when_an_adopted_server_dies(data: Path) -> None:
    pid = killed_after_start("valkey", data)
    server = EmbeddedValkey(data)
    async with running(server):
        waiting = asyncio.create_task(server.wait())
        os.kill(pid, signal.SIGKILL)
        await asyncio.wait_for(waiting, 10)


async def test_a_server_whose_tracker_was_killed_is_adopted_and_then_stopped(data: Path) -> None:
    pid = killed_after_start("valkey", data)
    server = EmbeddedValkey(data)
    async with running(server):
        assert server.pid == pid
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_an_adopted_server_with_yesterdays_settings_is_restarted_and_keeps_its_data(data: Path) -> None:
    pid = killed_after_start("valkey", data)
    async with client_of(EmbeddedValkey(data)) as client:
        await client.set("click", "kept")
    server = EmbeddedValkey(data, maxmemory="64mb")
    async with running(server) as client:
        assert server.pid != pid
        assert (await client.config_get("maxmemory"))["maxmemory"] == str(64 * 2**20)
        assert await client.get("click") == "kept"


async def test_it_has_begun_once_it_is_ours_and_answers_when_it_has_loaded(data: Path) -> None:
    server = EmbeddedValkey(data)
    starting = asyncio.create_task(server.start())
    await server.begun.wait()
    assert psutil.Process(server.pid).is_running()
    assert not starting.done()
    await starting
    await server.stop()


async def test_a_pid_file_with_the_number_of_another_process_does_not_block(data: Path) -> None:
    async with running(EmbeddedValkey(data)):
        pass
    (data / "valkey" / "valkey.pid").write_text(str(os.getpid()))
    async with running(EmbeddedValkey(data)) as client:
        assert await client.ping()


async def test_a_server_that_somebody_else_started_here_is_refused_and_left_alone(data: Path) -> None:
    folder = data / "valkey"
    folder.mkdir(mode=0o700, parents=True)
    foreign = subprocess.Popen([valkey_program(), "--port", "0", "--save", ""], cwd=folder, stdout=subprocess.DEVNULL)
    server = EmbeddedValkey(data)
    with pytest.raises(
        EmbeddedServerError, match=rf"process {foreign.pid}\).*answers for another folder.*kill {foreign.pid}"
    ):
        await server.start()
    assert not server.begun.is_set()
    assert foreign.poll() is None
    foreign.terminate()
    foreign.wait()


async def test_a_suspended_server_is_named_and_not_killed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey_module, "ANSWER_SECONDS", 0.2)
    server = EmbeddedValkey(data)
    async with running(server):
        os.kill(server.pid, signal.SIGSTOP)
        second = EmbeddedValkey(data)
        second.silence_patience = 0.1
        with pytest.raises(EmbeddedServerError, match=rf"process {server.pid}.* is suspended"):
            await second.start()
        await second.stop()
        os.kill(server.pid, signal.SIGCONT)
        await second.start()
        assert second.pid == server.pid


async def test_a_suspended_server_is_stopped_in_the_end(data: Path) -> None:
    server = EmbeddedValkey(data)
    server.stop_patience = 0.2
    async with running(server):
        os.kill(server.pid, signal.SIGSTOP)
    assert processes_below(data) == []


async def test_a_torn_last_command_is_cut_off_with_a_warning(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(EmbeddedValkey(data)) as client:
        await client.set("first", "kept")
        await client.set("second", "torn")
    newest = data / "valkey" / "appendonlydir" / "appendonly.aof.1.incr.aof"
    os.truncate(newest, newest.stat().st_size - 3)
    with caplog.at_level(logging.WARNING):
        async with running(EmbeddedValkey(data)) as client:
            assert await client.get("first") == "kept"
            assert await client.get("second") is None
    assert "ended in half a command" in caplog.text


async def test_a_damaged_file_is_refused_with_the_end_of_its_log(data: Path) -> None:
    async with running(EmbeddedValkey(data)) as client:
        await client.mset({f"click {number}": "x" * 100 for number in range(100)})
        await client.set("last", "whole")
    damaged = data / "valkey" / "appendonlydir" / "appendonly.aof.1.incr.aof"
    content = bytearray(damaged.read_bytes())
    content[30] ^= 0xFF
    damaged.write_bytes(content)
    with pytest.raises(EmbeddedServerError, match=r"ended while starting.*\n.*(?s:.*)(Bad file format|Unexpected)"):
        await EmbeddedValkey(data).start()


async def test_the_advice_for_a_damaged_file_keeps_what_is_before_the_damage(data: Path) -> None:
    async with running(EmbeddedValkey(data)) as client:
        for number in range(100):
            await client.set(f"click {number}", "kept")
    damaged = data / "valkey" / "appendonlydir" / "appendonly.aof.1.incr.aof"
    content = damaged.read_bytes()
    damaged.write_bytes(content.replace(b"*3\r\n$3\r\nSET\r\n$8\r\nclick 50", b"*\xff\r\n$3\r\nSET\r\n$8\r\nclick 50"))
    with pytest.raises(EmbeddedServerError, match="append-only file is damaged") as refused:
        await EmbeddedValkey(data).start()
    advice = str(refused.value).splitlines()[-1].strip()
    subprocess.run(advice, shell=True, input="y\n", text=True, capture_output=True, check=True)  # noqa: S602 - as typed
    async with running(EmbeddedValkey(data)) as client:
        assert sorted(await client.keys()) == sorted(f"click {number}" for number in range(50))


async def test_a_folder_name_too_long_for_a_socket_and_full_of_odd_characters_works(place: Path) -> None:
    data = place / ('a "b"\n, ж' + "x" * 90)
    async with running(EmbeddedValkey(data)) as client:
        await client.set("click", "kept")
        reached = EmbeddedValkey(data)
        assert len(os.fsencode(reached.socket)) <= 103
        async with client_of(reached) as another:
            assert await another.get("click") == "kept"


async def test_the_socket_of_a_long_folder_is_found_after_tmpdir_changed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = place / ("x" * 120)
    async with running(EmbeddedValkey(data)):
        monkeypatch.setattr("tempfile.tempdir", str(place))
        async with client_of(EmbeddedValkey(data)) as client:
            assert await client.ping()


async def test_a_moved_data_folder_works(place: Path) -> None:
    for name in ("short", "x" * 120, "short-again"):
        data = place / name
        for other in place.iterdir():
            other.rename(data)
        async with running(EmbeddedValkey(data)) as client:
            assert await client.incr("moves") >= 1
    async with running(EmbeddedValkey(data)) as client:
        assert await client.get("moves") == "3"


async def test_a_removed_data_folder_starts_empty_and_ends_the_server_of_the_old_one(data: Path) -> None:
    pid = killed_after_start("valkey", data)
    shutil.rmtree(data)
    server = EmbeddedValkey(data)
    async with running(server) as client:
        assert await client.dbsize() == 0
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_a_folder_of_another_user_is_named(data: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make another user's folder")
    (data / "valkey").mkdir(parents=True)
    os.chown(data / "valkey", 65534, 65534)
    with pytest.raises(EmbeddedServerError, match="must be a folder of user 0"):
        await EmbeddedValkey(data).start()
