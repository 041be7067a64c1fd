"""A ClickHouse server or a cluster of them, over the native protocol. It is shared with nobody but analysts, who have
accounts of their own there and connect to it directly."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, ErrorCodes, NetworkError, SocketTimeoutError
from clickhouse_driver.util.helpers import parse_url

from tracker.errors import StoreUnavailableError, WarehouseQueryError, WarehouseTooOldError
from tracker.store.warehouse.arrow import schema_of, to_columns
from tracker.store.warehouse.by_column import columns_of
from tracker.store.warehouse.errors import SUPPORT_IS_DISABLED, UNKNOWN_FORMAT, insert_error
from tracker.store.warehouse.formats import FORMATS
from tracker.store.warehouse.hosts import Hosts, addresses
from tracker.store.warehouse.on_cluster import on_cluster
from tracker.store.warehouse.packed_rows import PackedRows
from tracker.store.warehouse.parameters import filled
from tracker.store.warehouse.versions import VIEWS, no_views, read_version

_AWAY = (NetworkError, SocketTimeoutError, OSError, EOFError)
_COLUMN_IS_THERE = 44
# Another host may well do it: this one has lost its ZooKeeper, or the other nodes.
_ASK_ANOTHER = frozenset({
    209,  # SOCKET_TIMEOUT
    210,  # NETWORK_ERROR
    225,  # NO_ZOOKEEPER
    242,  # TABLE_IS_READ_ONLY
    279,  # ALL_CONNECTION_TRIES_FAILED
    999,  # KEEPER_EXCEPTION
})  # fmt: skip
_T = TypeVar("_T")
_Settings = Mapping[str, int]


class _Role(NamedTuple):
    """One kind of work, on connections of its own."""

    name: str
    silence: float  # seconds; a server that works on a question says so ten times a second
    settings: _Settings


_READS: _Settings = {"readonly": 1, "skip_unavailable_shards": 0}  # a shard that is away is not a shard without rows
_READER = _Role("reader", 5, {"receive_timeout": 5, **_READS})  # of another node, too
_ANALYST = _Role("analyst", 70, {"max_execution_time": 60, "max_result_bytes": 200_000_000, **_READS})
_WRITER_ROLE = _Role("writer", 90, {})

# Acknowledged means stored, not queued; and rows that come again are stored again, to be one row where they are read: a
# server that drops what it takes for a repetition acknowledges what it may not have (docs/adr/0003, 0016).
_WRITER: dict[str, int] = {"async_insert": 0, "insert_deduplicate": 0}
_CLUSTER_WRITER: dict[str, int] = {
    "insert_distributed_sync": 1,
    "insert_quorum": 2,
    "insert_quorum_timeout": 20_000,  # milliseconds
    "distributed_ddl_task_timeout": 60,
}


class NativeEngine:
    """Satisfies `tracker.ports.WarehouseEngine`. The driver is not thread-safe: each thread has clients of its own."""

    def __init__(self, url: str, cluster: str = "", now: Callable[[], float] = time.monotonic) -> None:
        """`clickhouse://user:password@host:9000,another:9000/`; ClickHouse's settings may stand behind `?`, and win.

        With the name of a `cluster` the schema is made on all of its nodes. Connects when it is first used, and again
        after each failure, then to the next host.
        """
        self._hosts = Hosts(addresses(url), now)
        self._cluster = cluster
        self._user = unquote(urlsplit(url).username or "default")
        wished = parse_qs(urlsplit(url).query)
        writer = _WRITER | _CLUSTER_WRITER if cluster else _WRITER
        self._writes = {name: value for name, value in writer.items() if name not in wished}
        self._own = threading.local()
        self._clients: list[Any] = []
        self._types: dict[str, Mapping[str, str]] = {}
        self._has_views = False

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        if not rows:
            return
        if isinstance(rows, PackedRows):
            rows = rows.by_column
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES"
        try:
            # The driver would cut off decimals, and its own check takes longer than all the rest.
            to_columns(schema_of(columns, self._types_of(table)), rows)
            values = list(map(tuple, columns_of(rows)))
            self._on_a_host(lambda host: self._insert(host, statement, values))
        except Error as error:
            raise insert_error(_text(error), error.code or ErrorCodes.UNKNOWN_EXCEPTION) from error
        except WarehouseQueryError as error:
            raise insert_error(str(error), error.code) from error

    def execute(self, sql: str) -> None:
        for statement in on_cluster(sql, self._cluster, self._user) if self._cluster else [sql]:
            try:
                self._run(statement, _WRITER_ROLE)
            except WarehouseQueryError as error:
                if not (self._cluster and error.code == _COLUMN_IS_THERE):  # where we were killed in between
                    raise

    def query(
        self,
        sql: str,
        *,
        format_: str = "JSONCompact",
        parameters: Mapping[str, str] = MappingProxyType({}),
        as_analyst: bool = False,
    ) -> bytes:
        """The protocol carries no output formats: FORMATS are made here; who needs more asks the server's HTTP port."""
        if format_ not in FORMATS:
            sentence = f"Over the native protocol there are only {', '.join(FORMATS)}; ask the server's HTTP port"
            raise WarehouseQueryError(f"Code: {UNKNOWN_FORMAT}. DB::Exception: {sentence}.", UNKNOWN_FORMAT)
        if as_analyst:
            self._refuse_without_views()
        rows, columns = self._run(filled(sql, parameters), _ANALYST if as_analyst else _READER)
        return FORMATS[format_](columns, rows)

    def close(self) -> None:
        for client in self._clients:
            client.disconnect()

    def _run(self, sql: str, role: _Role) -> Any:
        try:
            return self._on_a_host(lambda host: self._execute(host, sql, role))
        except Error as error:
            text = f"Code: {error.code}. {_text(error)}"
            raise WarehouseQueryError(text, error.code or ErrorCodes.UNKNOWN_EXCEPTION) from error

    def _on_a_host(self, work: Callable[[str], _T]) -> _T:
        """On the first host that does it: whatever we do bears to be done again.

        Raises the driver's Error for what another host would not do either, StoreUnavailableError when none answers.
        """
        failure: Exception | None = None
        for host in self._hosts.in_order():
            try:
                return work(host)
            except (*_AWAY, Error) as error:
                self._hosts.failed(host)
                if not isinstance(error, _AWAY) and error.code not in _ASK_ANOTHER:
                    raise
                failure = error
        if failure is None:
            raise StoreUnavailableError("The ClickHouse server did not answer a moment ago.")
        self._hosts.all_failed()
        raise StoreUnavailableError(f"The ClickHouse server did not answer: {_text(failure)}") from failure

    def _insert(self, host: str, statement: str, values: list[tuple[object, ...]]) -> None:
        settings = self._known_writes(host)
        self._client(host, _WRITER_ROLE).execute(statement, values, columnar=True, settings=settings)

    def _execute(self, host: str, sql: str, role: _Role) -> Any:
        if role is _ANALYST:
            self._client(host, _READER).execute("SELECT 1")  # is it alive? It may be silent for long then
        settings = self._known_writes(host) if role is _WRITER_ROLE else role.settings
        return self._client(host, role).execute(sql, with_column_types=True, settings=settings)

    def _known_writes(self, host: str) -> _Settings:
        """The settings that this server knows. Asking also shows in seconds that it is alive, before it is given work
        during which it may be silent for long."""
        names = ", ".join(f"'{name}'" for name in ("", *self._writes))
        sql = f"SELECT name FROM system.settings WHERE name IN ({names})"  # noqa: S608 - our own names
        known = {name for (name,) in self._client(host, _READER).execute(sql)}
        return {name: value for name, value in self._writes.items() if name in known}

    def _client(self, host: str, role: _Role) -> Any:
        """This thread's own."""
        clients: dict[tuple[str, str], Any] = self._own.__dict__.setdefault("clients", {})
        if (host, role.name) not in clients:
            clients[host, role.name] = _connect(host, role)
            self._clients.append(clients[host, role.name])
        return clients[host, role.name]

    def _types_of(self, table: str) -> Mapping[str, str]:
        if table not in self._types:
            rows, _ = self._run(f"DESCRIBE TABLE {table}", _READER)
            self._types[table] = {name: type_ for name, type_, *_ in rows}
        return self._types[table]

    def _refuse_without_views(self) -> None:
        if self._has_views:
            return
        version = read_version(self)
        if version < VIEWS:
            raise WarehouseTooOldError(no_views(version), SUPPORT_IS_DISABLED)
        self._has_views = True


def _connect(url: str, role: _Role) -> Any:
    host, options = parse_url(url)
    timeouts = {"connect_timeout": 3, "sync_request_timeout": 3, "send_receive_timeout": role.silence}
    database = {"database": "analytics"} if role is _ANALYST else {}
    return Client(host, **(timeouts | options | database))


def _text(error: Exception) -> str:
    """In one line, without the server's own stack."""
    text = str(getattr(error, "message", "") or str(error) or type(error).__name__)
    return " ".join(text.partition("Stack trace:")[0].split()).removesuffix(".")
