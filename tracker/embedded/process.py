"""One operating-system process, our child or not: is it running, signal it, await its end.

Pids are reused: a process is recognised by its name, its folder and the time it was born, never by its pid alone.
"""

import asyncio
import signal
import subprocess
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil

POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a program runs as. The default changes nothing; only root may name somebody else."""

    uid: int | None = None
    gid: int | None = None
    name: str = ""

    @property
    def groups(self) -> list[int] | None:
        return None if self.uid is None else []


class ServerProcess:
    def __init__(self, process: psutil.Process, child: subprocess.Popen[bytes] | None = None) -> None:
        self._process = process
        self._child = child  # None: adopted, so somebody else reaps it

    @classmethod
    def of_child(cls, child: subprocess.Popen[bytes]) -> "ServerProcess":
        return cls(psutil.Process(child.pid), child)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def command(self) -> list[str]:
        with suppress(psutil.Error):
            return self._process.cmdline()
        return []

    def is_running(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        with suppress(psutil.NoSuchProcess):
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        return False

    def is_suspended(self) -> bool:
        with suppress(psutil.NoSuchProcess):
            return self._process.status() == psutil.STATUS_STOPPED
        return False

    def send(self, number: signal.Signals) -> None:
        with suppress(psutil.NoSuchProcess):
            self._process.send_signal(number)

    async def ended(self, within: float | None = None, poll_seconds: float = POLL_SECONDS) -> bool:
        """True when it has ended; False when `within` seconds passed first."""
        deadline = None if within is None else monotonic() + within
        while self.is_running():
            if deadline is not None and monotonic() >= deadline:
                return False
            await asyncio.sleep(poll_seconds)
        return True


def process_of(pid_file: Path, folder: Path, names: Collection[str]) -> ServerProcess | None:
    """The running process that the pid file names, if it is one of `names` and works in `folder`."""
    pid = read_pid(pid_file)
    if pid is None:
        return None
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        found = ServerProcess(process)
        if found.is_running() and _works_in(process, folder, names):
            return found
    return None


def processes_in(folder: Path, names: Collection[str]) -> list[ServerProcess]:
    """Every process called one of `names` whose working folder is, or was before it was removed, `folder`."""
    return [ServerProcess(process) for process in psutil.process_iter() if _works_in(process, folder, names)]


def read_pid(pid_file: Path) -> int | None:
    """The first line of a pid file, None when there is no such file or it is torn."""
    with suppress(OSError, ValueError, IndexError):
        return int(pid_file.read_text(encoding="ascii").splitlines()[0])
    return None


def _works_in(process: psutil.Process, folder: Path, names: Collection[str]) -> bool:
    # Another user's process cannot be looked into: it cannot work in our 0700 folder either.
    with suppress(psutil.Error, OSError):
        return process.name() in names and Path(process.cwd()) == folder
    return False
