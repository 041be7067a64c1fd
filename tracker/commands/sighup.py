"""SIGHUP: partners.yaml is read again, beside what the process does anyway."""

import asyncio
import signal
from collections.abc import Awaitable, Callable


def reload_on_sighup(reload: Callable[[], Awaitable[None]]) -> set["asyncio.Future[None]"]:
    """Returns what is under way: for whoever ends before it."""
    loop = asyncio.get_running_loop()
    under_way: set[asyncio.Future[None]] = set()

    def begin() -> None:
        task = asyncio.ensure_future(reload())
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    loop.add_signal_handler(signal.SIGHUP, begin)
    return under_way
