"""A shopper's own click-outs, newest first, as their page shows them."""

from datetime import datetime

import msgspec

from tracker.core.reasons import Reason
from tracker.core.unix_time import moment
from tracker.errors import StoreUnavailableError, WarehouseQueryError
from tracker.ports import ShopperClick
from tracker.store.warehouse.socket_client import WarehouseClient
from tracker.store.warehouse.threads import EngineThreads

# A click that was shipped twice stands twice until ClickHouse merges: LIMIT 1 BY takes it once.
_CLICKS = """
SELECT click_id, partner_id, clicked_at_us, refusals
FROM tracker.clicks
WHERE shopper_id = {{shopper:String}} AND outcome = 'go'
    AND clicked_at >= toDateTime({since}) AND clicked_at < toDateTime({until})
ORDER BY clicked_at DESC, click_id
LIMIT 1 BY click_id
LIMIT {limit}
"""


class _Answer(msgspec.Struct):
    data: list[tuple[str, str, int | str, tuple[Reason, ...]]]


class EngineShopperClicks:
    """On an engine of this process."""

    def __init__(self, threads: EngineThreads) -> None:
        self._threads = threads

    async def clicks(self, shopper_id: str, since: datetime, until: datetime, *, limit: int) -> list[ShopperClick]:
        """Raises StoreUnavailableError."""
        sql = _CLICKS.format(since=int(since.timestamp()), until=int(until.timestamp()), limit=int(limit))
        try:
            answer = await self._threads.query(sql, parameters={"shopper": shopper_id.replace("\\", "\\\\")})
        except WarehouseQueryError as error:
            raise StoreUnavailableError(f"ClickHouse cannot list a shopper's clicks: {error}") from error
        return [
            ShopperClick(click_id, partner_id, moment(int(clicked_at_us)), refusals)
            for click_id, partner_id, clicked_at_us, refusals in msgspec.json.decode(answer, type=_Answer).data
        ]


class SocketShopperClicks:
    """On the engine of the warehouse process."""

    def __init__(self, client: WarehouseClient) -> None:
        self._client = client

    async def clicks(self, shopper_id: str, since: datetime, until: datetime, *, limit: int) -> list[ShopperClick]:
        """Raises StoreUnavailableError when that process is away."""
        return await self._client.shopper_clicks(shopper_id, since, until, limit=limit)
