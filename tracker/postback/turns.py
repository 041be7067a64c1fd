"""Within one process, the messages of one order go one after the other: side by side they would only disturb."""

import asyncio
from weakref import WeakValueDictionary


class Turns:
    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def of(self, partner_id: str, order_id: str) -> asyncio.Lock:
        """A lock that lives as long as somebody holds or awaits it."""
        return self._locks.setdefault((partner_id, order_id), asyncio.Lock())
