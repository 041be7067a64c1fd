"""The engine's threads: nothing that it does holds up the event loop, and no reader holds up an insert or a look-up."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import MappingProxyType
from typing import TypeVar

import msgspec

from tracker.ports import WarehouseEngine

ANALYSTS_AT_ONCE = 2

Result = TypeVar("Result")


class _Texts(msgspec.Struct):
    data: list[list[str]]


class EngineThreads:
    def __init__(self, engine: WarehouseEngine) -> None:
        self._engine = engine
        self._inserts = ThreadPoolExecutor(1, "warehouse-inserts")
        self._lookups = ThreadPoolExecutor(1, "warehouse-lookups")
        self._analysts = ThreadPoolExecutor(ANALYSTS_AT_ONCE, "warehouse-analysts")
        self._upkeep = ThreadPoolExecutor(1, "warehouse-upkeep")

    async def change(self, work: Callable[[WarehouseEngine], Result]) -> Result:
        """Of the schema, while nothing is inserted. Raises what `work` raises."""
        return await asyncio.get_running_loop().run_in_executor(self._inserts, work, self._engine)

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Rows are on disk when this returns. Raises PoisonError or StoreUnavailableError."""
        await asyncio.get_running_loop().run_in_executor(self._inserts, self._engine.insert, table, columns, rows)

    async def query(
        self, sql: str, *, format_: str = "JSONCompact", parameters: Mapping[str, str] = MappingProxyType({})
    ) -> bytes:
        """A quick statement of our own, with our rights. Raises WarehouseQueryError or StoreUnavailableError."""
        call = partial(self._engine.query, sql, format_=format_, parameters=parameters)
        return await asyncio.get_running_loop().run_in_executor(self._lookups, call)

    async def query_as_analyst(
        self, sql: str, *, format_: str, parameters: Mapping[str, str] = MappingProxyType({})
    ) -> bytes:
        """Whatever an analyst asks, however long it takes."""
        call = partial(self._engine.query, sql, format_=format_, parameters=parameters, as_analyst=True)
        return await asyncio.get_running_loop().run_in_executor(self._analysts, call)

    async def execute(self, sql: str) -> None:
        """A statement of upkeep that changes something, however long it takes. Raises as `query`."""
        await asyncio.get_running_loop().run_in_executor(self._upkeep, self._engine.execute, sql)

    async def rows(self, sql: str) -> list[list[str]]:
        """A question of upkeep whose columns are all texts, however long it takes. Raises as `query`."""
        answer = await asyncio.get_running_loop().run_in_executor(self._upkeep, self._engine.query, sql)
        return msgspec.json.decode(answer, type=_Texts).data

    async def run(self, work: Callable[[WarehouseEngine], Result]) -> Result:
        """Upkeep that takes the engine itself, such as a migration."""
        return await asyncio.get_running_loop().run_in_executor(self._upkeep, work, self._engine)

    async def close(self) -> None:
        """The insert under way is finished, queries are ended."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._inserts.shutdown()
        for readers in (self._lookups, self._analysts, self._upkeep):
            readers.shutdown(wait=False, cancel_futures=True)
        self._engine.close()
