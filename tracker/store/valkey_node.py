"""One Valkey server: how a client of it is opened, and how many commands share one round trip to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tracker.errors import StoreUnavailableError

Command: TypeAlias = tuple[str | bytes | int, ...]

_MARK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Copies:
    """How many replicas must have what was written before it counts, and how long they have."""

    replicas: int
    patience_ms: int = 200


class NotCopiedError(StoreUnavailableError):
    """It was written, and too few replicas said in time that they have it: a failover may lose it."""


def open_node(url: str, *, answer_seconds: float = 2) -> Redis:
    """A client that never repeats a command by itself: a repeated XADD is a second click."""
    return Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=answer_seconds,
        socket_connect_timeout=answer_seconds,
        health_check_interval=0,
    )


async def send_to(node: Redis, commands: Sequence[Command], copies: Copies | None = None) -> list[Any]:
    """One round trip: each command's reply, or its exception. Raises RedisError, OSError when the server is away."""
    async with node.pipeline(transaction=False) as pipeline:
        for command in commands:
            pipeline.execute_command(*command)
        if copies:
            # WAIT looks at the last write of its own connection: without one, what another wrote is not waited for.
            pipeline.execute_command("SET", b"w" + tag_of(commands[-1]), "", "EX", _MARK_SECONDS)
            pipeline.execute_command("WAIT", copies.replicas, copies.patience_ms)
        replies = await pipeline.execute(raise_on_error=False)
    if copies:
        *replies, _, confirmed = replies
        if not isinstance(confirmed, int) or confirmed < copies.replicas:
            error = NotCopiedError(f"{confirmed} of {copies.replicas} replicas confirmed")
            replies = [reply if isinstance(reply, Exception) else error for reply in replies]
    return replies


def key_of(command: Command) -> bytes:
    """By which a cluster finds the node."""
    key = command[3] if command[0] in ("EVAL", "EVALSHA") else command[1]
    return key if isinstance(key, bytes) else str(key).encode()


def tag_of(command: Command) -> bytes:
    """The hash tag of its key, braces and all; every key of ours has one."""
    key = key_of(command)
    return key[key.index(b"{") : key.index(b"}") + 1]
