"""Upkeep of ClickHouse as the process does it that holds the engine; others ask for it over its socket."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from tracker.app.installation import with_embedded
from tracker.errors import TrackerError
from tracker.keys import Keys
from tracker.settings import Settings
from tracker.store.warehouse.rebuild import Rebuild, Rebuilt
from tracker.store.warehouse.rows import shopper_hash
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import Telemetry

REBUILD = "/rebuild"


class Said(msgspec.Struct, omit_defaults=True):
    """A line of the answer: how far it is, and at the end what came of it or why it failed."""

    made: int = 0
    done: list[Rebuilt] | None = None
    failed: str = ""


Say = Callable[[Said], Awaitable[None]]


class UpkeepHttp:
    """For our own processes, over the unix socket alone."""

    def __init__(self, rebuild: Rebuild) -> None:
        self._rebuild = rebuild

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/rebuild", self._rebuild_all)]

    async def _rebuild_all(self, request: web.Request) -> web.StreamResponse:
        async def work(say: Say) -> Said:
            return Said(done=await self._rebuild.run(lambda made: say(Said(made=made))))

        return await _telling(request, work)


def upkeep_of(threads: EngineThreads, settings: Settings, secrets: Keys) -> UpkeepHttp:
    return UpkeepHttp(rebuild_of(threads, settings, secrets))


def rebuild_of(threads: EngineThreads, settings: Settings, secrets: Keys) -> Rebuild:
    hash_shopper = shopper_hash(bytes.fromhex(secrets.shopper_hash))
    return Rebuild(threads, with_embedded(settings).postgres_url or "", hash_shopper, Telemetry())


async def _telling(request: web.Request, work: Callable[[Say], Awaitable[Said]]) -> web.StreamResponse:
    """A line whenever there is something to say: the work may take long."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)

    async def say(said: Said) -> None:
        await response.write(msgspec.json.encode(said) + b"\n")

    try:
        await say(await work(say))
    except TrackerError as error:
        await say(Said(failed=str(error)))
    return response
