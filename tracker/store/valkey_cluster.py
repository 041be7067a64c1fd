"""A Valkey Cluster, as far as we need one: each command to the node that holds its key, one round trip a node.

The client's own cluster pipeline fails all nodes' commands with one node's, sends redirected commands one by one and
learns nothing from a dead connection (docs/adr/0020). A command is sent again only when a node refused it unexecuted:
MOVED, ASK, TRYAGAIN.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError, TryAgainError

from tracker.store.valkey_node import Command, Copies, key_of, send_to
from tracker.store.valkey_topology import Node, Topology

_HOPS = 5  # a slot that moves sends a command on twice
_TRY_AGAIN_SECONDS = 0.02


class _Trip(NamedTuple):
    """Where some commands go together."""

    to: Node
    asking: bool = False  # the slot is on its way there, and each command says that it knows


class ValkeyCluster:
    def __init__(self, open_client: Callable[[Node], Redis], seeds: Sequence[Node], tags: Sequence[str]) -> None:
        """`tags` are the hash tags of all our keys."""
        self._open_client = open_client
        self._clients: dict[Node, Redis] = {}
        self._slots = {tag: key_slot(tag.encode()) for tag in tags}
        self._topology = Topology(self._client, seeds, list(self._slots.values()))

    def node_of(self, tag: str) -> Node | None:
        """As far as is known now."""
        return self._topology.owner(self._slots[tag])

    async def clients(self) -> Mapping[Node, Redis]:
        """Of every node, primaries and replicas. Raises RedisError when no node tells."""
        await self._topology.ask()
        return {node: self._client(node) for node in self._topology.nodes()}

    async def ping(self) -> None:
        """Raises RedisError or OSError when a node that holds clicks is away."""
        await self._topology.learn()
        try:
            await asyncio.gather(*(self._client(node).ping() for node in self._topology.owners()))
        except BaseException:
            self._topology.suspect()
            raise

    async def aclose(self) -> None:
        await self._topology.close()
        for client in self._clients.values():
            await client.aclose()

    async def send(self, commands: Sequence[Command], copies: Copies | None = None) -> list[Any]:
        """Each command's reply or its exception, also when its node is away. Raises RedisError when no node tells who
        has what."""
        await self._topology.learn()
        slots = [key_slot(key_of(command)) for command in commands]
        replies: list[Any] = [ClusterDownError("no node has its slot")] * len(commands)
        trips = self._to_owners(slots)
        for _ in range(_HOPS):
            answers = await asyncio.gather(
                *(self._go(trip, [commands[at] for at in places], copies) for trip, places in trips.items())
            )
            sent, trips = trips, defaultdict(list)
            for (trip, places), answer in zip(sent.items(), answers, strict=True):
                for at, reply in zip(places, answer, strict=True):
                    replies[at] = reply
                    onward = self._onward(trip, slots[at], reply)
                    if onward is not None:
                        trips[onward].append(at)
            if not trips:
                break
            if trips.keys() & sent.keys():
                await asyncio.sleep(_TRY_AGAIN_SECONDS)
        return replies

    def _to_owners(self, slots: Sequence[int]) -> dict[_Trip, list[int]]:
        trips: dict[_Trip, list[int]] = defaultdict(list)
        for at, slot in enumerate(slots):
            owner = self._topology.owner(slot)
            if owner is None:
                self._topology.suspect()
            else:
                trips[_Trip(owner)].append(at)
        return trips

    async def _go(self, trip: _Trip, commands: Sequence[Command], copies: Copies | None) -> list[Any]:
        if trip.asking:
            commands = [one for command in commands for one in (("ASKING",), command)]
        replies: list[Any] | None = None
        try:
            replies = await send_to(self._client(trip.to), commands, copies)
        except (RedisError, OSError) as error:
            replies = [error] * len(commands)
            self._topology.suspect()
        finally:
            if replies is None:  # given up by whoever waits: it hangs
                self._topology.suspect()
        return replies[1::2] if trip.asking else replies

    def _onward(self, trip: _Trip, slot: int, reply: object) -> _Trip | None:
        """Where a command goes that was refused unexecuted; None: its reply is its reply."""
        if isinstance(reply, AskError):  # MOVED is one, too
            to = Node(reply.host or trip.to.host, reply.port)
            if not isinstance(reply, MovedError):
                return _Trip(to, asking=True)
            self._topology.moved(slot, to)
            return _Trip(to)
        if isinstance(reply, TryAgainError):
            return trip
        if isinstance(reply, ClusterDownError):
            self._topology.suspect()
        return None

    def _client(self, node: Node) -> Redis:
        if node not in self._clients:
            self._clients[node] = self._open_client(node)
        return self._clients[node]
