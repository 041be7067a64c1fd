"""Slow senders: `python -m tests.security.drip PORT COUNT` holds that many sockets until it is killed."""

import asyncio
import itertools
import sys

STARTS = (
    b"", b"GET / HT", b"GET / HTTP/1.1\r\nX", b"POST /tag HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
)  # fmt: skip


async def drip(port: int, start: bytes) -> None:
    """A byte now and then; what is closed comes again."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        try:
            writer.write(start)
            while not reader.at_eof():
                await asyncio.sleep(0.5)
                if start:
                    writer.write(b"a")
                    await writer.drain()
        except ConnectionError:
            continue
        finally:
            writer.close()


async def main(port: int, count: int) -> None:
    tasks = []
    for start in itertools.islice(itertools.cycle(STARTS), count):
        tasks.append(asyncio.create_task(drip(port, start)))
        await asyncio.sleep(0.005)  # as they would come: not in one moment
    print("dripping", flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
