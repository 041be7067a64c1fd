"""The one place that opens connections to PostgreSQL: to the server of the address, or to the primary of several.

Of several the primary is the one that writes and whose timeline, which each promotion makes one higher, is the newest.
All are asked for every new connection: a primary that was replaced and comes back writes too, and is older. See
docs/adr/0019.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from tracker.store.postgres.hosts import Host, hosts_of

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

CONNECT_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 30.0
HOST_SECONDS = 1.5  # that one of several has to answer: a machine that is gone answers nothing at all

# The timeline is the first third of the name of the file that is being written. NULL: it does not write.
_TIMELINE = """
SELECT CASE WHEN NOT pg_is_in_recovery() AND NOT current_setting('default_transaction_read_only')::boolean
THEN left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END
"""
# A commit of nothing. When it is acknowledged, so is all that could be read before, on the synchronous standby too:
# a commit that still waits for it can be read once its client no longer waits.
CONFIRM = "SELECT pg_logical_emit_message(true, 'tracker', '')"


@dataclass(frozen=True, slots=True)
class _Answer:
    host: Host
    connection: Connection
    timeline: int | None  # None: it does not write


async def connect(
    dsn: str,
    *,
    within: float = CONNECT_SECONDS,
    command_timeout: float | None = None,
    server_settings: Mapping[str, str] | None = None,
) -> Connection:
    """One connection, to be closed. Raises what asyncpg raises, or ConnectionError: none of several is the primary."""
    settings = dict(server_settings or {})
    return await _Servers(dsn).connect(timeout=within, command_timeout=command_timeout, server_settings=settings)


async def create_pool(
    dsn: str,
    *,
    max_size: int,
    within: float = CONNECT_SECONDS,
    command_timeout: float | None = None,
    server_settings: Mapping[str, str] | None = None,
    reset: Callable[[Connection], Coroutine[Any, Any, None]] | None = None,
) -> Pool:
    """Connects when first needed; raises when it is used, as `connect` does."""
    servers = _Servers(dsn)
    pool = await asyncpg.create_pool(
        dsn,
        connect=servers.connect,
        init=servers.look_again,
        min_size=0,
        max_size=max_size,
        timeout=within,
        command_timeout=command_timeout,
        server_settings=dict(server_settings or {}),
        reset=reset,
    )
    servers.pool = pool
    return pool


class _Servers:
    """Remembers the newest timeline that it has seen, for as long as its pool lives."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._hosts = hosts_of(dsn)
        self._newest = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.pool: Pool | None = None

    async def connect(self, *_: object, **options: Any) -> Connection:
        """As a pool calls it: with what it was given."""
        if len(self._hosts) < 2:
            return await asyncpg.connect(self._dsn, **options)
        asked = [asyncio.create_task(self._ask(host, options)) for host in self._hosts]
        chosen: Connection | None = None
        try:
            await asyncio.wait(asked)
            chosen = self._primary(asked)
            return chosen
        finally:
            for task in asked:
                task.cancel()
            for found in await asyncio.gather(*asked, return_exceptions=True):
                if isinstance(found, _Answer) and found.connection is not chosen:
                    found.connection.terminate()

    async def look_again(self, _: Connection) -> None:
        """Whoever only reads does not notice that its server was replaced: so no connection is used for ever."""
        if len(self._hosts) > 1:
            asyncio.get_running_loop().call_later(LOOK_AGAIN_SECONDS, self._expire)

    def _expire(self) -> None:
        if self.pool is not None and not self.pool.is_closing():
            task = asyncio.create_task(self.pool.expire_connections())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, host: Host, options: Mapping[str, Any]) -> _Answer:
        async with asyncio.timeout(HOST_SECONDS):
            connection = await asyncpg.connect(
                self._dsn, host=host.name, port=host.port, target_session_attrs=SessionAttribute.any, **options
            )
            try:
                timeline = await connection.fetchval(_TIMELINE)
            except BaseException:
                connection.terminate()
                raise
        return _Answer(host, connection, None if timeline is None else int(timeline, 16))

    def _primary(self, asked: "list[asyncio.Task[_Answer]]") -> Connection:
        answers = [task.result() for task in asked if task.exception() is None]
        newest = max((one.timeline for one in answers if one.timeline is not None), default=0)
        writing = [one for one in answers if one.timeline == newest]
        if len(writing) != 1 or newest < self._newest:
            raise ConnectionError(f"no server is the primary: {self._said(asked)}")
        self._newest = newest
        return writing[0].connection

    def _said(self, asked: "list[asyncio.Task[_Answer]]") -> str:
        """What each server answered, for the operator."""
        said = []
        for host, task in zip(self._hosts, asked, strict=True):
            fault = task.exception()
            if fault is not None:
                said.append(f"{host} does not answer ({type(fault).__name__}: {fault})")
            elif (timeline := task.result().timeline) is None:
                said.append(f"{host} only reads")
            elif timeline < self._newest:
                said.append(f"{host} writes, but was replaced (timeline {timeline}; {self._newest} was seen)")
            else:
                said.append(f"{host} writes on timeline {timeline}, and so does another one")
        return "; ".join(said)
