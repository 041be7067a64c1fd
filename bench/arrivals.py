"""Requests at a fixed rate, whoever is slow: time is counted from when one was due, not from when it could be sent.

python -m bench.arrivals PORT RATE SECONDS CONNECTIONS FILE FIRST PATH… sends as bench/wrk.lua does, and prints as JSON
how many were answered 302 with an id, how many in another way, and percentiles in milliseconds.
"""

import asyncio
import json
import re
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import cast

import uvloop

_WITH_ID = re.compile(rb"HTTP/1.1 302 (?s:.*?)\r\nLocation: [^\r]*sub=\w{30}", re.IGNORECASE)
_END = b"\r\n\r\n"
_PERCENTILES = (50, 99, 99.9)


@dataclass(slots=True)
class Line:
    """Requests that are due, in turn, and who is free to take them."""

    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)
    free: "deque[Connection]" = field(default_factory=deque)  # in turn: who is idle for long is hung up on
    seconds: list[float] = field(default_factory=list)
    others: int = 0

    def send(self) -> None:
        while self.waiting and self.free:
            self.free.popleft().send(*self.waiting.popleft())


class Connection(asyncio.Protocol):
    def __init__(self, line: Line) -> None:
        self._line = line
        self._received = b""
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by their class
        self._line.free.append(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        if self in self._line.free:
            self._line.free.remove(self)
        else:
            self._line.seconds.append(perf_counter() - self._due)
            self._line.others += 1

    def send(self, due: float, request: bytes) -> None:
        self._due = due
        self._received = b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if _END not in self._received:
            return
        self._line.seconds.append(perf_counter() - self._due)
        self._line.others += _WITH_ID.match(self._received) is None
        self._line.free.append(self)
        self._line.send()


async def send_at(port: int, rate: float, requests: Sequence[bytes], connections: int) -> Line:
    """Returns when all are answered."""
    loop, line = asyncio.get_running_loop(), Line()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(line), "127.0.0.1", port)
    if not line.free:
        raise SystemExit("none of the connections is open")
    begin = perf_counter() + 0.1
    for number, request in enumerate(requests):
        due = begin + number / rate
        while perf_counter() < due:
            await asyncio.sleep(0.001)
        line.waiting.append((due, request))
        line.send()
    while len(line.seconds) < len(requests):
        await asyncio.sleep(0.01)
    return line


def _requests(file: Path, first: int, paths: Sequence[str], count: int) -> list[bytes]:
    with file.open("rb") as lines:
        rest = [line.rstrip(b"\n").replace(b"\t", b"\r\n") for line in lines]
    numbers = islice(range(first, sys.maxsize), count)
    return [b"GET %b %b" % (paths[at // len(rest) % len(paths)].encode(), rest[at % len(rest)]) for at in numbers]


def main() -> None:
    port, rate, seconds, connections, file, first, *paths = sys.argv[1:]
    requests = _requests(Path(file), int(first), paths, int(float(rate) * float(seconds)))
    line = uvloop.run(send_at(int(port), float(rate), requests, int(connections)))
    took = sorted(line.seconds)
    percentiles = {str(one): 1e3 * took[int(len(took) * one / 100)] for one in _PERCENTILES}
    print(json.dumps({"with_id": len(took) - line.others, "others": line.others, "ms": percentiles}))


if __name__ == "__main__":
    main()
