"""Upkeep that is typed: done by the process that holds the embedded engine, or here where ClickHouse is a server."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from tracker import keys
from tracker.app.desk import refuse_unless_running
from tracker.app.engines import open_server
from tracker.app.installation import warehouse_socket
from tracker.app.upkeep_http import BACKUP, ERASE, REBUILD, EraseAsked, Said, rebuild_of
from tracker.errors import TrackerError
from tracker.settings import Settings
from tracker.store.erase.clickhouse import Person, click_ids_of, forget_in_clickhouse, in_portions
from tracker.store.warehouse.rebuild import Rebuilt
from tracker.store.warehouse.socket_client import WarehouseClient
from tracker.store.warehouse.threads import EngineThreads

Told = Callable[[int], Awaitable[None]]

_ENDED = "The warehouse process ended in the middle; start it again."
_said = msgspec.json.Decoder(Said)


async def rebuild(settings: Settings, told: Told) -> list[Rebuilt]:
    """ClickHouse's money tables from PostgreSQL, beside a running tracker. Raises TrackerError."""
    secrets = keys.load(settings.data)
    refuse_unless_running(settings)
    if settings.clickhouse_url is not None:
        async with open_server(settings) as threads:
            return await rebuild_of(threads, settings, secrets).run(told)
    async for said in _asked(settings, REBUILD):
        if said.done is not None:
            return said.done
        await told(said.made)
    raise TrackerError(_ENDED)


async def back_up_warehouse(settings: Settings) -> Path:
    """Where the warehouse process has put its clicks: for the caller to take away. Raises TrackerError."""
    async for said in _asked(settings, BACKUP):
        return Path(said.folder)
    raise TrackerError(_ENDED)


class WarehouseUpkeep:
    """Erasure, as ClickHouse's part of it is done."""

    def __init__(self, settings: Settings, threads: EngineThreads | None) -> None:
        """`threads` None: another process holds the engine."""
        self._settings = settings
        self._threads = threads

    async def click_ids_of(self, person: Person) -> list[str]:
        """Raises TrackerError."""
        if self._threads is not None:
            return await click_ids_of(self._threads, person)
        found: list[str] = []
        async for said in self._ask(EraseAsked(person)):
            if not said.click_ids:
                return found
            found += said.click_ids
        raise TrackerError(_ENDED)

    async def forget(self, person: Person, click_ids: list[str]) -> dict[str, int]:
        """Returns the rows that were changed, by table. Raises TrackerError."""
        if self._threads is not None:
            return await forget_in_clickhouse(self._threads, person, click_ids)
        changed: Counter[str] = Counter()
        for some in list(in_portions(click_ids)) or [[]]:
            changed.update(await self._forget_some(person, list(some)))
        return dict(changed)

    async def _forget_some(self, person: Person, click_ids: list[str]) -> dict[str, int]:
        async for said in self._ask(EraseAsked(person, click_ids)):
            return said.changed or {}
        raise TrackerError(_ENDED)

    def _ask(self, asked: EraseAsked) -> AsyncIterator[Said]:
        return _asked(self._settings, ERASE, msgspec.json.encode(asked))


@asynccontextmanager
async def warehouse_upkeep(settings: Settings) -> AsyncIterator[WarehouseUpkeep]:
    """Beside a running tracker."""
    if settings.clickhouse_url is None:
        yield WarehouseUpkeep(settings, None)
        return
    async with open_server(settings) as threads:
        yield WarehouseUpkeep(settings, threads)


async def _asked(settings: Settings, path: str, body: bytes = b"") -> AsyncIterator[Said]:
    """What the warehouse process says of its work. Raises TrackerError with its words."""
    client = WarehouseClient(warehouse_socket(settings))
    try:
        async for line in client.lines(path, body):
            said = _said.decode(line)
            if said.failed:
                raise TrackerError(said.failed)
            yield said
    finally:
        await client.close()
