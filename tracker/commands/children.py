"""Our own processes, started by `serve`: each ends by itself when `serve` is gone, however that came about."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

# A child that is asked to stop finishes its requests or its batch first; after this long it is told to.
STOP_SECONDS = 30


class Child:
    """One `tracker` command in a process of its own. It holds the reading end of a pipe whose writing end only `serve`
    has: when `serve` dies, even by kill -9, the pipe ends and the child stops."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], listen_fd: int | None = None
    ) -> None:
        self._name = name
        self._arguments = arguments
        self._environment = environment
        self._listen_fd = listen_fd
        self._process: asyncio.subprocess.Process | None = None
        self._parent_end: int | None = None

    @property
    def name(self) -> str:
        return self._name

    async def start(self) -> None:
        child_end, parent_end = os.pipe()
        os.set_inheritable(child_end, True)
        passed = [child_end] if self._listen_fd is None else [child_end, self._listen_fd]
        arguments = [*self._arguments, "--parent-fd", str(child_end)]
        if self._listen_fd is not None:
            arguments += ["--listen-fd", str(self._listen_fd)]
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

    async def stop(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        self._close_parent_end()

    def _close_parent_end(self) -> None:
        if self._parent_end is not None:
            os.close(self._parent_end)
            self._parent_end = None


def stop_event(parent_fd: int | None) -> asyncio.Event:
    """Set when we are asked to stop: SIGTERM, Ctrl-C, or the end of the process that started us."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if parent_fd is not None:

        def parent_is_gone() -> None:
            loop.remove_reader(parent_fd)
            stopping.set()

        loop.add_reader(parent_fd, parent_is_gone)
    return stopping
