"""Clicks go to Valkey; while it is away, hangs or is full they go to the journal, and from there to Valkey, once.

A click whose answer was lost may be in both: Valkey recognises its id, so it is recorded once.
"""

import asyncio
import logging
from contextlib import suppress

import msgspec

from tracker.core.facts import ClickFact
from tracker.core.reasons import ClickReason
from tracker.core.session import OpenElsewhere, Session
from tracker.errors import StoreUnavailableError
from tracker.store.clicks import PATIENCE_SECONDS, ClickStore, Done, Recorded
from tracker.store.hot_click import place_of, slot_of
from tracker.store.journal.journal import Journal, JournaledClick
from tracker.store.journal.replay import Replay
from tracker.store.journal.twice import Twice
from tracker.telemetry import JOURNALED, Telemetry

DISK_SECONDS = 5.0  # and then for our own disk: a busy one takes its time, and without it there is no id
PAUSE_SECONDS = 0.2
IDLE_SECONDS = 1.0  # between two looks for what another process left

log = logging.getLogger(__name__)


class JournaledClicks:
    """Satisfies `tracker.redirect.recorder.Clicks`."""

    def __init__(self, store: ClickStore, journal: Journal, telemetry: Telemetry) -> None:
        self._store = store
        self._journal = journal
        self._telemetry = telemetry
        self._writing: set[asyncio.Future[None]] = set()  # clicks that nobody awaits
        self._away: set[str] = set()  # slots: of a cluster, a part may be away
        self._twice = Twice()
        self._replay = Replay(store, journal, self._away, telemetry)

    async def record(
        self, fact: ClickFact, *, attributable: bool, visitor: bytes = b"", session: Session | None = None
    ) -> Recorded | OpenElsewhere:
        """On disk when it returns. Raises StoreUnavailableError when neither Valkey nor our own disk takes it."""
        slot = place_of(fact.click_id).slot
        if slot not in self._away:
            try:
                return await self._store.record(fact, attributable=attributable, visitor=visitor, session=session)
            except StoreUnavailableError as error:
                self._note_away(slot, error)
        return await self._to_journal(fact, attributable=attributable, visitor=visitor, session=session)

    def begin(self, fact: ClickFact, visitor: bytes, session: Session | None, done: Done) -> None:
        """An attributable click, as by `record`; `done` is told what came of it, later."""
        slot = place_of(fact.click_id).slot

        def recorded(what: Recorded | OpenElsewhere | Exception) -> None:
            if isinstance(what, StoreUnavailableError):
                self._note_away(slot, what)
                self._begin_in_journal(fact, visitor, session, done)
            else:
                done(what)

        if slot in self._away:
            self._begin_in_journal(fact, visitor, session, done)
        else:
            self._store.begin(fact, visitor, session, recorded)

    async def open_elsewhere(self, shard: int, session: Session) -> OpenElsewhere | None:
        """None also when that cannot be told: what nobody knows refuses nothing."""
        slot = slot_of(shard)
        if slot in self._away:
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._store.open_elsewhere(shard, session)
        except (StoreUnavailableError, TimeoutError):
            return None

    async def check_journal(self) -> None:
        """Raises StoreUnavailableError while a shopper could be stuck: the disk takes no journal, or soon none."""
        await self._journal.check()

    async def keep_replaying(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set, and then once more."""
        is_last = False
        while not is_last:
            is_last = stopping.is_set()
            left = await self._take_out()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), PAUSE_SECONDS if left or self._away else IDLE_SECONDS)
        await self._journal.close()

    async def _take_out(self) -> bool:
        """Whether any is left."""
        try:
            return await self._replay.all_that_can_be() > 0
        except Exception:
            log.exception("the journal could not be taken out; tried again")  # a bug of ours must not end it for ever
            return True

    async def _to_journal(
        self, fact: ClickFact, *, attributable: bool, visitor: bytes, session: Session | None
    ) -> Recorded:
        if not attributable:
            await _on_disk(asyncio.ensure_future(self._append(JournaledClick(fact, attributable, session))))
            return Recorded(fact.click_id, is_new=True)
        tab = session.tab if session else ""
        first = self._twice.double_of(visitor, fact, tab)
        if first is not None:
            await _on_disk(first.on_disk)
            return Recorded(first.click_id, is_new=False)
        repeat = self._twice.is_repeat(visitor, fact)
        if repeat:
            fact = msgspec.structs.replace(fact, traffic=[*fact.traffic, ClickReason.REPEAT])
        on_disk = asyncio.ensure_future(self._append(JournaledClick(fact, attributable, session)))
        self._twice.note(visitor, fact, tab, on_disk, is_repeat=repeat)
        await _on_disk(on_disk)
        return Recorded(fact.click_id, is_new=True, repeat=repeat)

    def _begin_in_journal(self, fact: ClickFact, visitor: bytes, session: Session | None, done: Done) -> None:
        async def write_down() -> None:
            try:
                recorded = await self._to_journal(fact, attributable=True, visitor=visitor, session=session)
            except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits to hear of it
                done(error)
            else:
                done(recorded)

        written = asyncio.ensure_future(write_down())
        self._writing.add(written)
        written.add_done_callback(self._writing.discard)

    async def _append(self, click: JournaledClick) -> None:
        await self._journal.append(click)
        self._telemetry.count(JOURNALED)

    def _note_away(self, slot: str, error: Exception) -> None:
        if not self._away:
            log.warning("clicks go to the journal until Valkey takes them again: %s", error)
        self._away.add(slot)


async def _on_disk(written: "asyncio.Future[None]") -> None:
    """Raises StoreUnavailableError also when the disk hangs: what it holds later is a click whose id nobody got."""
    try:
        async with asyncio.timeout(DISK_SECONDS):
            await asyncio.shield(written)
    except TimeoutError:
        written.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody asks for it any more
        raise StoreUnavailableError("The journal's disk does not answer") from None
