"""Once a day the warehouse process lets go of what is kept for a time only."""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime

from tracker import keys
from tracker.app.installation import with_embedded
from tracker.errors import ConfigurationError, StoreUnavailableError, WarehouseQueryError
from tracker.settings import Settings
from tracker.store.retention import Keep, Retention
from tracker.store.warehouse.threads import EngineThreads

log = logging.getLogger(__name__)

_DAY_SECONDS = 86_400.0
_AGAIN_SECONDS = 600.0  # after a store was away


async def keep_retaining(settings: Settings, threads: EngineThreads, stopping: asyncio.Event) -> None:
    """Until `stopping` is set."""
    keep = Keep(settings.keep_click_months, settings.keep_address_days)
    retention = Retention(threads, with_embedded(settings).postgres_url or "", keep, lambda: datetime.now(UTC))
    while not stopping.is_set():
        try:
            for place, count in (await retention.run()).items():
                log.info("no longer kept: %s, %d", place, count)
            for month in await asyncio.to_thread(keys.destroy_old_months, settings.data, datetime.now(UTC).timestamp()):
                log.info("the key of the addresses of %s is destroyed", month)
            pause = _DAY_SECONDS
        except (StoreUnavailableError, WarehouseQueryError, ConfigurationError, OSError) as error:
            pause = _AGAIN_SECONDS
            log.warning("What is kept for a time only is still there, tried again in %s s: %s", pause, error)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)
