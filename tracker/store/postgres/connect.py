"""The one place that opens connections to PostgreSQL: to the server of the address, or to the primary of several.

Of several the primary is the one that writes and whose timeline, which each promotion makes one higher, is the newest.
All are asked for every new connection: a primary that was replaced and comes back writes too, and is older. See
docs/adr/0019.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from tracker.store.postgres.hosts import Host, hosts_of

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pooled: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

CONNECT_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 30.0
HOST_SECONDS = 1.5  # that one of several has to answer: a machine that is gone answers nothing at all
MORE_SECONDS = 0.2  # that one which was silent the last time gets, once another one may be the primary

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


_Asked: TypeAlias = Mapping[Host, asyncio.Task[_Answer]]


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
    """Remembers the newest timeline that it has seen, and who was silent, for as long as its pool lives."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._hosts = hosts_of(dsn)
        self._newest = 0
        self._silent: set[Host] = set()
        self._options: Mapping[str, Any] = {}
        self._due: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self.pool: Pool | None = None

    async def connect(self, *_: object, **options: Any) -> Connection:
        """As a pool calls it: with what it was given."""
        if len(self._hosts) < 2:
            return await asyncpg.connect(self._dsn, **options)
        self._options = options
        return await self._find(self._until_enough)

    async def look_again(self, _: Connection) -> None:
        """Whoever only reads does not notice that its server was replaced: so no connection is used for ever."""
        if len(self._hosts) > 1 and self._due is None:
            self._due = asyncio.get_running_loop().call_later(LOOK_AGAIN_SECONDS, self._look)

    def _look(self) -> None:
        self._looking = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        """Here, where no query waits, every server gets all its time: one that was silent may be the primary now."""
        if self.pool is None or self.pool.is_closing():
            return
        try:
            with suppress(ConnectionError):
                (await self._find(self._until_all)).terminate()
        finally:
            self._due = None  # not before: what connects meanwhile is expired now, and made anew
            await self.pool.expire_connections()

    async def _find(self, until: Callable[[_Asked], Coroutine[Any, Any, None]]) -> Connection:
        asked = {host: asyncio.create_task(self._ask(host)) for host in self._hosts}
        chosen: Connection | None = None
        try:
            await until(asked)
            chosen = self._primary(asked)
            return chosen
        finally:
            for task in asked.values():
                task.cancel()
            for found in await asyncio.gather(*asked.values(), return_exceptions=True):
                if isinstance(found, _Answer) and found.connection is not chosen:
                    found.connection.terminate()

    async def _until_enough(self, asked: _Asked) -> None:
        """Who was silent all its time is not waited for again, unless the newest timeline that we know may be there."""
        others = {host: task for host, task in asked.items() if host not in self._silent}
        if others:
            await asyncio.wait(others.values())
        await self._until_all(asked, MORE_SECONDS if 0 < self._newest <= _newest(others) else None)

    async def _until_all(self, asked: _Asked, seconds: float | None = None) -> None:
        """They are given up after HOST_SECONDS, or after fewer."""
        _, pending = await asyncio.wait(asked.values(), timeout=seconds)
        for host, task in asked.items():
            if task in pending or isinstance(task.exception(), TimeoutError):
                self._silent.add(host)
            else:
                self._silent.discard(host)

    async def _ask(self, host: Host) -> _Answer:
        async with asyncio.timeout(HOST_SECONDS):
            connection = await asyncpg.connect(
                self._dsn, host=host.name, port=host.port, target_session_attrs=SessionAttribute.any, **self._options
            )
            try:
                timeline = await connection.fetchval(_TIMELINE)
            except BaseException:
                connection.terminate()
                raise
        return _Answer(host, connection, None if timeline is None else int(timeline, 16))

    def _primary(self, asked: _Asked) -> Connection:
        newest = _newest(asked)
        writing = [one for one in _answers(asked) if one.timeline == newest]
        if len(writing) != 1 or newest < self._newest:
            raise ConnectionError(f"no server is the primary: {self._said(asked)}")
        self._newest = newest
        return writing[0].connection

    def _said(self, asked: _Asked) -> str:
        """What each server answered, for the operator."""
        said = []
        for host, task in asked.items():
            fault = task.exception() if task.done() else TimeoutError()
            if fault is not None:
                said.append(f"{host} does not answer ({type(fault).__name__}: {fault})")
            elif (timeline := task.result().timeline) is None:
                said.append(f"{host} only reads")
            elif timeline < self._newest:
                said.append(f"{host} writes, but was replaced (timeline {timeline}; {self._newest} was seen)")
            else:
                said.append(f"{host} writes on timeline {timeline}, and so does another one")
        return "; ".join(said)


def _answers(asked: _Asked) -> list[_Answer]:
    return [task.result() for task in asked.values() if task.done() and task.exception() is None]


def _newest(asked: _Asked) -> int:
    """0: none of them writes."""
    return max((one.timeline for one in _answers(asked) if one.timeline is not None), default=0)
