"""`tracker serve`: the stores, the web workers and the warehouse process, until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic

from tracker import app
from tracker.board import Board
from tracker.commands.children import DRAIN_PLACE, Child, stop_event, web_places
from tracker.commands.control import orders as taking_orders
from tracker.commands.fleet import Fleet
from tracker.commands.listen import listen
from tracker.commands.orders import Orders
from tracker.commands.sighup import reload_on_sighup
from tracker.commands.stores import Stores, starting_stores
from tracker.commands.systemd import OF_SYSTEMD, tell_systemd
from tracker.embedded.lock import DataFolderLock
from tracker.postback.sample import example_query
from tracker.settings import Settings
from tracker.telemetry import set_up_logging

log = logging.getLogger(__name__)

_WAREHOUSE_SECONDS = 10
_LOOK_SECONDS = 0.05
_ANSWER_SECONDS = 2.0

_WELCOME = """
The tracker is running. Ctrl-C stops it.

In a browser:
  {public_url}/          the catalogue{banners}
  {public_url}/my        a shopper's clicks and cashback
  {public_url}/readyz    every part and whether it answers

In another terminal:
  {tracker} link shopper-42 {partner}{options}
      a signed click-out address; the click id (30 characters) is in the address that it leads to
  {tracker} postback-url {partner}{options}
      where the partner's network reports orders: add ?{example}{proof}
  {tracker} partner-url {partner}{options}
      the partner's own page: its addresses, its messages and what became of them, a box to try a request
  {tracker} desk-url{options}
      the desk of your staff: orders that wait for a person
  {tracker} query 'SELECT order_id, status, cashback, reasons FROM analytics.conversions'{options}
      what purchases earned, and why; or any ClickHouse client, at {warehouse_url}
  {tracker} reports-url{options}
      the same as pages with charts
