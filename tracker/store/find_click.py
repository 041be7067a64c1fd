"""Finds a click wherever it is: in Valkey while it is young, in ClickHouse for ever. Between the two it waits; before
them, perhaps in a journal."""

from collections.abc import Callable
from typing import Protocol

from tracker.core.click import Click
from tracker.core.click_id import parts
from tracker.errors import StoreUnavailableError


class YoungClicks(Protocol):
    async def find(self, click_id: str, partner_id: str) -> Click | None: ...

    async def may_wait(self, click_id: str, /) -> bool:
        """Whether a click that is no longer young may not be among the old ones yet."""


class OldClicks(Protocol):
    async def find(self, click_id: str, clicked_at_seconds: int) -> Click | None: ...


class FindClick:
    """Satisfies `tracker.ports.ClickFinder`."""

    def __init__(self, young: YoungClicks, old: OldClicks, in_journal: Callable[[str], bool]) -> None:
        """`in_journal` says whether a click may be in a journal of this machine."""
        self._young = young
        self._old = old
        self._in_journal = in_journal

    async def find(self, click_id: str, partner_id: str) -> Click | None:
        """None only when both stores answered, neither has it and it is not on its way to one of them: raises
        StoreUnavailableError otherwise."""
        journaled = self._in_journal(click_id)  # asked first: what leaves the journal meanwhile is then in Valkey
        away: StoreUnavailableError | None = None
        try:
            click = await self._young.find(click_id, partner_id)
        except StoreUnavailableError as error:
            click, away = None, error
        if click is None:
            click = await self._old.find(click_id, parts(click_id).second)
        if click is None and away is not None:
            raise away
        if click is None and journaled:
            raise StoreUnavailableError("clicks of that time are still in the journal")
        if click is None:
            if await self._young.may_wait(click_id):
                raise StoreUnavailableError("the clicks of that time are not shipped to ClickHouse yet")
            click = await self._old.find(click_id, parts(click_id).second)  # it may have been shipped meanwhile
        return click if click is None or click.partner_id == partner_id else None
