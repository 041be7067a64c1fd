"""The sender of notifications as the drain process runs it. One sends at a time, however many such processes there
are."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from tracker.app.in_force import PartnerNames
from tracker.app.installation import with_embedded
from tracker.core.partner import Programme
from tracker.notify.post import Post, open_client
from tracker.notify.sender import Sender, Surroundings
from tracker.settings import Settings
from tracker.store.notices import open_notices
from tracker.telemetry import Telemetry


@asynccontextmanager
async def notifying(
    settings: Settings, programme: Callable[[], Programme], telemetry: Telemetry, stopping: asyncio.Event
) -> AsyncIterator[None]:
    """Sends inside the block until `stopping` is set; nothing when partners.yaml does not say where to."""
    notify = programme().notify  # `serve` starts this process again when that changes
    if notify is None:
        yield
        return
    around = Surroundings(lambda: datetime.now(UTC), random.random, PartnerNames(programme))
    open_queue = partial(open_notices, with_embedded(settings).postgres_url or "")
    async with open_client() as client:
        sending = asyncio.create_task(Sender(open_queue, Post(client, notify), around, telemetry).run(stopping))
        try:
            yield
        finally:
            if not stopping.is_set():  # the block failed: nobody will set it
                sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
