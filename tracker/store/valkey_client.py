"""Valkey, wherever it is: the embedded one, a server or a cluster; who uses it need not know which."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import ClusterDownError

from tracker.store.hot_click import SLOTS, slot_of
from tracker.store.valkey_cluster import ValkeyCluster
from tracker.store.valkey_node import Command, Copies, open_node, send_to
from tracker.store.valkey_topology import Node

Valkey: TypeAlias = Redis | ValkeyCluster

TAGS = tuple(slot_of(shard) for shard in range(SLOTS))
PORT = 6379

_CLUSTER = "+cluster"
_SCHEMES = {"valkey": "redis", "valkeys": "rediss"}  # as the client calls them


def open_valkey(url: str, *, answer_seconds: float = 2) -> Valkey:
    """`url` is an address that the settings accept; nothing is connected before the first command."""
    scheme, _, rest = url.partition("://")
    scheme, plus, _ = scheme.partition(_CLUSTER)
    scheme = _SCHEMES.get(scheme, scheme)
    if not plus:
        return open_node(f"{scheme}://{rest}", answer_seconds=answer_seconds)
    hosts, _, query = rest.partition("?")
    login, at, hosts = hosts.rpartition("@")

    def open_client(node: Node) -> Redis:
        host = f"[{node.host}]" if ":" in node.host else node.host
        return open_node(f"{scheme}://{login}{at}{host}:{node.port}?{query}", answer_seconds=answer_seconds)

    places = [urlsplit(f"//{place}") for place in hosts.rstrip("/").split(",")]
    seeds = [Node(place.hostname or "", place.port or PORT) for place in places]
    return ValkeyCluster(open_client, seeds, TAGS)


async def send(valkey: Valkey, commands: Sequence[Command], copies: Copies | None = None) -> list[Any]:
    """One round trip to each server concerned: each command's reply, or its exception. Never sends a command again that
    may have been executed. Raises RedisError or OSError when nobody answers."""
    if isinstance(valkey, ValkeyCluster):
        return await valkey.send(commands, copies)
    return await send_to(valkey, commands, copies)


def server_of(valkey: Valkey) -> Callable[[str], Hashable]:
    """By hash tag, as far as is known now. One server holds all: there is nothing to tell apart."""
    return valkey.node_of if isinstance(valkey, ValkeyCluster) else lambda _tag: None


async def servers_of(valkey: Valkey) -> list[Redis]:
    """Every one, replicas too. Raises RedisError."""
    return list((await valkey.clients()).values()) if isinstance(valkey, ValkeyCluster) else [valkey]


async def home_of(valkey: Valkey, tag: str) -> Redis:
    """The server that has the keys of that hash tag now. Raises RedisError."""
    if not isinstance(valkey, ValkeyCluster):
        return valkey
    clients, node = await valkey.clients(), valkey.node_of(tag)
    if node is None:
        raise ClusterDownError(f"no node has the slot of {tag}")
    return clients[node]
