"""The bundled PostgreSQL: the money. Every commit is on disk before it is acknowledged."""

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg
import psutil

from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.folders import make_socket_folder, private_folder, socket_folder
from tracker.embedded.postgres_home import OUTSIDE, PROGRAMS, cluster_in, make_home
from tracker.embedded.postgres_programs import make_cluster, postgres_programs
from tracker.embedded.process import ServerProcess, process_of, read_pid
from tracker.embedded.server import EmbeddedServer, Reply

SOCKET = ".s.PGSQL.5432"
DATABASE = "tracker"
ANSWER_SECONDS = 5
# asyncpg calls a connection that breaks at the wrong moment an InternalClientError.
BROKEN = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

SETTINGS = {
    # Reached over the unix socket alone, by its owner and by root.
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    # A commit is on disk before it is answered, whatever happens to the machine.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # A small machine: few connections, checkpoints rare enough not to be felt, a write-ahead log of at most about 1 GB.
    "max_connections": "100",
    "shared_buffers": "128MB",
    "min_wal_size": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_init_zero": "on",
    "jit": "off",
    # Standard error is our log file.
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class EmbeddedPostgres(EmbeddedServer):
    name = "PostgreSQL"
    programs = PROGRAMS
    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # "fast", then "immediate": it recovers at the next start

    def __init__(
        self,
        data: Path,
        *,
        log: Path | None = None,
        settings: Mapping[str, str] | None = None,
        outside: Path = OUTSIDE,
    ) -> None:
        self._data = data.resolve()
        super().__init__(log or self._data / "postgres" / "postgres.log")
        self._settings = SETTINGS | dict(settings or {})
        self._outside = outside
        self._programs = Path()

    @property
    def dsn(self) -> str:
        """For asyncpg. Right as soon as the server has been started once, by anybody."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        return f"postgresql://tracker@/{database}?host={self._socket_folder}&port=5432"

    @property
    def _home(self) -> Path:
        return (self._data / "postgres").resolve()

    @property
    def _socket_folder(self) -> Path:
        return socket_folder(self._home / "run", SOCKET)

    def _prepare(self) -> None:
        home, self.account = make_home(self._data, self._outside)
        self._programs = postgres_programs(self.account, self._outside)
        cluster = cluster_in(home)
        if not cluster.exists():
            make_cluster(self._programs, cluster, self.account)
        private_folder(cluster, self.account)
        self._check_version(cluster)
        make_socket_folder(home / "run", SOCKET, self.account)

    def _check_version(self, cluster: Path) -> None:
        made_by = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        ours = self._programs.parent.name.removeprefix("pginstall")
        if made_by != ours:
            raise EmbeddedServerError(
                f"{cluster} was made by PostgreSQL {made_by}, and the bundled one is {ours}. Dump it with the release "
                f"of the tracker that made it, and load the dump into a new data folder."
            )

    def _working_folder(self) -> Path:
        return cluster_in(self._home)

    def _command(self) -> Sequence[str]:
        command = [str(self._programs / "postgres"), "-D", str(self._working_folder()), "-k", str(self._socket_folder)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _find(self) -> ServerProcess | None:
        return process_of(self._working_folder() / "postmaster.pid", self._working_folder(), self.programs)

    def _is_current(self, process: ServerProcess) -> bool:
        return process.command == list(self._command())

    async def _end_leftovers(self) -> None:
        await super()._end_leftovers()
        # PostgreSQL takes any live process of that number for itself. It is not: the processes over our folder
        # have just been ended. Pid files of numbers that are free it clears away itself, with checks of its own.
        for pid_file in (self._working_folder() / "postmaster.pid", self._socket_folder / f"{SOCKET}.lock"):
            pid = read_pid(pid_file)
            if pid is not None and psutil.pid_exists(pid):
                pid_file.unlink()

    async def _ask(self) -> Reply:
        try:
            connection = await asyncpg.connect(self.dsn_of("postgres"), timeout=ANSWER_SECONDS)
            try:
                folder = await connection.fetchval("SHOW data_directory", timeout=ANSWER_SECONDS)
            finally:
                await connection.close(timeout=ANSWER_SECONDS)
        except asyncpg.CannotConnectNowError:
            return Reply.BUSY
        except BROKEN:
            return Reply.SILENT
        return Reply.READY if Path(folder) == self._working_folder() else Reply.FOREIGN

    async def _settle(self) -> None:
        try:
            connection = await asyncpg.connect(self.dsn_of("postgres"), timeout=ANSWER_SECONDS)
            try:
                if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                    await connection.execute(f'CREATE DATABASE "{DATABASE}"')
            finally:
                await connection.close(timeout=ANSWER_SECONDS)
        except BROKEN as error:
            raise EmbeddedServerError(f"PostgreSQL started, but its database could not be made: {error}") from error
