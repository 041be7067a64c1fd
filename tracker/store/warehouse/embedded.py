"""ClickHouse inside this process (chdb). One process may open a folder, and a process opens one: both are the engine's
own limits. Never fork after opening it."""

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pyarrow as pa

from tracker.errors import ConfigurationError, PoisonError, StoreUnavailableError, WarehouseQueryError
from tracker.store.warehouse.access import ANALYST_SESSION, OUR_SESSION, WRITER_SESSION, write_configuration
from tracker.store.warehouse.arrow import schema_of, to_stream
from tracker.store.warehouse.errors import UNKNOWN_FORMAT, code_of, insert_error, query_error
from tracker.store.warehouse.packed_rows import PackedRows, in_memory

log = logging.getLogger(__name__)

_NOT_IN_A_PATH = "?&%+#"  # the engine takes its path as a kind of address
_PYTHON_FORMATS = frozenset({"arrowtable", "dataframe", "datastore", "debug"})  # chdb's own, no bytes


class EmbeddedEngine:
    """Satisfies `tracker.ports.WarehouseEngine`. Each thread that reads has sessions of its own: one session does one
    thing at a time."""

    def __init__(self, folder: Path) -> None:
        """Opens it. Raises StoreUnavailableError when another process has it."""
        _make_private(folder)
        write_configuration(folder / "engine.xml")
        self._address = f"{folder / 'engine'}?config-file={folder / 'engine.xml'}"
        self._own = threading.local()
        self._sessions: list[Any] = []
        self._lock = threading.Lock()
        self._types: dict[str, Mapping[str, str]] = {}
        self._blocks: dict[str, int] = {}  # the newest of each table, as its last insert left it
        self._closed = False
        self._session_class = _import_chdb()
        self._writer = self._open(WRITER_SESSION)
        self.broken_parts = self._broken_parts()
        os.register_at_fork(after_in_child=self._end_fork)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        if not rows:
            return
        self._refuse_when_closed()
        try:
            before = self._blocks.pop(table, None) or self._newest_block(table)
            if isinstance(rows, PackedRows):
                self._insert_packed(table, columns, rows)
            else:
                self._insert_decoded(table, columns, rows)
        except (RuntimeError, WarehouseQueryError) as error:
            raise insert_error(str(error), code_of(str(error))) from error
        newest = self._newest_block(table)
        if newest <= before:
            # chdb counts the rows as written, whatever becomes of their part: a full disk is no error to it.
            raise StoreUnavailableError("ClickHouse took the rows and kept none: see whether its disk is full.")
        self._blocks[table] = newest

    def _insert_decoded(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        stream = to_stream(self._schema(table, columns), rows)
        with self._writer.send_insert(f"INSERT INTO {table} ({', '.join(columns)})", "ArrowStream") as inserter:
            inserter.append(stream)
            inserter.finish()

    def _insert_packed(self, table: str, columns: Sequence[str], rows: PackedRows) -> None:
        with in_memory(rows.packed) as path:
            try:
                self._run(self._writer, rows.insert_from(path, table, columns), "Null", {})
            except WarehouseQueryError as error:
                raise PoisonError(f"ClickHouse did not take these as they are: {error}") from error

    def execute(self, sql: str) -> None:
        if not hasattr(self._own, "executing"):
            self._own.executing = self._open(())
        try:
            self._run(self._own.executing, sql, "Null", {})
        finally:
            self._blocks.clear()  # it may have made blocks too, or a table anew

    def query(
        self,
        sql: str,
        *,
        format_: str = "JSONCompact",
        parameters: Mapping[str, str] = MappingProxyType({}),
        as_analyst: bool = False,
    ) -> bytes:
        if format_.lower() in _PYTHON_FORMATS:
            text = f"Code: {UNKNOWN_FORMAT}. DB::Exception: Unknown format {format_}. (UNKNOWN_FORMAT)"
            raise WarehouseQueryError(text, UNKNOWN_FORMAT)
        session = self._reader(as_analyst=as_analyst)
        try:
            return self._run(session, sql, format_, parameters)
        except WarehouseQueryError:
            self._forget(session, as_analyst=as_analyst)
            raise

    def close(self) -> None:
        """Running queries are ended."""
        if self._closed:
            return
        with suppress(WarehouseQueryError):
            self._run(self._writer, "KILL QUERY WHERE query_id != queryID() ASYNC", "Null", {})
        self._closed = True
        for session in list(self._sessions):
            self._close(session)

    def _reader(self, *, as_analyst: bool) -> Any:
        name = _name(as_analyst=as_analyst)
        if not hasattr(self._own, name):
            setattr(self._own, name, self._open(ANALYST_SESSION if as_analyst else OUR_SESSION))
        return getattr(self._own, name)

    def _forget(self, session: Any, *, as_analyst: bool) -> None:
        """What a statement had written before it failed would be the beginning of its session's next answer."""
        delattr(self._own, _name(as_analyst=as_analyst))
        self._close(session)

    def _close(self, session: Any) -> None:
        with self._lock:
            if session in self._sessions:
                self._sessions.remove(session)
                session.close()

    def _open(self, first: Sequence[str]) -> Any:
        with self._lock:
            self._refuse_when_closed()
            try:
                session = self._session_class(self._address)
            except RuntimeError as error:
                message = f"{self._address}: cannot be opened; does another process have it open? {error}"
                raise StoreUnavailableError(message) from error
            self._sessions.append(session)
        try:
            for statement in first:
                self._run(session, statement, "Null", {})
        except WarehouseQueryError:
            self._close(session)
            raise
        return session

    def _run(self, session: Any, sql: str, format_: str, parameters: Mapping[str, str]) -> bytes:
        self._refuse_when_closed()
        try:
            output: bytes = session.query(sql, format_, params=dict(parameters) or None).bytes()
        except RuntimeError as error:
            raise query_error(str(error)) from error
        return output

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreUnavailableError("The embedded ClickHouse engine is closed.")

    def _schema(self, table: str, columns: Sequence[str]) -> pa.Schema:
        if table not in self._types:
            described = self._run(self._writer, f"DESCRIBE TABLE {table}", "JSONCompact", {})
            self._types[table] = {name: type_ for name, type_, *_ in msgspec.json.decode(described)["data"]}
        return schema_of(columns, self._types[table])

    def _newest_block(self, table: str) -> int:
        """Each insert that is kept is a part of a block of its own, with a greater number than all before."""
        database, _, name = table.rpartition(".")
        sql = """
        SELECT max(max_block_number) FROM system.parts
        WHERE active AND database = {database:String} AND table = {name:String}
        """
        return int(self._run(self._writer, sql, "TSV", {"database": database, "name": name}))

    def _broken_parts(self) -> int:
        """Parts that a crash or the disk has damaged are set aside by the engine, without an error."""
        sql = "SELECT database || '.' || table || ' ' || name FROM system.detached_parts WHERE reason LIKE 'broken%'"
        names = self._run(self._writer, sql, "TSVRaw", {}).decode().splitlines()
        for name in names:
            log.critical(
                "ClickHouse has lost a part of its data, %s: `tracker rebuild` makes money again, clicks come back "
                "from a backup alone; then remove what is in the table's folder `detached`",
                name,
            )
        return len(names)

    def _end_fork(self) -> None:
        """A forked copy has none of the engine's threads, so its first query would wait for ever, and it would hold the
        folder's lock when we are gone."""
        if not self._closed:
            os.write(2, b"A process that holds the embedded ClickHouse engine must not fork: its copy ends.\n")
            os._exit(os.EX_SOFTWARE)


def _name(*, as_analyst: bool) -> str:
    return "analyst" if as_analyst else "ours"


def _import_chdb() -> Any:
    """Half a second and 200 MB: only for who opens the engine."""
    from chdb.session import Session  # noqa: PLC0415

    return Session


def _make_private(folder: Path) -> None:
    if any(sign in str(folder) for sign in _NOT_IN_A_PATH):
        raise ConfigurationError([f"{folder}: the engine cannot open a path with one of {_NOT_IN_A_PATH} in it"])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
