"""Takes clicks out of the journal: into Valkey, each once, and then the file goes."""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from tracker.core.click_id import parts
from tracker.core.session import OpenElsewhere, Session
from tracker.errors import StoreUnavailableError
from tracker.store.clicks import ClickStore
from tracker.store.hot_click import SLOTS, place_of
from tracker.store.journal.folder import Segment
from tracker.store.journal.frames import frames
from tracker.store.journal.journal import Journal, JournaledClick
from tracker.telemetry import JOURNAL_BEGUN, JOURNAL_BYTES, JOURNAL_DAMAGED, JOURNAL_REPLAYED, Telemetry

AT_ONCE = 64  # clicks under way: the shoppers of this moment share the trip with them

log = logging.getLogger(__name__)


class Replay:
    def __init__(self, store: ClickStore, journal: Journal, away: set[str], telemetry: Telemetry) -> None:
        """`away` are the slots that Valkey does not take now; those that it takes again are removed from it."""
        self._store = store
        self._journal = journal
        self._away = away
        self._telemetry = telemetry

    async def all_that_can_be(self) -> int:
        """How many bytes are left."""
        await self._ask_for_those_away()
        try:
            for segment in await self._journal.segments(self._away):
                if segment.only_slot not in self._away and len(self._away) < SLOTS:
                    await self._take_out(segment)
        except StoreUnavailableError as error:
            log.error("%s", error)  # noqa: TRY400  # a sentence, not a traceback
        left, begun_at = await self._journal.size()
        self._telemetry.gauge(JOURNAL_BYTES, left)
        self._telemetry.gauge(JOURNAL_BEGUN, begun_at)
        return left

    async def _ask_for_those_away(self) -> None:
        """One small write a slot: a Valkey that is full answers, and takes nothing."""
        slots = sorted(self._away)
        takes = await asyncio.gather(*map(self._store.takes, slots))
        self._away.difference_update(slot for slot, taken in zip(slots, takes, strict=True) if taken)

    async def _take_out(self, segment: Segment) -> None:
        """Raises StoreUnavailableError: what is left of it cannot be written down again, so it stays as it is."""
        clicks, damaged = await self._journal.run(_read, segment)
        if damaged:
            self._telemetry.count(JOURNAL_DAMAGED, by=damaged)
            copy = await self._journal.run(segment.set_aside)
            log.error("%d places of a journal cannot be read, look into %s: the others are taken up", damaged, copy)
        left: list[JournaledClick] = []
        turns = _turns(clicks)
        for first in range(0, len(turns), AT_ONCE):
            for some in await asyncio.gather(*map(self._record_in_turn, turns[first : first + AT_ONCE])):
                left += some
        taken = len(clicks) - len(left)
        self._telemetry.count(JOURNAL_REPLAYED, by=taken)
        if taken:
            log.info("Valkey takes clicks again: %d came out of the journal", taken)
        if len(left) < len(clicks) or segment.only_slot is None:
            await self._journal.replace(segment, left)

    async def _record_in_turn(self, clicks: Sequence[JournaledClick]) -> list[JournaledClick]:
        """Those that are left."""
        return [click for click in clicks if not await self._record(click)]

    async def _record(self, click: JournaledClick) -> bool:
        """Whether Valkey has it on disk."""
        slot = place_of(click.fact.click_id).slot
        if slot in self._away:
            return False
        try:
            await self._record_with_session(click)
        except StoreUnavailableError:
            self._away.add(slot)
            return False
        return True

    async def _record_with_session(self, click: JournaledClick) -> None:
        """Nobody is there to be asked any more: a session that is open elsewhere stays as it is, and so does one that
        was opened later. The visitor is not told, so that a click that was answered with an id never becomes the double
        of another one."""
        session = click.session
        if session is not None and await self._is_newer(click, session):
            session = None
        recorded = await self._store.record(click.fact, attributable=click.attributable, session=session)
        if isinstance(recorded, OpenElsewhere):
            await self._store.record(click.fact, attributable=click.attributable)

    async def _is_newer(self, click: JournaledClick, session: Session) -> bool:
        open_ = await self._store.open_elsewhere(parts(click.fact.click_id).shard, session)
        return open_ is not None and open_.opened_at * 1_000_000 > click.fact.clicked_at_us


def _turns(clicks: Sequence[JournaledClick]) -> list[list[JournaledClick]]:
    """What may be recorded at the same time; the clicks of one session come one after the other, as they were made."""
    turns: dict[str | int, list[JournaledClick]] = {}
    for number, click in enumerate(sorted(clicks, key=lambda click: click.fact.clicked_at_us)):
        turns.setdefault(click.session.key if click.session else number, []).append(click)
    return list(turns.values())


def _read(segment: Segment) -> tuple[list[JournaledClick], int]:
    found = frames(segment.read())
    clicks: list[JournaledClick] = []
    damaged = found.damaged
    for payload in found.payloads:
        try:
            clicks.append(msgspec.msgpack.decode(payload, type=JournaledClick))
        except msgspec.MsgspecError:  # of another release
            damaged += 1
    return clicks, damaged
