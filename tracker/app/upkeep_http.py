"""Upkeep of ClickHouse as the process does it that holds the engine; others ask for it over its socket."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from aiohttp import web

from tracker.app.installation import warehouse_folder, with_embedded
from tracker.errors import TrackerError
from tracker.keys import Keys
from tracker.settings import Settings
from tracker.store.erase.clickhouse import Person, click_ids_of, forget_in_clickhouse, in_portions
from tracker.store.warehouse.backup import BACKUPS, back_up_clicks
from tracker.store.warehouse.rebuild import Rebuild, Rebuilt
from tracker.store.warehouse.rows import shopper_hash
from tracker.store.warehouse.threads import EngineThreads
from tracker.telemetry import Telemetry

REBUILD = "/rebuild"
ERASE = "/erase"
BACKUP = "/backup"


class Said(msgspec.Struct, omit_defaults=True):
    """A line of the answer: how far it is, and at the end what came of it or why it failed."""

    made: int = 0
    done: list[Rebuilt] | None = None
    click_ids: list[str] | None = None  # some of them; empty: that was all
    changed: dict[str, int] | None = None
    folder: str = ""
    failed: str = ""


class EraseAsked(msgspec.Struct):
    person: Person
    click_ids: list[str] | None = None  # None: which are theirs? Nothing is changed then


_erase_asked = msgspec.json.Decoder(EraseAsked)
Say = Callable[[Said], Awaitable[None]]


class UpkeepHttp:
    """For our own processes, over the unix socket alone."""

    def __init__(self, rebuild: Rebuild, threads: EngineThreads, backups: Path) -> None:
        self._rebuild = rebuild
        self._backups = backups
        self._threads = threads

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(REBUILD, self._rebuild_all),
            web.post(ERASE, self._erase),
            web.post(BACKUP, self._back_up),
        ]

    async def _back_up(self, request: web.Request) -> web.StreamResponse:
        async def work(_: Say) -> Said:
            return Said(folder=str(await back_up_clicks(self._threads, self._backups)))

        return await _telling(request, work)

    async def _erase(self, request: web.Request) -> web.StreamResponse:
        asked = _erase_asked.decode(await request.read())

        async def work(say: Say) -> Said:
            if asked.click_ids is None:
                for some in in_portions(await click_ids_of(self._threads, asked.person)):
                    await say(Said(click_ids=list(some)))
                return Said(click_ids=[])
            return Said(changed=await forget_in_clickhouse(self._threads, asked.person, asked.click_ids))

        return await _telling(request, work)

    async def _rebuild_all(self, request: web.Request) -> web.StreamResponse:
        async def work(say: Say) -> Said:
            return Said(done=await self._rebuild.run(lambda made: say(Said(made=made))))

        return await _telling(request, work)


def upkeep_of(threads: EngineThreads, settings: Settings, secrets: Keys) -> UpkeepHttp:
    backups = warehouse_folder(settings) / "clickhouse" / BACKUPS
    return UpkeepHttp(rebuild_of(threads, settings, secrets), threads, backups)


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
