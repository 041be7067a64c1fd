"""`/healthz`: the process answers. `/readyz`: so do the stores that it needs, each named. `/metrics`: its counters."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from tracker.errors import WarehouseTooOldError
from tracker.telemetry import Telemetry

_PATIENCE_SECONDS = 1.0
_OK, _AWAY = "ok", "away"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """`ask` raises when the part is away. Without a part that is not `needed` we serve all the same."""

    ask: Callable[[], Awaitable[object]]
    needed: bool = True


class Health:
    def __init__(
        self, parts: Mapping[str, Part], telemetry: Telemetry, is_leaving: Callable[[], bool] = lambda: False
    ) -> None:
        """While this process `is_leaving` it is not ready, so that a balancer sends nobody more."""
        self._is_leaving = is_leaving
        self._parts = parts
        self._telemetry = telemetry
        self._away: set[str] = set()
        self._seen: set[str] = set()  # answered once: until then it is only starting

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self.healthz),
            web.get("/readyz", self.readyz),
            web.get("/metrics", self.metrics),
        ]

    async def healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n", headers={"Cache-Control": "no-store"})

    async def readyz(self, _: web.Request) -> web.Response:
        answers = await asyncio.gather(*(self._answers(name, part) for name, part in self._parts.items()))
        states = dict(zip(self._parts, answers, strict=True))
        ready = all(states[name] == _OK for name, part in self._parts.items() if part.needed)
        if self._is_leaving():
            states["worker"], ready = "leaving", False
        return web.json_response(states, status=200 if ready else 503, headers={"Cache-Control": "no-store"})

    async def metrics(self, _: web.Request) -> web.Response:
        """Of all processes of the installation; as Prometheus asks for it."""
        headers = {"Cache-Control": "no-store", "Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        text = await asyncio.to_thread(self._telemetry.render)  # thousands of series: shoppers need not wait for them
        return web.Response(body=text.encode(), headers=headers)

    async def _answers(self, name: str, part: Part) -> str:
        """`ok`, `away`, or a sentence: it answers, and is of no use. Logged when it changes: whoever asks every second
        need not read it every second."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await part.ask()
        except WarehouseTooOldError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the part is away
            if name not in self._away:
                self._away.add(name)
                level = logging.WARNING if name in self._seen else logging.INFO
                log.log(level, "%s is away: %s", name, str(error) or type(error).__name__)
            return _AWAY
        self._seen.add(name)
        if name in self._away:
            self._away.remove(name)
            log.info("%s is back", name)
        return _OK
