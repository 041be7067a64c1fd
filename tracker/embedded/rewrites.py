"""Valkey's append-only file only grows while somebody copies it. A copier that is killed leaves rewriting switched off:
the next copy, or the next start of the tracker, switches it on again."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from tracker.embedded.errors import EmbeddedServerError

REWRITE_PERCENT = 100  # grown by as much since the last time, it is rewritten
_PERCENT = "auto-aof-rewrite-percentage"
_LOCK = "backup.lock"
_PAUSE_SECONDS = 0.1


@contextmanager
def one_copy_at_a_time(data: Path) -> Iterator[None]:
    """Nor is the file written anew meanwhile. Until the end of the block or of the process, however it ends. Raises
    EmbeddedServerError beside another."""
    lock = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedServerError("Another backup or an erasure is under way: wait until it has ended.") from None
        yield
    finally:
        os.close(lock)


@asynccontextmanager
async def without_rewrites(client: Redis) -> AsyncIterator[None]:
    """Inside `one_copy_at_a_time`. What is under way is waited for. Raises RedisError."""
    await client.config_set(_PERCENT, 0)
    try:
        while True:
            state: Any = await client.info("persistence")
            if not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"]:
                break
            await asyncio.sleep(_PAUSE_SECONDS)
        yield
    finally:
        await client.config_set(_PERCENT, REWRITE_PERCENT)


async def rewrite_again(client: Redis, data: Path) -> None:
    """After a copier that was killed; not while one is at it. Raises RedisError."""
    try:
        with one_copy_at_a_time(data):
            await client.config_set(_PERCENT, REWRITE_PERCENT)
    except EmbeddedServerError:
        return  # it does so itself
