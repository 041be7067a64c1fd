"""Restarts a server that ended while we run, without hurry when it ends again and again."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from logging import Logger
from time import monotonic
from typing import Protocol

from tracker.errors import TrackerError

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
STEADY_SECONDS = 60.0  # having run so long, its end is a new story


class Server(Protocol):
    @property
    def name(self) -> str: ...
    async def start(self) -> None: ...
    async def wait(self) -> None: ...


async def keep_alive(server: Server, *, stopping: asyncio.Event, log: Logger) -> None:
    """Returns once `stopping` is set; set it before you stop the server, and await this before you do."""
    pause = FIRST_PAUSE
    started = monotonic()
    while await _unless(stopping, server.wait()):
        if monotonic() - started > STEADY_SECONDS:
            pause = FIRST_PAUSE
        log.error("%s is not running, and nobody stopped it: starting it in %.1f s", server.name, pause)
        await _unless(stopping, asyncio.sleep(pause))
        pause = min(2 * pause, LONGEST_PAUSE)
        started = monotonic()
        try:
            if await _unless(stopping, server.start()):
                log.warning("%s runs again", server.name)
        except (TrackerError, OSError) as error:
            log.error("%s could not be started: %s", server.name, error)  # noqa: TRY400  # a sentence, not a traceback


async def _unless(stopping: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """True when `work` is done, False when it was given up because of `stopping`. Raises what `work` raises."""
    task = asyncio.ensure_future(work)
    stop = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            return False
        await task
    finally:
        for waiting in (task, stop):
            waiting.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await waiting
    return True
