"""`tracker web` and `tracker drain`: what `serve` keeps running, or an operator's own supervisor."""

import argparse
import asyncio
import socket

import uvloop

from tracker import app
from tracker.commands.children import stop_event
from tracker.commands.listen import listen
from tracker.settings import Settings
from tracker.telemetry import set_up_logging


def web(options: argparse.Namespace, settings: Settings) -> None:
    """One web worker; it accepts on the socket that `serve` hands over, or on its own."""
    set_up_logging()

    async def main() -> None:
        stopping = stop_event(options.parent_fd)
        listening = _handed_over(options) or listen(settings.host, settings.port, "--port")
        async with app.web_worker(settings, listening):
            await stopping.wait()

    uvloop.run(main())


def drain(options: argparse.Namespace, settings: Settings) -> None:
    """The warehouse process: the only one that holds the embedded engine."""
    set_up_logging()

    async def main() -> None:
        stopping = stop_event(options.parent_fd)
        listening = _handed_over(options) or listen("127.0.0.1", settings.warehouse_port, "--warehouse-port")
        await app.run_drain(settings, listening, stopping)

    asyncio.run(main())


def demo(options: argparse.Namespace, settings: Settings) -> None:
    """The demo shops: partners, as far as the tracker can tell."""
    set_up_logging()

    async def main() -> None:
        stopping = stop_event(options.parent_fd)
        listening = _handed_over(options) or listen("127.0.0.1", settings.demo_port, "--demo-port")
        async with app.demo_shops(settings, listening):
            await stopping.wait()

    asyncio.run(main())


def _handed_over(options: argparse.Namespace) -> socket.socket | None:
    return None if options.listen_fd is None else socket.socket(fileno=options.listen_fd)
