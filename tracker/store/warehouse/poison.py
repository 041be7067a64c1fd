"""What ClickHouse will never take is found, set aside and told; the rest goes on."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

import asyncpg

from tracker.errors import PoisonError
from tracker.store.postgres.faults import telling_when_away
from tracker.telemetry import QUARANTINED, Telemetry

log = logging.getLogger(__name__)

_Item = TypeVar("_Item")

# A drain that was killed in between sets the same event aside again: it is kept once.
_INSERT = """
INSERT INTO quarantine (source, event, error) SELECT $1, $2, $3
WHERE NOT EXISTS (SELECT FROM quarantine WHERE source = $1 AND event = $2)
"""


class Poison(NamedTuple):
    event: bytes
    error: str


async def store_all_but_poison(
    items: Sequence[_Item], store: Callable[[Sequence[_Item]], Awaitable[None]]
) -> list[tuple[_Item, PoisonError]]:
    """Halves a refused batch until the poison is alone; `store` sees an item again, and must bear it."""
    try:
        await store(items)
    except PoisonError as error:
        if len(items) == 1:
            return [(items[0], error)]
        middle = len(items) // 2
        return await store_all_but_poison(items[:middle], store) + await store_all_but_poison(items[middle:], store)
    return []


class Quarantine:
    """PostgreSQL's table `quarantine`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", telemetry: Telemetry) -> None:
        self._pool = pool
        self._telemetry = telemetry

    async def take(self, source: str, poisons: Sequence[Poison]) -> None:
        """On disk when it returns; only then may its source forget it. Raises StoreUnavailableError."""
        if not poisons:
            return
        with telling_when_away():
            await self._pool.executemany(_INSERT, [(source, event, error) for event, error in poisons])
        self._telemetry.count(QUARANTINED, source, by=len(poisons))
        for _, error in poisons:
            log.error("set aside from %s, look into the table quarantine: %s", source, error)
