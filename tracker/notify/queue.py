"""What the sender needs from the store."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from tracker.core.notice import DueNotice, Settled


class NoticeQueue(Protocol):
    """Every method raises StoreUnavailableError when the store does not answer."""

    async def take_turn(self) -> bool:
        """Whether this is the only sender, for as long as the queue is open."""

    async def due(self, now: datetime, limit: int, in_hand: Collection[str]) -> list[DueNotice]:
        """The longest due first, and of each purchase its oldest that waits; without those `in_hand`, nor what is
        behind them."""

    async def confirm(self) -> None:
        """That the store is still the one that counts: one that was replaced does not return."""

    async def settle(self, notice_id: str, settled: Settled, now: datetime) -> None: ...

    async def give_up_old(self, now: datetime, after: timedelta) -> int:
        """Those that have waited longer than that; how many they were."""

    async def waiting(self) -> tuple[int, datetime | None]:
        """How many wait, and since when the oldest does."""


OpenQueue = Callable[[], AbstractAsyncContextManager[NoticeQueue]]
