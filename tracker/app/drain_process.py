"""The warehouse process: the only one that holds the embedded engine. Ships every fact, decides what was kept for
later, and answers analysts."""

import asyncio
import logging
import math
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from aiohttp import web

from tracker import keys
from tracker.app.engines import bring_up_to_date, open_engine
from tracker.app.in_force import InForce
from tracker.app.installation import warehouse_folder, warehouse_socket, with_embedded
from tracker.app.notifying import notifying
from tracker.app.retaining import keep_retaining
from tracker.app.stores import Stores, open_stores
from tracker.app.upkeep_http import UpkeepHttp, upkeep_of
from tracker.board import State
from tracker.embedded.folders import make_socket_folder
from tracker.errors import StoreUnavailableError, WarehouseQueryError
from tracker.postback.replay import replay
from tracker.reports.clickhouse_http import AnalystHttp
from tracker.settings import Settings
from tracker.store.warehouse.drain import Drain
from tracker.store.warehouse.migrate import migrations
from tracker.store.warehouse.old_clicks import EngineOldClicks
from tracker.store.warehouse.shopper_clicks import EngineShopperClicks
from tracker.store.warehouse.threads import EngineThreads
from tracker.store.warehouse.versions import read_version, what_waits
from tracker.telemetry import CAME_LATER, REPLAYED, Telemetry
from tracker.web import Health, TrustedProxies, Watch, make_runner, middleware, watched
from tracker.web.local import local_names_only
from tracker.web.watch import paths_of

FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 300.0
LONGEST_SERVER_PAUSE_SECONDS = 5.0
LARGEST_STATEMENT = 256 * 1024  # bytes

Reload = Callable[[], Awaitable[None]]

log = logging.getLogger(__name__)


async def run_drain(
    settings: Settings,
    listening: socket.socket,
    stopping: asyncio.Event,
    telemetry: Telemetry,
    when_to_reload: Callable[[Reload], object],
) -> None:
    """Until `stopping` is set; then once more for what is left. `listening` is where analysts connect."""
    secrets = keys.load(settings.data)
    in_force = InForce(settings, telemetry)
    when_to_reload(in_force.reload)
    async with open_engine(settings, telemetry) as threads:
        old_clicks = EngineOldClicks(threads)
        async with (
            open_stores(settings, secrets, old_clicks, telemetry) as stores,
            _analysts(settings, threads, listening, telemetry, upkeep_of(threads, settings, secrets)),
            notifying(settings, in_force, telemetry, stopping),
        ):
            replaying = asyncio.create_task(_keep_replaying(stores, in_force, telemetry, stopping))
            drain = Drain(
                threads,
                stores.valkey,
                with_embedded(settings).postgres_url or "",
                shopper_hash_key=bytes.fromhex(secrets.shopper_hash),
                telemetry=telemetry,
            )
            telemetry.place.state = State.READY
            retaining = asyncio.create_task(keep_retaining(settings, threads, stopping))
            if settings.clickhouse_url is None or await _server_is_ready(threads, stopping):
                await drain.run(stopping)
            await asyncio.gather(replaying, retaining)


async def _server_is_ready(threads: EngineThreads, stopping: asyncio.Event) -> bool:
    """Waits for the server and brings its schema up to date; all that is no business of its goes on meanwhile. False
    when `stopping` came first: what there is to ship stays where it is."""
    pause = FIRST_PAUSE_SECONDS
    while not stopping.is_set():
        try:
            await bring_up_to_date(threads)
            left = what_waits(await threads.change(read_version), migrations())
        except (StoreUnavailableError, WarehouseQueryError) as error:
            log.warning("ClickHouse is not ready; nothing is lost, tried again in %s s: %s", pause, error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)
            pause = min(2 * pause, LONGEST_SERVER_PAUSE_SECONDS)
        else:
            if left:
                log.warning("%s", left)
            return True
    return False


@asynccontextmanager
async def _analysts(
    settings: Settings,
    threads: EngineThreads,
    listening: socket.socket,
    telemetry: Telemetry,
    upkeep: UpkeepHttp,
) -> AsyncIterator[None]:
    """ClickHouse's own protocol: on loopback for analysts, and on a socket in our folder for our own processes."""
    http = AnalystHttp(threads, EngineOldClicks(threads), EngineShopperClicks(threads))
    guarded = middleware(telemetry, lambda: uuid.uuid4().hex[:16])
    kinds = dict.fromkeys(paths_of(http.routes()), "analysts")
    watch = Watch(telemetry, TrustedProxies(), kinds.values(), slow_seconds=math.inf)  # analysts' questions take long
    timed = watched(watch, kinds)
    for_analysts = web.Application(middlewares=[timed, guarded, local_names_only], client_max_size=LARGEST_STATEMENT)
    for_us = web.Application(middlewares=[guarded], client_max_size=LARGEST_STATEMENT)
    for_analysts.add_routes(http.routes())
    for_analysts.add_routes([web.get("/metrics", Health({}, telemetry).metrics)])
    for_us.add_routes(http.internal_routes())
    for_us.add_routes(upkeep.routes())
    runners = [make_runner(app, telemetry) for app in (for_analysts, for_us)]
    for runner in runners:
        await runner.setup()
    ours = warehouse_socket(settings)
    make_socket_folder(warehouse_folder(settings) / "run", ours.name)
    ours.unlink(missing_ok=True)  # of a process that was killed: two of us cannot hold the engine
    try:
        await web.UnixSite(runners[1], str(ours)).start()
        await web.SockSite(runners[0], listening).start()
        yield
    finally:
        for runner in runners:
            await runner.cleanup()
        ours.unlink(missing_ok=True)


async def _keep_replaying(stores: Stores, in_force: InForce, telemetry: Telemetry, stopping: asyncio.Event) -> None:
    """Often after something was decided, ever more seldom while nothing changes."""
    pauses = _pauses()
    came_later = stores.came_later()
    while not stopping.is_set():
        try:
            done = await replay(stores.ledger, stores.ingest, in_force().partners)
            came = await came_later.decide(datetime.now(UTC))
        except StoreUnavailableError as error:
            log.warning("Kept postbacks wait: %s", error)
        else:
            decided = done.seen - done.deferred - done.failed
            telemetry.count(REPLAYED, by=decided)
            telemetry.count(CAME_LATER, "click", by=came.found)
            telemetry.count(CAME_LATER, "rate", by=came.rated)
            if decided or not done.seen:
                pauses = _pauses()
        try:
            await asyncio.wait_for(stopping.wait(), next(pauses))
        except TimeoutError:
            continue


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
