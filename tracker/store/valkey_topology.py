"""Which node of a Valkey Cluster holds which slot: asked of the nodes, corrected by what they answer."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from redis.asyncio import Redis
from redis.exceptions import ConnectionError, RedisError  # noqa: A004 - the client's own word

from tracker.store.valkey_node import send_to

_PATIENCE_SECONDS = 1.0  # for nodes that are slow to say what they know
_PAUSE_SECONDS = 0.1  # between two askings: a failover takes seconds


class Node(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


_View: TypeAlias = dict[range, list[Node]]  # slots -> their nodes, the primary first


class Topology:
    """Nodes may differ for a moment, and one that is cut off is wrong for long: most of them are believed."""

    def __init__(self, client_of: Callable[[Node], Redis], seeds: Sequence[Node], slots: Sequence[int]) -> None:
        """`slots` are those that we use."""
        self._client_of = client_of
        self._slots = slots
        self._seeds = frozenset(seeds)
        self._nodes: set[Node] = set()
        self._owners: dict[int, Node] = {}
        self._asking: asyncio.Task[None] | None = None

    def owner(self, slot: int) -> Node | None:
        return self._owners.get(slot)

    def owners(self) -> set[Node]:
        return set(self._owners.values())

    def nodes(self) -> set[Node]:
        """Primaries and replicas, as they name themselves."""
        return self._nodes

    def moved(self, slot: int, to: Node) -> None:
        """As a node said; what else moved is asked behind it."""
        self._owners[slot] = to
        self.suspect()

    async def learn(self) -> None:
        """Once, before the first command. Raises ConnectionError: no node tells."""
        if not self._owners:
            await self.ask()

    def suspect(self) -> None:
        """Something does not answer as it should: ask in the background, unless that is under way."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_soon())

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    async def _ask_soon(self) -> None:
        with suppress(ConnectionError):  # whoever sends the next command hears of it
            await self.ask()
        await asyncio.sleep(_PAUSE_SECONDS)

    async def ask(self) -> None:
        """Raises ConnectionError: no node tells."""
        nodes = sorted(self._seeds | self._nodes)
        asked = [asyncio.create_task(self._view_of(node)) for node in nodes]
        try:
            await asyncio.wait(asked, timeout=_PATIENCE_SECONDS)
        finally:
            for task in asked:
                task.cancel()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        views = [answer for answer in answers if isinstance(answer, dict)]
        if not views:
            said = [f"{node}: {answer or 'no answer'}" for node, answer in zip(nodes, answers, strict=True)]
            raise ConnectionError(f"no node of the cluster says who has which slot: {'; '.join(said)}")
        for slot in self._slots:
            claims = Counter(nodes[0] for view in views for slots, nodes in view.items() if slot in slots)
            for owner, _ in claims.most_common(1):
                self._owners[slot] = owner
        self._nodes = {node for view in views for nodes in view.values() for node in nodes}

    async def _view_of(self, node: Node) -> _View | Exception:
        try:
            [rows] = await send_to(self._client_of(node), [("CLUSTER", "SLOTS")])
        except (RedisError, OSError) as error:
            return error
        if isinstance(rows, Exception):
            return rows
        return {range(first, last + 1): [_node(one, told_by=node) for one in nodes] for first, last, *nodes in rows}


def _node(said: Sequence[Any], *, told_by: Node) -> Node:
    """A node that knows no name of its own is where it was asked."""
    host = said[0].decode() if isinstance(said[0], bytes) else said[0]
    return Node(host if host and host != "?" else told_by.host, int(said[1]))
