"""A wire that can be cut: between a client and its store, at the very message that a test names."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

POSTGRES_SOCKET = ".s.PGSQL.5432"

# Sees what is about to be passed on. False: it is not, and the connection is cut. It may also wait.
Pass = Callable[[bytes], Awaitable[bool]]


async def always(_data: bytes) -> bool:
    return True


@dataclass
class Wire:
    """Passes everything on while nobody says otherwise. `request` and `reply` see every piece, and may cut."""

    address: Path | int  # where the store listens: a unix socket, or a port of this machine
    request: Pass = always
    reply: Pass = always
    cuts: int = 0
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @asynccontextmanager
    async def listening(self, address: Path | int) -> AsyncIterator[None]:
        """Clients connect to `address` instead."""
        server = (
            await asyncio.start_unix_server(self._serve, address)
            if isinstance(address, Path)
            else await asyncio.start_server(self._serve, "127.0.0.1", address)
        )
        try:
            yield
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            from_store, to_store = await (
                asyncio.open_unix_connection(self.address)
                if isinstance(self.address, Path)
                else asyncio.open_connection("127.0.0.1", self.address)
            )
        except OSError:
            to_client.close()
            self._tasks.discard(task)
            return
        ways = [
            asyncio.create_task(self._carry(from_client, to_store, self._request)),
            asyncio.create_task(self._carry(from_store, to_client, self._reply)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for writer in (to_client, to_store):
                writer.close()
            self._tasks.discard(task)

    async def _request(self, data: bytes) -> bool:
        return await self.request(data)  # what a test has put there meanwhile

    async def _reply(self, data: bytes) -> bool:
        return await self.reply(data)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Pass) -> None:
        with suppress(OSError):
            while data := await reader.read(2**20):
                if not await passes(data):
                    self.cuts += 1
                    return
                writer.write(data)
                await writer.drain()


def cut_each(number: int, *markers: bytes) -> Pass:
    """Cuts at each `number`-th piece that holds one of the markers; without any: at each `number`-th."""
    seen = 0

    async def passes(data: bytes) -> bool:
        nonlocal seen
        if not markers or any(marker in data for marker in markers):
            seen += 1
            return seen % number != 0
        return True

    return passes


def postgres_behind(folder: Path) -> str:
    """The address of a PostgreSQL whose wire listens in that folder."""
    return f"postgresql://tracker@/tracker?host={folder}&port=5432"
