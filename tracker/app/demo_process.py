"""The demo shops and the programme's demo sign-in: a process beside the tracker that knows its public address."""

import secrets
import socket
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
from aiohttp import web

from tracker import keys
from tracker.app.installation import load
from tracker.core.partner import Programme
from tracker.demo.site import demo_site
from tracker.redirect.tokens import make_link
from tracker.settings import Settings
from tracker.telemetry import Telemetry
from tracker.web import LARGEST_BODY, make_runner, middleware

_SECONDS_TO_ANSWER = 10


@asynccontextmanager
async def demo_shops(settings: Settings, listening: socket.socket) -> AsyncIterator[None]:
    """Serves on that socket inside the block."""
    link_key = keys.load(settings.data).link
    telemetry = Telemetry()
    app = web.Application(
        client_max_size=LARGEST_BODY, middlewares=[middleware(telemetry, lambda: uuid.uuid4().hex[:16])]
    )
    timeout = aiohttp.ClientTimeout(total=_SECONDS_TO_ANSWER)
    async with aiohttp.ClientSession(timeout=timeout) as client:
        routes = demo_site(
            _programme(settings, listening),
            settings.public_url,
            client,
            make_link=lambda shopper, partner: make_link(link_key, shopper, partner, time.time()),
            now=lambda: datetime.now(UTC),
            new_number=lambda: 100_000_000 + secrets.randbelow(900_000_000),
        )
        app.add_routes(routes)
        runner = make_runner(app, telemetry)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            yield
        finally:
            await runner.cleanup()


def _programme(settings: Settings, listening: socket.socket) -> Programme:
    """As the tracker beside us reads it, also when we were started by ourselves."""
    port: int = listening.getsockname()[1]
    return load(replace(settings, demo=True, demo_port=port), keys.load(settings.data))
