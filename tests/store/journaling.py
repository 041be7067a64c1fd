"""The journal in front of the real Valkey, behind a switch."""

from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from tests.store.factories import CLICKED_AT
from tracker.core.facts import ClickFact
from tracker.core.session import OpenElsewhere, Session
from tracker.errors import StoreUnavailableError
from tracker.store.clicks import STREAMS, ClickStore, Recorded, read_entry
from tracker.store.hot_click import place_of
from tracker.store.journal import Journal, JournaledClicks, JournalFolder
from tracker.telemetry import Telemetry

SHOPPER = b"shopper-0042/browser/"
SECOND = int(CLICKED_AT.timestamp())


class Switched(ClickStore):
    """The real store, behind a switch: what is off is away, as far as its clients can tell."""

    off: frozenset[str] = frozenset()  # slots
    asked = 0  # times

    async def takes(self, slot: str) -> bool:
        return slot not in self.off and await super().takes(slot)

    async def record(
        self, fact: ClickFact, *, attributable: bool, visitor: bytes = b"", session: Session | None = None
    ) -> Recorded | OpenElsewhere:
        self.asked += 1
        if place_of(fact.click_id).slot in self.off:
            raise StoreUnavailableError("switched off")
        return await super().record(fact, attributable=attributable, visitor=visitor, session=session)


class Lab:
    def __init__(self, valkey: Redis, path: Path) -> None:
        self.valkey = valkey
        self.store = Switched(valkey, hot_days=3_650)
        self.folder = JournalFolder(path)
        self.telemetry = Telemetry()
        self.journal = Journal(self.folder)
        self.clicks = JournaledClicks(self.store, self.journal, self.telemetry)

    def switch(self, *, off: bool) -> None:
        self.store.off = frozenset(f"{{{slot:02}}}" for slot in range(16)) if off else frozenset()

    async def record(self, fact: ClickFact, visitor: bytes = b"", session: Session | None = None) -> Recorded:
        recorded = await self.clicks.record(fact, attributable=True, visitor=visitor, session=session)
        assert isinstance(recorded, Recorded)
        return recorded

    async def replay(self) -> int:
        """How many bytes are left."""
        return await self.clicks._replay.all_that_can_be()

    async def facts(self) -> list[ClickFact]:
        found: list[Any] = []
        for stream in STREAMS:
            entries: Any = await self.valkey.xrange(stream)
            found += entries
        return sorted((read_entry(fields) for _, fields in found), key=lambda fact: fact.clicked_at_us)

    def files(self) -> list[Path]:
        return sorted(self.folder.path.glob("*")) if self.folder.path.exists() else []
