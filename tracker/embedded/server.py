"""What both bundled servers share: start or adopt, await readiness, watch, stop. No orphan, no second copy.

The order of a start: whoever serves this folder already is adopted; what a killed server left behind is ended; then
ours is started. Only the holder of the data folder's lock may do this (see lock.py).
"""

import asyncio
import enum
import logging
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import ClassVar

from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.process import POLL_SECONDS, Account, ServerProcess, processes_in
from tracker.embedded.server_log import ServerLog

log = logging.getLogger(__name__)

# Nothing of the tracker's environment reaches a server: secrets are in it, and PG* variables change PostgreSQL.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
LOADING_NEWS_SECONDS = 10


class Reply(enum.Enum):
    READY = "answers and serves our folder"
    BUSY = "says that it is loading, recovering or shutting down"
    SILENT = "nobody listens, or nobody answers"
    FOREIGN = "answers for another folder"


class EmbeddedServer(ABC):
    """One server process over one folder. `start` and `stop` are not called at the same time."""

    name: ClassVar[str]
    programs: ClassVar[frozenset[str]]  # process names that can hold such a folder
    stop_signals: ClassVar[tuple[signal.Signals, ...]]  # the polite one first, then one every `stop_patience`

    # How long a server that is there but does not answer is waited for, and each signal of a stop.
    silence_patience = 20.0
    stop_patience = 120.0
    leftover_patience = 5.0

    def __init__(self, log_file: Path) -> None:
        self._log = ServerLog(log_file)
        self._process: ServerProcess | None = None
        self.account = Account()
        self.begun = asyncio.Event()  # ours runs over this folder, with our settings; it may still load

    @property
    def pid(self) -> int:
        if self._process is None:
            raise EmbeddedServerError(f"{self.name} has not been started.")
        return self._process.pid

    async def start(self) -> None:
        """Returns when it answers, however long it has to load. Raises EmbeddedServerError when it cannot."""
        if self._process is not None and self._process.is_running():
            return
        self._process = None
        holder = await self._make_ready()
        try:
            if holder is None or not await self._adopt(holder):
                await self._launch()
            await self._settle()
            self.begun.set()
        except Exception:
            await self.stop()
            raise

    async def _make_ready(self) -> ServerProcess | None:
        """Folders, settings, nothing left of a killed server; returns the one that serves the folder already."""
        try:
            holder = self._find()
            if holder is None:
                # Before anything is made: a PostgreSQL whose folder was removed writes into the next of that name.
                await self._end_leftovers()
            await asyncio.to_thread(self._prepare)
        except OSError as error:
            raise EmbeddedServerError(
                f"{self.name} cannot use {error.filename}: {error.strerror}. Run the tracker as the user who made the "
                f"data folder, see that its disk is not full, or choose another with --data."
            ) from error
        return holder

    async def wait(self) -> None:
        """Returns when the server process ends, whoever started it."""
        if self._process is not None:
            await self._process.ended(poll_seconds=0.1)

    async def stop(self) -> None:
        """Returns when it has ended. Harsher signals follow only after `stop_patience` seconds each."""
        if self._process is not None:
            await self._end(self._process)
        self._process = None

    @abstractmethod
    def _prepare(self) -> None:
        """Folders and settings, in a thread. Nothing is started yet."""

    @abstractmethod
    def _working_folder(self) -> Path:
        """Where the server process works, resolved: that is how its processes are recognised."""

    @abstractmethod
    def _command(self) -> Sequence[str]: ...

    @abstractmethod
    def _find(self) -> ServerProcess | None:
        """The server that runs over this folder now."""

    @abstractmethod
    def _is_current(self, process: ServerProcess) -> bool:
        """Whether that server runs with the settings that we would start it with."""

    @abstractmethod
    async def _ask(self) -> Reply: ...

    @abstractmethod
    async def _settle(self) -> None:
        """What is to be done and checked once it answers."""

    async def _adopt(self, holder: ServerProcess) -> bool:
        """False: it ended, by itself or because its settings are not today's."""
        self._process = holder  # so that a start that is given up can be followed by `stop`
        try:
            answers = await self._answers(holder, patience=self.silence_patience)
        except EmbeddedServerError:
            self._process = None  # refused: it is not for us to stop
            raise
        if not answers:
            return False
        if not self._is_current(holder):
            log.info("%s runs with other settings than today's: restarting it", self.name)
            await self._end(holder)
            return False
        log.info("%s (process %d) was still running: adopted", self.name, holder.pid)
        return True

    async def _launch(self) -> None:
        await self._end_leftovers()
        try:
            child = self._spawn()
        except OSError as error:
            raise EmbeddedServerError(
                f"{self.name} cannot be run: {error.strerror}: {error.filename}. Installing again (make clean, "
                f"make run) repairs its program; a disk mounted noexec cannot hold it."
            ) from error
        self._process = ServerProcess.of_child(child)
        self.begun.set()
        if not await self._answers(self._process, patience=None):
            raise EmbeddedServerError(
                f"{self.name} ended while starting (exit code {child.returncode}). "
                f"The end of its log, {self._log.path}:\n{self._log.tail()}{self._advice()}"
            )

    def _advice(self) -> str:
        """What to do about the end of its log, a line of its own; empty: the log says it."""
        return ""

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open(self.account) as output:
            return subprocess.Popen(  # noqa: S603  # our own program and settings
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._working_folder(),
                env=ENVIRONMENT,
                start_new_session=True,  # Ctrl-C in the terminal is for us: we stop it in order
                user=self.account.uid,
                group=self.account.gid,
                extra_groups=self.account.groups,
            )

    async def _answers(self, process: ServerProcess, *, patience: float | None) -> bool:
        """True when it answers, False when it ended. It may load for ever, but be silent only for `patience`."""
        heard = news = monotonic()
        while process.is_running():
            reply = await self._ask()
            if reply is Reply.READY:
                return True
            if reply is Reply.BUSY:
                heard = monotonic()
            if reply is Reply.FOREIGN or (patience is not None and monotonic() - heard > patience):
                raise self._refusal(process, reply)
            if monotonic() - news > LOADING_NEWS_SECONDS:
                news = monotonic()
                log.info("%s (process %d) is not ready yet: it %s", self.name, process.pid, reply.value)
            await asyncio.sleep(POLL_SECONDS)
        return False

    def _refusal(self, process: ServerProcess, reply: Reply) -> EmbeddedServerError:
        state = "is suspended" if process.is_suspended() else f"is there, but {reply.value}"
        return EmbeddedServerError(
            f"{self.name} (process {process.pid}) works in {self._working_folder()} and {state}. "
            f"Stop it (kill {process.pid}; if that does not help, kill -9 {process.pid}), then start again: "
            f"what was acknowledged is on disk."
        )

    async def _end_leftovers(self) -> None:
        """Helpers that outlived a killed server: they would hold its memory, its files or its sockets."""
        leftovers = processes_in(self._working_folder(), self.programs)
        for process in leftovers:
            if not self._is_ours(process):
                raise self._refusal(process, Reply.FOREIGN)
        for process in leftovers:
            process.send(signal.SIGTERM)
        for process in leftovers:
            if not await process.ended(within=self.leftover_patience):
                log.warning("A leftover of %s (process %d) did not end: killing it", self.name, process.pid)
                process.send(signal.SIGKILL)
                await process.ended()

    def _is_ours(self, process: ServerProcess) -> bool:  # noqa: ARG002  # a server may know better
        return True

    async def _end(self, process: ServerProcess) -> None:
        for number in self.stop_signals:
            process.send(number)
            if await process.ended(within=self.stop_patience):
                return
            log.warning("%s (%d) still runs %.0f s after %s", self.name, process.pid, self.stop_patience, number.name)
        process.send(signal.SIGKILL)
        await process.ended()
