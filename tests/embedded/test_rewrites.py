"""After a backup, however it ended, Valkey's append-only file is rewritten again when it has grown."""

import asyncio
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.embedded.test_valkey import client_of, running
from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.rewrites import one_copy_at_a_time, without_rewrites
from tracker.embedded.valkey import EmbeddedValkey

COPY = """
import asyncio, sys
from pathlib import Path
from redis.asyncio import Redis
from tracker.embedded.rewrites import one_copy_at_a_time, without_rewrites

async def main():
    with one_copy_at_a_time(Path(sys.argv[1])):
        async with without_rewrites(Redis.from_url(sys.argv[2])):
            print("at it", flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""


async def percent(client: Redis) -> int:
    return int((await client.config_get("auto-aof-rewrite-percentage"))["auto-aof-rewrite-percentage"] or -1)


async def killed_copy(data: Path, url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COPY, str(data), url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert await process.stdout.readline() == b"at it\n"
            with (
                pytest.raises(EmbeddedServerError, match="Another backup or an erasure"),
                one_copy_at_a_time(data),
            ):
                pass
    finally:
        process.kill()
        await process.wait()


async def test_a_backup_switches_rewriting_on_again_also_after_one_that_was_killed(data: Path) -> None:
    server = EmbeddedValkey(data)
    async with running(server) as client:
        usual = await percent(client)
        assert usual > 0
        await killed_copy(data, server.url)
        assert await percent(client) == 0
        with one_copy_at_a_time(data):
            async with without_rewrites(client):
                assert await percent(client) == 0
        assert await percent(client) == usual


async def test_a_start_that_takes_over_a_running_valkey_switches_rewriting_on_unless_a_backup_is_at_it(
    data: Path,
) -> None:
    first = EmbeddedValkey(data)
    async with running(first) as client:
        usual = await percent(client)
        await killed_copy(data, first.url)
        with one_copy_at_a_time(data):
            await EmbeddedValkey(data).start()
            assert await percent(client) == 0
        second = EmbeddedValkey(data)
        await second.start()
        assert second.pid == first.pid
        async with client_of(second) as again:
            assert await percent(again) == usual
