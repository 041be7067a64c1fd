"""Debian's PostgreSQL, as an operator runs it: over TCP, with a password, with a standby."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from tests.running import free_port

PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/lib/postgresql/15/bin"))
ADMIN = "admin"
USER = "tracker"  # as trackers connect: the owner of its database, and no more
PASSWORD = "k9-canary:/?@ word"  # what a careless reader of addresses stumbles over
ENCODED = "k9-canary%3A%2F%3F%40%20word"
DATABASE = "tracker"
START_SECONDS = 90

# As in PostgreSQL's manual, but small.
SETTINGS = {"listen_addresses": "127.0.0.1", "shared_buffers": "32MB", "wal_keep_size": "64MB", "max_wal_senders": "4"}


def account() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


class PostgresServer:
    """One server with its folder. `name` is what its primary knows it by."""

    def __init__(self, folder: Path, name: str, settings: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.port = free_port()
        self.address = "127.0.0.1"
        self.cluster = folder / name
        self._log = folder / f"{name}.log"
        self._settings = SETTINGS | dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def place(self) -> str:
        return f"{self.address}:{self.port}"

    def dsn(self, database: str = DATABASE) -> str:
        """As its administrator."""
        return f"postgresql://{ADMIN}:{ENCODED}@{self.place}/{database}"

    @property
    def log(self) -> str:
        return self._log.read_text()

    def make(self, *options: str) -> None:
        """A new cluster, with an administrator who has a password."""
        word = self.cluster.parent / "password"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        how = ["-U", ADMIN, f"--pwfile={word}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "-N"]
        self._run("initdb", "-D", str(self.cluster), *how, *options)
        with (self.cluster / "pg_hba.conf").open("a") as rules:
            rules.write("host replication all all scram-sha-256\nhost all all all scram-sha-256\n")

    async def make_database(self) -> None:
        await self.ask(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'", "postgres")
        await self.ask(f"CREATE DATABASE {DATABASE} OWNER {USER}", "postgres")

    def copy_of(self, primary: "PostgresServer") -> None:
        """Become its standby, in an empty folder."""
        shutil.rmtree(self.cluster, ignore_errors=True)
        source = f"host={primary.address} port={primary.port} user={ADMIN} application_name={self.name}"
        self._run("pg_basebackup", "-D", str(self.cluster), "-R", "-c", "fast", "--no-sync", "-d", source)

    @property
    def certificate(self) -> Path:
        return self.cluster / "server.crt"

    def make_certificate(self) -> None:
        """Of its own, for its address."""
        key = self.cluster / "server.key"
        request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        about = ["-subj", f"/CN={self.name}", "-addext", f"subjectAltName=IP:{self.address}"]
        made = ["-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run(
            ["openssl", *request, *about, *made], user=account(), cwd=self.cluster, capture_output=True, check=True
        )
        key.chmod(0o600)
        self._settings["ssl"] = "on"

    def start(self) -> None:
        self._settings |= {"port": str(self.port), "unix_socket_directories": str(self.cluster.parent)}
        command = [str(PROGRAMS / "postgres"), "-D", str(self.cluster)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.cluster.parent, user=account())
        self._until_up()

    def stop(self) -> None:
        """Whatever state it is in."""
        if self._process is None:
            return
        self.resume()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Kill -9 of all its processes at once."""
        assert self._process is not None
        processes = self._processes()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=10)
        self._process.wait(10)
        self._process = None

    def suspend(self) -> None:
        """As a machine that is gone: connections are neither answered nor refused."""
        for process in self._processes():
            process.suspend()

    def resume(self) -> None:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    async def promote(self) -> None:
        """And wait for no standby: there is none yet."""
        await self.ask("SELECT pg_promote(true, 30)", "postgres")
        await self.set(synchronous_standby_names="")

    async def set(self, **settings: str) -> None:
        for name, value in settings.items():
            await self.ask(f"ALTER SYSTEM SET {name} = '{value}'", "postgres")
        await self.ask("SELECT pg_reload_conf()", "postgres")
        async with asyncio.timeout(START_SECONDS):
            for name, value in settings.items():
                while await self.ask(f"SHOW {name}", "postgres") != value:
                    await asyncio.sleep(0.02)

    async def ask(self, sql: str, database: str = DATABASE) -> Any:
        """The first value of the answer."""
        connection = await asyncpg.connect(self.dsn(database), timeout=10, command_timeout=30)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close(timeout=5)

    async def until_standby(self, standby: "PostgresServer") -> None:
        """Until commits wait for it."""
        asked = f"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{standby.name}'"
        async with asyncio.timeout(START_SECONDS):
            while await self.ask(asked, "postgres") not in ("sync", "quorum"):
                await asyncio.sleep(0.05)

    def _processes(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        with suppress(psutil.NoSuchProcess):
            main = psutil.Process(self._process.pid)
            return [main, *main.children(recursive=True)]
        return []

    def _until_up(self) -> None:
        end = time.monotonic() + START_SECONDS
        ready = [str(PROGRAMS / "pg_isready"), "-q", "-h", self.address, "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode:
            assert self._process is not None
            assert self._process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.05)

    def _run(self, program: str, *arguments: str) -> None:
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PGPASSWORD": PASSWORD}
        done = subprocess.run(
            [str(PROGRAMS / program), *arguments], env=environment, user=account(), cwd=self.cluster.parent,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def dsn_of(*servers: PostgresServer) -> str:
    """The address of all of them, as an operator writes it for the tracker."""
    places = ",".join(server.place for server in servers)
    return f"postgresql://{USER}:{ENCODED}@{places}/{DATABASE}"


@pytest.fixture(scope="session")
def debian_postgres() -> Iterator[PostgresServer]:
    """One for all tests that need no standby. It speaks TLS to whoever asks."""
    with postgres_servers("own") as (server,):
        server.make_certificate()
        server.start()
        yield server


@contextmanager
def postgres_servers(*names: str, settings: Mapping[str, str] | None = None) -> Iterator[tuple[PostgresServer, ...]]:
    """Servers that are stopped in the end, the first with a cluster; skips where there is no PostgreSQL."""
    if not (PROGRAMS / "postgres").exists():
        pytest.skip("no PostgreSQL server is installed")
    folder = Path(tempfile.mkdtemp(prefix="tracker-postgres-"))
    user = account()
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        servers = tuple(PostgresServer(folder, name, settings) for name in names)
        for server in servers:
            stack.callback(server.stop)
        servers[0].make()
        yield servers


async def make_pair(primary: PostgresServer, standby: PostgresServer) -> None:
    """The primary with a database, and a standby without which nothing is committed."""
    primary.start()
    await primary.make_database()
    await follow(primary, standby)


async def follow(primary: PostgresServer, standby: PostgresServer) -> None:
    standby.copy_of(primary)
    standby.start()
    await primary.set(synchronous_standby_names=standby.name)
    await primary.until_standby(standby)
