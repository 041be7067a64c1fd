"""A tracker in small: starts one server over the given folder, prints its pid, and waits. Killed by the tests."""

import asyncio
import codecs
import os
import sys
from importlib import metadata
from pathlib import Path

from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.server import EmbeddedServer
from tracker.embedded.valkey import EmbeddedValkey

KINDS: dict[str, type[EmbeddedPostgres] | type[EmbeddedValkey]] = {
    "valkey": EmbeddedValkey,
    "postgres": EmbeddedPostgres,
}


async def main(kind: str, data: str, then: str) -> None:
    server: EmbeddedServer = KINDS[kind](Path(data))
    await server.start()
    print(server.pid, flush=True)
    if then == "wait":
        await server.wait()
    await server.stop()


def become(user: int) -> None:
    """Everything is imported by now: that user may not be able to reach the interpreter's own files."""
    codecs.lookup("ascii")
    metadata.version("redis")
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


if __name__ == "__main__":
    become_user, *arguments = sys.argv[1:]
    if become_user:
        become(int(become_user))
    asyncio.run(main(*arguments))
