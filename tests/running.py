"""A whole tracker, as an operator starts it: `tracker serve` in a process of its own, on a data folder of its own."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import psutil
import pytest_asyncio

from tests.examples.dialects import write_partners
from tracker import keys
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.valkey import EmbeddedValkey
from tracker.redirect.tokens import make_link

ROOT = Path(__file__).resolve().parent.parent
PARTNERS = ROOT / "tests" / "examples" / "partners.yaml"
START_SECONDS = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RunningTracker:
    """Start, stop, kill and question one tracker."""

    def __init__(
        self,
        data: Path,
        partners: Path = PARTNERS,
        workers: int = 1,
        more: Mapping[str, str] | None = None,
        without: Collection[str] = (),
    ) -> None:
        """`without`: parts that are not waited for."""
        self.data = data
        self.partners = partners
        self.workers = workers
        self.more = more or {}
        self.without = frozenset(without)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"{data.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("TRACKER_")}
        return mine | {
            "TRACKER_DATA": str(self.data),
            "TRACKER_PARTNERS": str(self.partners),
            "TRACKER_PORT": str(self.port),
            "TRACKER_WORKERS": str(self.workers),
            "TRACKER_WAREHOUSE_PORT": "0",
            **self.more,
        }

    async def start(self) -> None:
        self.spawn()
        await self.until_ready()

    def spawn(self) -> None:
        """Start it, and do not wait."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tracker", "serve"], cwd=ROOT, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    async def until_ready(self) -> None:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as client,
            asyncio.timeout(START_SECONDS),
        ):
            while True:
                assert self._process is None or self._process.poll() is None, self.log.read_text()
                try:
                    async with client.get(f"{self.url}/readyz") as answer:
                        said = await answer.json()
                        if {said[part] for part in said.keys() - self.without} == {"ok"}:
                            return
                except (aiohttp.ClientError, TimeoutError, OSError):
                    pass
                await asyncio.sleep(0.05)

    @property
    def postgres_dsn(self) -> str:
        return EmbeddedPostgres(self.data).dsn

    @property
    def valkey_url(self) -> str:
        return EmbeddedValkey(self.data).url

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def has_ended(self) -> bool:
        """`serve` ended, and nobody stopped it."""
        return self._process is not None and self._process.poll() is not None

    def processes(self) -> list[psutil.Process]:
        """Every process that works for this data folder, `serve` excepted."""
        return [
            process
            for process in psutil.process_iter()
            if process.pid != (self._process.pid if self._process else None) and self._is_ours(process)
        ]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            command = process.cmdline()
            return str(self.data) in " ".join(command) or str(self.data) in process.cwd()
        except (psutil.Error, OSError):
            return False

    def find(self, part: str) -> psutil.Process | None:
        """The process called `web`, `drain`, `valkey` or `postgres`."""
        for process in self.processes():
            try:
                name, command = process.name(), process.cmdline()
                parent = process.parent()
            except psutil.Error:
                continue
            if part in ("web", "drain"):
                if part in command[:5]:
                    return process
            elif part in name and (parent is None or parent.name() != name):
                return process
        return None

    async def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self._process.wait, 60)
        self._process = None
        return code

    async def kill(self) -> None:
        """Kill -9 of `serve` alone."""
        assert self._process is not None
        self._process.kill()
        await asyncio.to_thread(self._process.wait, 10)
        self._process = None

    def try_command(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A `tracker` command that an operator types beside the running service, or without one."""
        return subprocess.run(
            [sys.executable, "-m", "tracker", *arguments], cwd=ROOT, env=self.environment | environment,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def command(self, *arguments: str) -> str:
        """The output of one that must succeed."""
        done = self.try_command(*arguments)
        assert done.returncode == 0, f"tracker {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def link(self, shopper: str, partner: str) -> str:
        """What `tracker link` prints, without a process of its own."""
        return f"{self.url}/go/{partner}?s={make_link(secrets_of(self).link, shopper, partner, time.time())}"

    def postback_url(self, partner: str) -> str:
        secret = secrets_of(self).postback[f"{partner.upper().replace('-', '_')}_POSTBACK_SECRET"]
        return f"{self.url}/pb/{partner}/{secret}"

    def query(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [
            json.loads(line) for line in self.command("query", sql, "--format", "JSONEachRow").splitlines()
        ]
        return rows

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._process is not None:
            await self.stop()


def secrets_of(tracker: RunningTracker) -> keys.Keys:
    return keys.load(tracker.data)


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder that an unprivileged PostgreSQL can reach, also when the tests run as root."""
    parent = Path(tempfile.mkdtemp(prefix="tracker-run-"))
    parent.chmod(0o711)
    try:
        yield parent / "data"
    finally:
        shutil.rmtree(parent, ignore_errors=True)


@pytest_asyncio.fixture(name="tracker", scope="session", loop_scope="session")
async def running_tracker() -> AsyncIterator[RunningTracker]:
    """One for all examples and journeys: starting it is a test of its own."""
    with data_folder() as data:
        partners = data.parent / "partners.yaml"
        write_partners(PARTNERS, partners)
        async with RunningTracker(data, partners) as running:
            yield running
