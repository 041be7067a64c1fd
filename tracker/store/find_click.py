"""Finds a click wherever it is: in Valkey while it is young, in ClickHouse for ever."""

from typing import Protocol

from tracker.core.click import Click
from tracker.core.click_id import parts
from tracker.errors import StoreUnavailableError


class YoungClicks(Protocol):
    async def find(self, click_id: str, partner_id: str) -> Click | None: ...


class OldClicks(Protocol):
    async def find(self, click_id: str, clicked_at_seconds: int) -> Click | None: ...


class FindClick:
    """Satisfies `tracker.ports.ClickFinder`."""

    def __init__(self, young: YoungClicks, old: OldClicks) -> None:
        self._young = young
        self._old = old

    async def find(self, click_id: str, partner_id: str) -> Click | None:
        """None only when both stores answered and neither has it: raises StoreUnavailableError otherwise."""
        away: StoreUnavailableError | None = None
        try:
            click = await self._young.find(click_id, partner_id)
        except StoreUnavailableError as error:
            click, away = None, error
        if click is None:
            click = await self._old.find(click_id, parts(click_id).second)
        if click is None and away is not None:
            raise away
        return click if click is None or click.partner_id == partner_id else None
