"""Open-loop load over raw connections, since a client library would hide a connection that was cut: each request must
be answered, on connections that are kept and on new ones."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

PATIENCE_SECONDS = 120.0
GAP_SECONDS = 0.05  # between two requests of one connection
NEW_GAP_SECONDS = 0.2  # between two new connections: those of a whole restart have room in the socket
KEPT = 4


@dataclass
class Kept:
    """A connection as a client keeps it: opened again only when it was told so, or when it sees it closed."""

    port: int
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        if self.streams is None or self.streams[0].at_eof():
            await self.close()
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = next((line for line in head.split("\r\n") if line.startswith("content-length:")), "content-length: 0")
        await reader.readexactly(int(length.partition(":")[2]))
        if "connection: close" in head:
            await self.close()
        return int(head.split()[1])

    async def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


@dataclass
class Traffic:
    """`paths` are asked for in turn, `NUMBER` in them is another one each time."""

    port: int
    paths: list[str]
    failures: list[str] = field(default_factory=list)
    asked: int = 0
    answered: int = 0
    slowest: float = 0
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def _ask(self, kept: Kept) -> None:
        self.asked += 1
        path = self.paths[self.asked % len(self.paths)].replace("NUMBER", str(self.asked))
        begun = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                status = await kept.ask(f"GET {path} HTTP/1.1\r\nHost: tracker.example\r\n\r\n".encode())
        except (OSError, EOFError, TimeoutError) as error:
            self.failures.append(f"{path}: {error!r} after {time.monotonic() - begun:.3f} s")
            await kept.close()
            return
        self.answered += 1
        self.slowest = max(self.slowest, time.monotonic() - begun)
        if status >= 400:
            self.failures.append(f"{path}: {status}")

    async def _on_one_connection(self) -> None:
        kept = Kept(self.port)
        while not self._stopping.is_set():
            await self._ask(kept)
            await asyncio.sleep(GAP_SECONDS)
        await kept.close()

    async def _on_new_ones(self) -> None:
        async def once() -> None:
            kept = Kept(self.port)
            await self._ask(kept)
            await kept.close()

        async with asyncio.TaskGroup() as tasks:
            while not self._stopping.is_set():
                tasks.create_task(once())
                await asyncio.sleep(NEW_GAP_SECONDS)

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[Self]:
        """Inside the block; whatever was asked is answered, or has failed, behind it."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(KEPT):
                tasks.create_task(self._on_one_connection())
            tasks.create_task(self._on_new_ones())
            try:
                yield self
            finally:
                self._stopping.set()

    async def until(self, count: int) -> None:
        """So many more are answered."""
        wanted = self.answered + count
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.answered < wanted:
                await asyncio.sleep(0.01)
