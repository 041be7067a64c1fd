"""PostgreSQL's own failures, told apart from what is wrong with the data."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from tracker.errors import StoreUnavailableError

_AWAY: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut in the middle of an operation
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting, cancelled by its administrator
    asyncpg.InsufficientResourcesError,  # too many connections, disk full, out of memory
    asyncpg.PostgresSystemError,  # input or output failed
    asyncpg.TransactionRollbackError,  # a deadlock or a failover: the same again may well pass
    asyncpg.ReadOnlySQLTransactionError,  # we are talking to a standby
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


@contextmanager
def telling_when_away() -> Iterator[None]:
    """Raises StoreUnavailableError when PostgreSQL did not answer; what was sent may or may not be committed."""
    try:
        yield
    except _AWAY as fault:
        message = f"PostgreSQL did not answer ({type(fault).__name__}: {fault}); look at its log and its disk."
        raise StoreUnavailableError(message) from fault
