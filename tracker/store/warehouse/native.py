"""A ClickHouse server, over its native protocol. It is shared with nobody but analysts, who have accounts of their own
there and connect to it directly."""

import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, ErrorCodes, NetworkError, SocketTimeoutError

from tracker.errors import StoreUnavailableError, WarehouseQueryError
from tracker.store.warehouse.arrow import schema_of, to_columns
from tracker.store.warehouse.errors import UNKNOWN_FORMAT, insert_error
from tracker.store.warehouse.formats import FORMATS
from tracker.store.warehouse.parameters import filled

_AWAY = (NetworkError, SocketTimeoutError, OSError, EOFError)
_READ_ONLY = {"readonly": 1}
_ANALYST = {"max_execution_time": 60, "max_result_bytes": 200_000_000, **_READ_ONLY}


class NativeEngine:
    """Satisfies `tracker.ports.WarehouseEngine`. The driver is not thread-safe: each thread has clients of its own."""

    def __init__(self, url: str) -> None:
        """`clickhouse://user:password@host:9000/`. Connects when it is first used, and again after each failure."""
        self._urls = {False: url, True: urlsplit(url)._replace(path="/analytics").geturl()}
        self._own = threading.local()
        self._clients: list[Any] = []
        self._types: dict[str, Mapping[str, str]] = {}

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        if not rows:
            return
        try:
            to_columns(schema_of(columns, self._types_of(table)), rows)  # the driver would cut off decimals
            self._client().execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES", rows, types_check=True)
        except _AWAY as error:
            raise _away(error) from error
        except (Error, WarehouseQueryError) as error:
            raise insert_error(str(error), error.code or ErrorCodes.UNKNOWN_EXCEPTION) from error

    def execute(self, sql: str) -> None:
        self._run(sql, {}, as_analyst=False)

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
        settings = _ANALYST if as_analyst else _READ_ONLY
        rows, columns = self._run(filled(sql, parameters), settings, as_analyst=as_analyst)
        return FORMATS[format_](columns, rows)

    def close(self) -> None:
        for client in self._clients:
            client.disconnect()

    def _run(self, sql: str, settings: Mapping[str, int], *, as_analyst: bool) -> Any:
        try:
            return self._client(as_analyst=as_analyst).execute(sql, with_column_types=True, settings=dict(settings))
        except _AWAY as error:
            raise _away(error) from error
        except Error as error:
            text = f"Code: {error.code}. {str(error.message).partition('. Stack trace:')[0]}"
            raise WarehouseQueryError(text, error.code or ErrorCodes.UNKNOWN_EXCEPTION) from error

    def _client(self, *, as_analyst: bool = False) -> Any:
        name = "analyst" if as_analyst else "ours"
        if not hasattr(self._own, name):
            client = Client.from_url(self._urls[as_analyst])
            setattr(self._own, name, client)
            self._clients.append(client)
        return getattr(self._own, name)

    def _types_of(self, table: str) -> Mapping[str, str]:
        if table not in self._types:
            rows, _ = self._run(f"DESCRIBE TABLE {table}", {}, as_analyst=False)
            self._types[table] = {name: type_ for name, type_, *_ in rows}
        return self._types[table]


def _away(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"The ClickHouse server did not answer: {error or type(error).__name__}")
