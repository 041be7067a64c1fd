"""A pool of two PostgreSQL servers, of which one refuses, is silent or is slow: what connecting costs, and to whom it
leads."""

import asyncio
import socket
import time
from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.clusters.postgres import DATABASE, ENCODED, USER, postgres_servers
from tests.faults.proxy import Wire, socket_of
from tests.running import free_port
from tests.warehouse.setting import until
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.store.postgres import connect as connecting
from tracker.store.postgres.connect import HOST_SECONDS, LOOK_AGAIN_SECONDS, MORE_SECONDS, Pool, create_pool

pytestmark = pytest.mark.slow

CONNECTIONS = 4
PERIODS = 10
PERIOD_SECONDS = 0.3  # instead of LOOK_AGAIN_SECONDS
BOUND_SECONDS = 1.0  # in which a partner is answered
HELLO_BYTES = 8  # a client's first message asks for TLS

assert PERIOD_SECONDS < LOOK_AGAIN_SECONDS


@pytest.fixture
def _short_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "LOOK_AGAIN_SECONDS", PERIOD_SECONDS)


def with_second(dsn: str, port: int) -> str:
    return dsn.replace("&port=5432", f",127.0.0.1&port=5432,{port}")


async def backend(pool: Pool) -> int:
    process: int = await pool.fetchval("SELECT pg_backend_pid() FROM pg_sleep(random() * 0.02)")
    return process


async def seconds_of(asked: Awaitable[Any]) -> float:
    begun = time.monotonic()
    await asked
    return time.monotonic() - begun


@pytest.mark.usefixtures("_short_periods")
async def test_each_connection_is_made_anew_once_a_period_however_long_the_pool_lives(postgres_dsn: str) -> None:
    seen = set()
    begun = time.monotonic()
    async with await create_pool(with_second(postgres_dsn, free_port()), max_size=CONNECTIONS) as pool:

        async def keep_asking() -> None:
            while time.monotonic() < begun + PERIODS * PERIOD_SECONDS:
                seen.add(await backend(pool))

        await asyncio.gather(*(keep_asking() for _ in range(2 * CONNECTIONS)))
    periods = (time.monotonic() - begun) / PERIOD_SECONDS
    assert 2 * CONNECTIONS <= len(seen) <= CONNECTIONS * (periods + 1)


async def test_a_server_that_stays_silent_is_waited_for_only_until_a_primary_is_known(
    postgres_server: EmbeddedPostgres, postgres_dsn: str
) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        places = f"127.0.0.1:{port},127.0.0.1:{silent.getsockname()[1]}"
        pool = await create_pool(f"postgresql://tracker@{places}{urlsplit(postgres_dsn).path}", max_size=1)
        with pytest.raises(ConnectionError, match=f":{port} does not answer"):
            await backend(pool)
        took = []
        async with Wire(socket_of(postgres_server)).listening(port), pool:
            for _ in range(4):
                await pool.expire_connections()
                took.append(await seconds_of(backend(pool)))
    assert took[0] >= HOST_SECONDS, "the silent one might have been the primary: nothing was known"
    assert max(took[1:]) < BOUND_SECONDS


@pytest.mark.usefixtures("_short_periods")
async def test_no_query_waits_for_a_server_that_falls_silent(postgres_dsn: str) -> None:
    port = free_port()
    took = []
    async with await create_pool(with_second(postgres_dsn, port), max_size=1) as pool:
        before = await backend(pool)
        while (now := await backend(pool)) == before:
            pass
        with socket.create_server(("127.0.0.1", port)):
            seen = {now}
            while len(seen) < 3:
                begun = time.monotonic()
                seen.add(await backend(pool))
                took.append(time.monotonic() - begun)
    assert max(took) < BOUND_SECONDS


@pytest.mark.usefixtures("_short_periods")
async def test_a_new_primary_that_was_silent_and_answers_late_is_found_while_the_old_one_writes() -> None:
    """By a pool that never saw its timeline, and by one that saw nothing at all."""
    late_seconds = (MORE_SECONDS + HOST_SECONDS) / 2
    is_heard = asyncio.Event()

    async def answer_late(data: bytes) -> bool:
        await is_heard.wait()
        if len(data) == HELLO_BYTES:
            await asyncio.sleep(late_seconds)
        return True

    with postgres_servers("one", "two") as (one, two):
        one.start()
        await one.make_database()
        two.copy_of(one)
        two.start()
        port = free_port()
        dsn = f"postgresql://{USER}:{ENCODED}@{one.place},127.0.0.1:{port}/{DATABASE}"
        async with Wire(two.port, request=answer_late).listening(port):
            async with await create_pool(dsn, max_size=1) as pool:
                on = await port_of(pool)
                await two.promote()
                is_heard.set()
                assert on == one.port
                await until(lambda: leads_to(pool, two.port), 30)
            async with await create_pool(dsn, max_size=1) as fresh:
                assert await port_of(fresh) == two.port


async def port_of(pool: Pool) -> int:
    port: int = await pool.fetchval("SELECT inet_server_port()")
    return port


async def leads_to(pool: Pool, port: int) -> bool:
    return await port_of(pool) == port