"""


def serve(options: argparse.Namespace, settings: Settings) -> None:
    """Everything, until Ctrl-C or SIGTERM."""
    set_up_logging()
    asyncio.run(_serve(settings, parent_fd=options.parent_fd))


async def _serve(settings: Settings, *, parent_fd: int | None) -> None:
    stopping = stop_event(parent_fd)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _no_reload_now)
    with DataFolderLock(settings.data):
        asked = settings
        settings = app.prepare(settings)  # every problem of the configuration is told before anything is started
        async with AsyncExitStack() as stack:
            shoppers = stack.enter_context(listen(settings.host, settings.port, "--port", "web"))
            analysts = stack.enter_context(
                listen("127.0.0.1", settings.warehouse_port, "--warehouse-port", "warehouse")
            )
            demo = (
                stack.enter_context(listen("127.0.0.1", settings.demo_port, "--demo-port", "demo"))
                if settings.demo
                else None
            )
            stores = await stack.enter_async_context(starting_stores(settings, stopping))
            fleet = _fleet(app.as_in_force(settings), stores, shoppers, analysts, demo)
            stack.push_async_callback(fleet.stop)
            if app.is_nothing_new(settings):
                await fleet.start_workers()  # what PostgreSQL could refuse, it has taken in before
            settings = await _open_books(settings, stores)
            await fleet.start()
            await stores.valkey
            await _until_ready(shoppers, stopping)
            orders = Orders(fleet, _as_served(asked, demo), stores.postgres_url)
            async with taking_orders(asked, orders.obey), _reloading_on_sighup(orders):
                if not stopping.is_set():
                    print(_welcome(settings, shoppers, analysts), flush=True)
                    tell_systemd("READY=1")
                await stopping.wait()
            tell_systemd("STOPPING=1")
            log.info("stopping: requests are finished, then facts are shipped, then the stores end")


def _as_served(asked: Settings, demo: socket.socket | None) -> Settings:
    """With the port that the demo has."""
    return asked if demo is None else replace(asked, demo_port=demo.getsockname()[1])


@asynccontextmanager
async def _reloading_on_sighup(orders: Orders) -> AsyncIterator[None]:
    under_way = reload_on_sighup(orders.reload_on_sighup)
    try:
        yield
    finally:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _no_reload_now)
        for task in list(under_way):
            task.cancel()


def _no_reload_now() -> None:
    log.warning("not reloaded: the tracker starts or stops just now")


async def _open_books(settings: Settings, stores: Stores) -> Settings:
    """PostgreSQL, its schema up to date, the terms in force in it. Raises ConfigurationError when it refuses them."""
    await stores.postgres
    for name in await app.migrate_books(settings, stores.postgres_url):
        log.info("PostgreSQL: applied %s", name)
    return await app.adopt_terms(settings, stores.postgres_url)


def _fleet(
    settings: Settings,
    stores: Stores,
    shoppers: socket.socket,
    analysts: socket.socket,
    demo: socket.socket | None,
) -> Fleet:
    """The processes, all on one board."""
    common = _common(settings, shoppers)
    environment = {name: value for name, value in os.environ.items() if name not in OF_SYSTEMD} | stores.environment
    if demo is not None:
        environment |= {"TRACKER_DEMO": "1", "TRACKER_DEMO_PORT": str(demo.getsockname()[1])}
    board = Board.make(web_places(settings.workers)[1] + 1)

    def worker(number: int, place: int) -> Child:
        return Child(f"web worker {number}", ["web", *common], environment, shoppers.fileno(), (board, place))

    drain = Child("drain", ["drain", *common], environment, analysts.fileno(), (board, DRAIN_PLACE))
    shops = None if demo is None else Child("demo", ["demo", *common], environment, demo.fileno())
    return Fleet(drain, worker, settings.workers, shops)


def _common(settings: Settings, shoppers: socket.socket) -> list[str]:
    """What every child is told: the file that was checked, and the port that was found."""
    files = ["--data", str(settings.data), "--partners", str(settings.partners)]
    return [*files, "--host", settings.host, "--port", str(shoppers.getsockname()[1])]


async def _until_ready(shoppers: socket.socket, stopping: asyncio.Event) -> None:
    """Until every part answers; not long for those that shoppers and partners can do without."""
    serves_since: float | None = None
    while not stopping.is_set():
        try:
            status, parts = await asyncio.to_thread(_readyz, *shoppers.getsockname()[:2])
            if "away" not in parts.values():
                return
            if status == 200:
                serves_since = serves_since or monotonic()
                if monotonic() - serves_since > _WAREHOUSE_SECONDS:
                    return
        except (OSError, HTTPException, ValueError):
            pass
        await asyncio.sleep(_LOOK_SECONDS)


def _readyz(host: str, port: int) -> tuple[int, dict[str, str]]:
    """By Python's own client: to import aiohttp's takes a quarter of what `serve` needs, and shoppers wait meanwhile.
    Raises OSError, HTTPException or ValueError."""
    connection = HTTPConnection(_reachable(host), port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    finally:
        connection.close()


def _reachable(host: str) -> str:
    """An address to connect to, for one to listen on."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what the operator chose


def _welcome(settings: Settings, shoppers: socket.socket, analysts: socket.socket) -> str:
    port = shoppers.getsockname()[1]
    public_url = settings.public_url.removesuffix(":0") + (f":{port}" if settings.public_url.endswith(":0") else "")
    warehouse_url = f"http://127.0.0.1:{analysts.getsockname()[1]}"
    app.note_running(settings, public_url, warehouse_url)
    partner = app.first_partner(settings)
    here = Path.cwd()
    program = Path(sys.argv[0]).absolute()
    return _WELCOME.format(
        public_url=public_url,
        warehouse_url=warehouse_url,
        banners="; its banners lead to demo shops" if settings.demo else "",
        tracker=program.relative_to(here) if program.is_relative_to(here) else program.name,
        partner=partner.id,
        example=example_query(partner, "CLICK_ID"),
        proof=""
        if partner.postback.auth is None
        else f", and the proof that {program.name} postback-url --network tells",
        options="" if settings.data == here / "data" else f" --data {settings.data}",
    )
