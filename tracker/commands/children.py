"""Our own processes, started by `serve`: each ends by itself when `serve` is gone, however that came about."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tracker.board import Board, Place

# A child that is asked to stop finishes its requests or its batch first; after this long it is told to.
STOP_SECONDS = 30

# Seconds that connections which are open and silent are waited for: by a worker that stops, and by one that was
# replaced. The second has time until the client must expect a connection to be closed (`Patience.idle`).
HURRIED_SECONDS = 1.0
UNHURRIED_SECONDS = 20.0

DRAIN_PLACE = 0


def web_places(number: int) -> tuple[int, int]:
    """On the board, of that web worker (from 1) and of the one that replaces it, in turn."""
    return 2 * number - 1, 2 * number


def web_number(place: int) -> int:
    """Whose place that is."""
    return (place + 1) // 2


class Child:
    """One `tracker` command in a process of its own. It holds the reading end of a pipe whose writing end only `serve`
    has: when `serve` dies, even by kill -9, the pipe ends and the child stops."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        listen_fd: int | None = None,
        board: tuple[Board, int] | None = None,
    ) -> None:
        """`board` with the number of the child's place on it."""
        self._name = name
        self._arguments = arguments
        self._environment = environment
        self._listen_fd = listen_fd
        self._board = board
        self._process: asyncio.subprocess.Process | None = None
        self._parent_end: int | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def place(self) -> Place | None:
        return None if self._board is None else self._board[0].place(self._board[1])

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.returncode is not None

    async def start(self) -> None:
        child_end, parent_end = os.pipe()
        os.set_inheritable(child_end, True)
        passed = [child_end] if self._listen_fd is None else [child_end, self._listen_fd]
        arguments = [*self._arguments, "--parent-fd", str(child_end)]
        if self._listen_fd is not None:
            arguments += ["--listen-fd", str(self._listen_fd)]
        if self._board is not None and self.place is not None:
            self.place.leave()  # what the process before it said of itself is over
            passed.append(self._board[0].descriptor)
            arguments += ["--board-fd", str(self._board[0].descriptor), "--place", str(self._board[1])]
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tracker", *arguments,
                env=self._environment, pass_fds=passed, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(child_end)
        self._close_parent_end()
        self._parent_end = parent_end

    async def wait(self) -> None:
        """Returns when the process has ended."""
        if self._process is not None:
            await self._process.wait()

    def reload(self) -> None:
        """Read the configuration again."""
        self._send(signal.SIGHUP)

    async def stop(self, *, hurried: bool = True) -> None:
        """Not hurried: it was replaced, so nobody waits for it, and it gives open connections all the time."""
        process = self._process
        if process is not None and process.returncode is None:
            self._send(signal.SIGTERM if hurried else signal.SIGUSR2)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS + (0 if hurried else UNHURRIED_SECONDS))
            except TimeoutError:
                process.kill()
                await process.wait()
        self._close_parent_end()

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _close_parent_end(self) -> None:
        if self._parent_end is not None:
            os.close(self._parent_end)
            self._parent_end = None


class Stopping(asyncio.Event):
    """Set when we are asked to stop. `patience` may shrink afterwards: SIGUSR2, then SIGTERM."""

    def __init__(self) -> None:
        super().__init__()
        self._hurried = False

    @property
    def is_hurried(self) -> bool:
        return self._hurried

    def patience(self) -> float:
        """Seconds for connections that are open and silent."""
        return HURRIED_SECONDS if self._hurried else UNHURRIED_SECONDS

    def hurry(self) -> None:
        self._hurried = True
        self.set()


def stop_event(parent_fd: int | None) -> Stopping:
    """Set when we are asked to stop: SIGTERM, Ctrl-C, the end of the process that started us; or, without hurry,
    SIGUSR2."""
    stopping = Stopping()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.hurry)
    loop.add_signal_handler(signal.SIGUSR2, stopping.set)
    if parent_fd is not None:

        def parent_is_gone() -> None:
            loop.remove_reader(parent_fd)
            stopping.hurry()

        loop.add_reader(parent_fd, parent_is_gone)
    return stopping
