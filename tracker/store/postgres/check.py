"""A PostgreSQL that may forget what it acknowledged, or that we cannot use, is not one to start with."""

from collections.abc import Iterator

import asyncpg

from tracker.errors import ConfigurationError, StoreUnavailableError
from tracker.store.postgres.connect import connect
from tracker.store.postgres.hosts import hosts_of

OLDEST_VERSION = 15  # tested with it, and with the bundled one

_MUST_BE_ON = {
    "fsync": "the machine's end would take what was answered",
    "full_page_writes": "the machine's end could tear a page of the books",
}
_ASKED = """
SELECT current_setting('server_version_num')::integer / 10000 AS version,
    current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('synchronous_standby_names') <> '' AS has_standbys,
    current_setting('server_encoding') AS encoding,
    pg_is_in_recovery() AS is_standby, current_setting('transaction_read_only')::boolean AS only_reads,
    current_user AS me, coalesce(current_schema(), '') AS home,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
    (
        SELECT coalesce(string_agg(DISTINCT pg_get_userbyid(c.relowner), ', '), '') FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
            AND NOT pg_has_role(c.relowner, 'USAGE')
    ) AS strangers
"""


async def check_postgres(dsn: str) -> list[str]:
    """What is wrong with it, in words, each with its fix; empty when all is well.

    Raises StoreUnavailableError when it does not answer, ConfigurationError when it does not let us in.
    """
    hosts = ", ".join(map(str, hosts_of(dsn))) or "its usual place"
    try:
        connection = await connect(dsn)
        try:
            found = await connection.fetchrow(_ASKED)
        finally:
            await connection.close()
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise ConfigurationError([f"PostgreSQL at {hosts} does not let us in: {error}; make them in it"]) from None
    except (asyncpg.ClientConfigurationError, FileNotFoundError) as error:
        raise ConfigurationError([f"TRACKER_POSTGRES_URL cannot be used: {error}; mend its options"]) from None
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(error) or type(error).__name__
        raise StoreUnavailableError(f"PostgreSQL at {hosts} (TRACKER_POSTGRES_URL) does not answer: {reason}") from None
    return [] if found is None else list(_problems(found))


def _problems(found: asyncpg.Record) -> Iterator[str]:
    if found["version"] < OLDEST_VERSION:
        yield f"PostgreSQL is version {found['version']}: upgrade it to {OLDEST_VERSION} or newer"
    for name, consequence in _MUST_BE_ON.items():
        if found[name] != "on":
            yield f"PostgreSQL has {name} {found[name]}, and {consequence}: set {name} on"
    yield from _commits(found["synchronous_commit"], has_standbys=found["has_standbys"])
    if found["encoding"] != "UTF8":
        yield f"PostgreSQL keeps this database in {found['encoding']}: make one with ENCODING 'UTF8' TEMPLATE template0"
    if found["is_standby"]:
        yield "PostgreSQL is a standby, which only reads: name its primary in TRACKER_POSTGRES_URL, or both"
    elif found["only_reads"]:
        yield "PostgreSQL has default_transaction_read_only on, and we write: set it off for this database and user"
    if not found["home"]:
        yield f"PostgreSQL has no schema for {found['me']}: create the first one of its search_path"
    elif not found["may_create"]:
        yield (
            f"PostgreSQL does not let {found['me']} make tables in {found['home']}: make it the database's owner, "
            f"or GRANT CREATE ON SCHEMA {found['home']} TO {found['me']}"
        )
    if found["strangers"]:
        yield (
            f"PostgreSQL has tables in {found['home']} that are not {found['me']}'s but of {found['strangers']}: "
            f"REASSIGN OWNED BY {found['strangers']} TO {found['me']}, or connect as their owner"
        )


def _commits(synchronous_commit: str, *, has_standbys: bool) -> Iterator[str]:
    """`on` waits for the disk, here and on the synchronous standby; so does `remote_apply`."""
    if synchronous_commit == "off":
        yield (
            "PostgreSQL has synchronous_commit off, and the last messages that were answered would be lost when it "
            "stops: set synchronous_commit on"
        )
    elif has_standbys and synchronous_commit in ("local", "remote_write"):
        yield (
            f"PostgreSQL has synchronous_standby_names, but synchronous_commit {synchronous_commit}, and a promoted "
            f"standby would lack what was answered: set synchronous_commit on"
        )
