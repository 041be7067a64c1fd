"""`tracker web` and `tracker drain`: what `serve` keeps running, or an operator's own supervisor."""

import argparse
import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

import uvloop

from tracker import app
from tracker.board import Board, State
from tracker.commands.children import stop_event, web_number
from tracker.commands.listen import listen
from tracker.commands.sighup import reload_on_sighup
from tracker.settings import Settings
from tracker.telemetry import BUILD, FROM_THE_START, STARTED, Telemetry, set_up_logging


def web(options: argparse.Namespace, settings: Settings) -> None:
    """One web worker; it accepts on the socket that `serve` hands over, or on its own."""
    set_up_logging()

    async def main() -> None:
        stopping = stop_event(options.parent_fd)
        listening = _handed_over(options) or listen(settings.host, settings.port, "--port", "web")
        with _telemetry(options, "web") as telemetry:
            async with app.open_web_worker(settings, listening, telemetry) as worker:
                reload_on_sighup(worker.reload)
                await stopping.wait()
                if stopping.is_hurried:
                    worker.announce_leave()
                    await asyncio.sleep(settings.leave_seconds)
                await worker.leave(stopping.patience)

    uvloop.run(main())


def drain(options: argparse.Namespace, settings: Settings) -> None:
    """The warehouse process: the only one that holds the embedded engine."""
    set_up_logging()

    async def main() -> None:
        stopping = stop_event(options.parent_fd)
        listening = _handed_over(options) or listen(
            "127.0.0.1", settings.warehouse_port, "--warehouse-port", "warehouse"
        )
        with _telemetry(options, "drain") as telemetry:
            await app.run_drain(settings, listening, stopping, telemetry, reload_on_sighup)

    asyncio.run(main())


def demo(options: argparse.Namespace, settings: Settings) -> None:
    """The demo shops: partners, as far as the tracker can tell."""
    set_up_logging()

    async def main() -> None:
        stopping = stop_event(options.parent_fd)
        listening = _handed_over(options) or listen("127.0.0.1", settings.demo_port, "--demo-port", "demo")
        async with app.demo_shops(settings, listening):
            await stopping.wait()

    asyncio.run(main())


def _handed_over(options: argparse.Namespace) -> socket.socket | None:
    return None if options.listen_fd is None else socket.socket(fileno=options.listen_fd)


@contextmanager
def _telemetry(options: argparse.Namespace, name: str) -> Iterator[Telemetry]:
    """In our place on the board of `serve`, or on one of our own."""
    board = None if options.board_fd is None else Board.open(options.board_fd)
    telemetry = Telemetry(board, options.place if board else 0)
    process = name if board is None or name == "drain" else f"{name}-{web_number(options.place)}"
    telemetry.gauge(STARTED, time.time(), process)
    telemetry.only(BUILD, _version())
    for metric, *labels in FROM_THE_START:
        telemetry.count(metric, *labels, by=0)
    try:
        yield telemetry
    finally:
        telemetry.place.state = State.LEAVING
        telemetry.place.leave()


def _version() -> str:
    try:
        return version("cashback-tracker")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
