"""Who has been erased, by keyed hash: what comes late must not bring the id back. Every process knows in seconds."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from tracker.core.click import Click
from tracker.errors import StoreUnavailableError
from tracker.ports import ClickFinder

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
FIRST_LOOK_SECONDS = 1.0  # that a process which starts waits to know, so that nobody who was erased signs in meanwhile
# Until every process has looked, and whatever it was at with what it knew before has been answered.
EVERYBODY_KNOWS_SECONDS = 6.0

_ALL = "SELECT shopper_hash, stand_in FROM erased_shoppers"
Fetch = Callable[..., Awaitable[Sequence[Any]]]


class Tombstones:
    def __init__(self, fetch: Fetch, hash_shopper: Callable[[str], int]) -> None:
        self._fetch = fetch
        self._hash_shopper = hash_shopper
        self._stand_ins: dict[int, str] = {}
        self._is_known = asyncio.Event()

    async def look(self) -> None:
        """Raises StoreUnavailableError: what was known stays known."""
        self._stand_ins = {int(row["shopper_hash"]): row["stand_in"] for row in await self._fetch(_ALL)}
        self._is_known.set()

    async def known(self) -> None:
        """For who must not go on without. Raises StoreUnavailableError."""
        if not self._is_known.is_set():
            await self.look()

    def stand_in(self, shopper_id: str) -> str | None:
        """None: not erased, or not that we know."""
        return self._stand_ins.get(self._hash_shopper(shopper_id)) if self._stand_ins and shopper_id else None

    def is_erased(self, shopper_id: str) -> bool:
        return self.stand_in(shopper_id) is not None

    @asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Looks again and again inside the block; while PostgreSQL is away, what was known holds. Entered when it is
        known who was erased, or after FIRST_LOOK_SECONDS without."""
        looking = asyncio.create_task(self._keep_looking())
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_known.wait(), FIRST_LOOK_SECONDS)
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _keep_looking(self) -> None:
        pause = 0.02  # PostgreSQL may be starting, too
        while True:
            try:
                await self.look()
            except StoreUnavailableError:
                pass  # whoever needs PostgreSQL says so
            except Exception:
                log.exception("Nobody could look who was erased; tried again within %s s", LOOK_SECONDS)
            pause = LOOK_SECONDS if self._is_known.is_set() else min(2 * pause, LOOK_SECONDS)
            await asyncio.sleep(pause)


class ForgetfulFinder:
    """Satisfies `tracker.ports.ClickFinder`: a click of an erased shopper is the stand-in's."""

    def __init__(self, finder: ClickFinder, tombstones: Tombstones) -> None:
        self._finder = finder
        self._tombstones = tombstones

    async def find(self, click_id: str, partner_id: str) -> Click | None:
        """Raises StoreUnavailableError, also while nobody can tell who was erased."""
        await self._tombstones.known()
        click = await self._finder.find(click_id, partner_id)
        stand_in = self._tombstones.stand_in(click.shopper_id or "") if click else None
        return click if click is None or stand_in is None else replace(click, shopper_id=stand_in)
