"""A connection of one's own, for work that takes long or holds a lock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tracker.store.postgres.connect import Connection, connect
from tracker.store.postgres.faults import telling_when_away

_CLOSE_SECONDS = 5.0
_SESSION = {"timezone": "UTC", "jit": "off"}


@asynccontextmanager
async def own_connection(dsn: str) -> AsyncIterator[Connection]:
    """What is not committed, and every lock, ends with it. Raises StoreUnavailableError when it cannot be opened."""
    with telling_when_away():
        connection = await connect(dsn, server_settings=_SESSION)
    try:
        yield connection
    finally:
        with telling_when_away():
            await connection.close(timeout=_CLOSE_SECONDS)


def rows_changed(tag: str) -> int:
    """As the tag of a command says it: `UPDATE 3`."""
    return int(tag.rpartition(" ")[2])
