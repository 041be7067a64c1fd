"""A wire that can be cut: between a client and its store, at the very message that a test names."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tracker.embedded.postgres import SOCKET, EmbeddedPostgres

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
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _serving: set["asyncio.Task[None]"] = field(default_factory=set)

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
            for writer in list(self._open):
                writer.close()
            await asyncio.gather(*self._serving)

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        self._open.add(to_client)
        try:
            from_store, to_store = await (
                asyncio.open_unix_connection(self.address)
                if isinstance(self.address, Path)
                else asyncio.open_connection("127.0.0.1", self.address)
            )
        except OSError:
            to_client.close()
        else:
            self._open.add(to_store)
            ways = (self._carry(from_client, to_store, self._request), self._carry(from_store, to_client, self._reply))
            await asyncio.gather(*ways)
            self._open.discard(to_store)
        self._open.discard(to_client)
        self._serving.discard(serving)

    async def _request(self, data: bytes) -> bool:
        return await self.request(data)  # what a test has put there meanwhile

    async def _reply(self, data: bytes) -> bool:
        return await self.reply(data)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Pass) -> None:
        """Until either side, or a test, ends it; then the other way ends too."""
        try:
            while data := await reader.read(2**20):
                if not await passes(data):
                    break
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@dataclass
class Losing:
    """Loses the reply to each `each`-th request that holds `message`, after the store has done it. PostgreSQL is told
    the words of a statement once, then only its name."""

    message: bytes
    each: int = 1
    lost: int = 0
    seen: int = 0
    loses: bool = False  # the next reply
    _names: set[bytes] = field(default_factory=set)

    async def request(self, data: bytes) -> bool:
        if prepared := re.search(rb"(__asyncpg_stmt_\w+__)\0\s*" + re.escape(self.message), data):
            self._names.add(prepared[1])
        runs = data.startswith(b"B") and any(name in data for name in self._names)
        if runs or (not self._names and self.message in data):
            self.seen += 1
            self.loses = self.seen % self.each == 0
        return True

    async def reply(self, _data: bytes) -> bool:
        loses, self.loses = self.loses, False
        self.lost += loses
        return not loses


def socket_of(server: EmbeddedPostgres) -> Path:
    return server._socket_folder / SOCKET


def postgres_behind(folder: Path) -> str:
    """The address of a PostgreSQL whose wire listens in that folder."""
    return f"postgresql://tracker@/tracker?host={folder}&port=5432"
