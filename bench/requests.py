"""Requests that are written in advance, sent over connections that stay: a generator of a few lines costs little of the
processor that it shares with what it measures."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes


def written(path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A GET."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", *(f"{name}: {text}" for name, text in (headers or {}).items())]
    return "\r\n".join([*lines, "\r\n"]).encode()


@dataclass
class Client:
    """Keeps its connections. Each carries one request at a time; there are as many as that takes."""

    url: str
    free: list[Connection] = field(default_factory=list)

    async def send(self, request: bytes) -> Answer:
        reader, writer = self.free.pop() if self.free else await self._connect()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if length := _content_length(head):
            await reader.readexactly(length)
        self.free.append((reader, writer))
        return Answer(int(head[9:12]), head)

    async def _connect(self) -> Connection:
        address = urlsplit(self.url)
        return await asyncio.open_connection(address.hostname, address.port)

    async def close(self) -> None:
        for _, writer in self.free:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        self.free.clear()


async def one_after_the_other(client: Client, requests: Iterable[bytes], connections: int) -> list[Answer]:
    """A closed loop, answers in the order of the requests."""
    numbered: Iterator[tuple[int, bytes]] = enumerate(requests)
    answers: dict[int, Answer] = {}

    async def send_on() -> None:
        for number, request in numbered:
            answers[number] = await client.send(request)

    await asyncio.gather(*(send_on() for _ in range(connections)))
    return [answers[number] for number in sorted(answers)]


class FellBehindError(Exception):
    """It does not answer as fast as it is asked: no latency can be told."""


async def at_rate(client: Client, requests: Iterable[bytes], rate: float, most_at_once: int) -> list[float]:
    """An open loop: the seconds that each took from when it was due. A slow answer delays nobody, and whoever is sent
    late because the generator was late has waited as well. Raises FellBehindError."""
    taken: list[float] = []
    under_way: set[asyncio.Task[None]] = set()

    async def send(request: bytes, due: float) -> None:
        answer = await client.send(request)
        assert answer.status < 400, answer
        taken.append(time.perf_counter() - due)

    began = time.perf_counter()
    for number, request in enumerate(requests):
        due = began + number / rate
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        if len(under_way) >= most_at_once:
            await asyncio.gather(*under_way)
            raise FellBehindError
        task = asyncio.create_task(send(request, due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return taken


def percentile(values: list[float], share: float) -> float:
    """The smallest that is not less than that share of them."""
    return sorted(values)[max(0, -int(-len(values) * share // 1) - 1)]


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest[: rest.index(b"\r\n")]) if found else 0
