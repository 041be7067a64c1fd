"""Once a day the warehouse process lets go of what is kept for a time only, and closes the months that are over."""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tracker import keys
from tracker.app.installation import with_embedded
from tracker.errors import ConfigurationError, StoreUnavailableError, WarehouseQueryError
from tracker.keys.clock import is_believed
from tracker.settings import Settings
from tracker.store.retention import Keep, Retention
from tracker.store.warehouse.closed_months import merge_closed_months
from tracker.store.warehouse.counted_months import count_closed_months
from tracker.store.warehouse.threads import EngineThreads

log = logging.getLogger(__name__)

_DAY_SECONDS = 86_400.0
_AGAIN_SECONDS = 600.0  # after a store was away


async def keep_retaining(settings: Settings, threads: EngineThreads, stopping: asyncio.Event) -> None:
    """Until `stopping` is set."""
    keep = Keep(settings.keep_click_months, settings.keep_address_days)
    retention = Retention(threads, with_embedded(settings).postgres_url or "", keep, lambda: datetime.now(UTC))
    while not stopping.is_set():
        pause = min(await _let_go(settings.data, retention), await _close_months(threads))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)


async def _close_months(threads: EngineThreads) -> float:
    """How many seconds to wait for the next time."""
    try:
        if merged := await merge_closed_months(threads, datetime.now(UTC)):
            log.info("ClickHouse: merged %d partitions of months that are over", merged)
        if counted := await count_closed_months(threads, datetime.now(UTC)):
            log.info("ClickHouse: counted the clicks of %d months that are over", counted)
    except (StoreUnavailableError, WarehouseQueryError) as error:
        log.warning("Months that are over are not merged and counted, tried again in %s s: %s", _AGAIN_SECONDS, error)
        return _AGAIN_SECONDS
    return _DAY_SECONDS


async def _let_go(data: Path, retention: Retention) -> float:
    """How many seconds to wait for the next time. Whatever fails, there is one."""
    try:
        moment = datetime.now(UTC).timestamp()
        if not await asyncio.to_thread(is_believed, data, moment):
            log.warning("The clock leapt far ahead or is new here: nothing is let go of until it has stayed for a week")
            return _DAY_SECONDS
        for place, count in (await retention.run()).items():
            log.info("no longer kept: %s, %d", place, count)
        for month in await asyncio.to_thread(keys.destroy_old_months, data, moment):
            log.info("the key of the addresses of %s is destroyed", month)
    except (StoreUnavailableError, WarehouseQueryError, ConfigurationError, OSError) as error:
        log.warning("What is kept for a time only is still there, tried again in %s s: %s", _AGAIN_SECONDS, error)
        return _AGAIN_SECONDS
    except Exception:
        log.exception("What is kept for a time only is still there, tried again in %s s", _AGAIN_SECONDS)
        return _AGAIN_SECONDS
    return _DAY_SECONDS
