"""One Valkey server: how a client of it is opened, and how many commands share one round trip to it."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import hiredis
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

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
    if copies:
        # WAIT looks at the last write of its own connection: without one, what another wrote is not waited for.
        mark: Command = ("SET", b"w" + tag_of(commands[-1]), "", "EX", _MARK_SECONDS)
        commands = [*commands, mark, ("WAIT", copies.replicas, copies.patience_ms)]
    replies = await _round_trip(node, commands)
    if copies:
        *replies, _, confirmed = replies
        if not isinstance(confirmed, int) or confirmed < copies.replicas:
            error = NotCopiedError(f"{confirmed} of {copies.replicas} replicas confirmed")
            replies = [reply if isinstance(reply, Exception) else error for reply in replies]
    return replies


async def _round_trip(node: Redis, commands: Sequence[Command]) -> list[Any]:
    """As the client's own pipeline does it, which packs in Python and sets a timer for each reply: here hiredis packs,
    and one timer is for all."""
    connection = await node.connection_pool.get_connection()  # type: ignore[no-untyped-call]
    try:
        async with asyncio.timeout(connection.socket_timeout):
            await connection.send_packed_command(b"".join([_packed(command) for command in commands]))
            return [_read(node, command, await _reply(connection)) for command in commands]
    except TimeoutError:
        raise RedisTimeoutError("Timeout reading from the server") from None
    finally:
        await node.connection_pool.release(connection)


def _packed(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type] # it takes as many words as there are
    return packed


async def _reply(connection: AbstractConnection) -> Any:
    """Whatever else is raised, the connection is closed by then: replies that nobody reads must not be the next's."""
    try:
        return await connection.read_response(timeout=math.inf)
    except ResponseError as error:
        return error


def _read(node: Redis, command: Command, reply: Any) -> Any:
    """As the client reads that command's reply."""
    reading = node.response_callbacks.get(str(command[0]))
    return reply if reading is None or isinstance(reply, Exception) else reading(reply)


def key_of(command: Command) -> bytes:
    """By which a cluster finds the node."""
    key = command[3] if command[0] in ("EVAL", "EVALSHA") else command[1]
    return key if isinstance(key, bytes) else str(key).encode()


def tag_of(command: Command) -> bytes:
    """The hash tag of its key, braces and all; every key of ours has one."""
    key = key_of(command)
    return key[key.index(b"{") : key.index(b"}") + 1]
