"""`tracker serve`: the stores, the web workers and the warehouse process, until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import aiohttp

from tracker import app
from tracker.commands.children import Child, stop_event
from tracker.commands.listen import listen
from tracker.embedded.keep_alive import Server, keep_alive
from tracker.embedded.lock import DataFolderLock
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.valkey import EmbeddedValkey
from tracker.postback.sample import example_query
from tracker.settings import Settings
from tracker.store.migrate import migrate_postgres
from tracker.telemetry import set_up_logging

log = logging.getLogger(__name__)

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


class _Stoppable(Server, Protocol):
    async def stop(self) -> None: ...


_Kept = TypeVar("_Kept", bound=_Stoppable)


def serve(options: argparse.Namespace, settings: Settings) -> None:
    """Everything, until Ctrl-C or SIGTERM."""
    set_up_logging()
    asyncio.run(_serve(settings, parent_fd=options.parent_fd))


async def _serve(settings: Settings, *, parent_fd: int | None) -> None:
    stopping = stop_event(parent_fd)
    with DataFolderLock(settings.data):
        settings = app.prepare(settings)  # every problem of the configuration is told before anything is started
        async with AsyncExitStack() as stack:
            shoppers = stack.enter_context(listen(settings.host, settings.port, "--port"))
            analysts = stack.enter_context(listen("127.0.0.1", settings.warehouse_port, "--warehouse-port"))
            demo = (
                stack.enter_context(listen("127.0.0.1", settings.demo_port, "--demo-port")) if settings.demo else None
            )
            addresses = await _stores(stack, stopping, settings)
            settings = await app.adopt_terms(settings, addresses["TRACKER_POSTGRES_URL"])
            environment = dict(os.environ) | addresses
            children = _children(settings, environment, shoppers, analysts)
            if demo is not None:
                environment |= {"TRACKER_DEMO": "1", "TRACKER_DEMO_PORT": str(demo.getsockname()[1])}
                children.append(Child("demo", ["demo", *_common(settings, shoppers)], environment, demo.fileno()))
            for child in children:
                await stack.enter_async_context(_kept_alive(child, stopping))
            await _until_ready(settings, shoppers, stopping)
            if not stopping.is_set():
                print(_welcome(settings, shoppers, analysts), flush=True)
            await stopping.wait()
            log.info("stopping: requests are finished, then facts are shipped, then the stores end")


async def _stores(stack: AsyncExitStack, stopping: asyncio.Event, settings: Settings) -> dict[str, str]:
    """Start what is embedded, check what is not, migrate PostgreSQL; the addresses, as our children's settings."""
    valkey_url, postgres_url = settings.valkey_url, settings.postgres_url
    if valkey_url is None:
        valkey_url = (await stack.enter_async_context(_kept_alive(EmbeddedValkey(settings.data), stopping))).url
    else:
        await app.check_valkey_server(valkey_url, settings.valkey_replicas)
    if postgres_url is None:
        postgres_url = (await stack.enter_async_context(_kept_alive(EmbeddedPostgres(settings.data), stopping))).dsn
    else:
        await app.check_postgres_server(postgres_url)
    for name in await migrate_postgres(postgres_url):
        log.info("PostgreSQL: applied %s", name)
    return {"TRACKER_VALKEY_URL": valkey_url, "TRACKER_POSTGRES_URL": postgres_url}


def _children(
    settings: Settings, environment: dict[str, str], shoppers: socket.socket, analysts: socket.socket
) -> list[Child]:
    """Stopped in the reverse order: first no new clicks and postbacks, then the drain ships what is left."""
    common = _common(settings, shoppers)
    workers = [
        Child(f"web worker {number + 1}", ["web", *common], environment, shoppers.fileno())
        for number in range(settings.workers)
    ]
    return [Child("drain", ["drain", *common], environment, analysts.fileno()), *workers]


def _common(settings: Settings, shoppers: socket.socket) -> list[str]:
    """What every child is told: the file that was checked, and the port that was found."""
    files = ["--data", str(settings.data), "--partners", str(settings.partners)]
    return [*files, "--host", settings.host, "--port", str(shoppers.getsockname()[1])]


@asynccontextmanager
async def _kept_alive(server: _Kept, stopping: asyncio.Event) -> AsyncIterator[_Kept]:
    """Running inside the block, started again if it ends, stopped behind it."""
    await server.start()
    watch = asyncio.create_task(keep_alive(server, stopping=stopping, log=log))
    try:
        yield server
    finally:
        stopping.set()
        await watch
        await server.stop()


async def _until_ready(settings: Settings, shoppers: socket.socket, stopping: asyncio.Event) -> None:
    """Until every part answers."""
    url = f"http://{_reachable(settings.host)}:{shoppers.getsockname()[1]}/readyz"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as client:
        while not stopping.is_set():
            try:
                async with client.get(url) as answer:
                    if set((await answer.json()).values()) == {"ok"}:
                        return
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(0.05)


def _reachable(host: str) -> str:
    """An address to connect to, for one to listen on."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - what the operator chose
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


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
