"""Takes clicks out of the journal: into Valkey, each once, and then the file goes."""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from tracker.core.click_id import parts
from tracker.core.session import OpenElsewhere, Session, SessionAct
from tracker.errors import StoreUnavailableError
from tracker.store.clicks import ClickStore
from tracker.store.hot_click import place_of
from tracker.store.journal.folder import Segment
from tracker.store.journal.frames import frames
from tracker.store.journal.journal import Journal, JournaledClick
from tracker.telemetry import JOURNAL_DAMAGED, JOURNAL_REPLAYED, JOURNAL_WAITING, Telemetry

AT_ONCE = 64  # clicks under way: the shoppers of this moment share the trip with them

log = logging.getLogger(__name__)


class Replay:
    def __init__(self, store: ClickStore, journal: Journal, away: set[str], telemetry: Telemetry) -> None:
        """`away` are the slots that Valkey does not take now; those that it takes again are removed from it."""
        self._store = store
        self._journal = journal
        self._away = away
        self._telemetry = telemetry
        self._left: dict[Segment, list[JournaledClick]] = {}  # of segments that were begun to be taken out

    async def all_that_can_be(self) -> int:
        """How many clicks are left. A segment is sealed only when there is hope: else each look would make a file."""
        found = await self._segments(with_current=not self._left)
        left = await self._take_out(found)
        self._telemetry.gauge(JOURNAL_WAITING, left)
        if not left:
            self._away.clear()
        return left

    async def _segments(self, *, with_current: bool) -> list[Segment]:
        try:
            return await asyncio.to_thread(self._journal.sealed, with_current=with_current)
        except StoreUnavailableError as error:
            log.error("%s", error)  # noqa: TRY400  # a sentence, not a traceback
            return []

    async def _take_out(self, segments: Sequence[Segment]) -> int:
        refused: set[str] = set()  # slots: asked once in a round
        for segment in segments:
            if segment not in self._left:
                self._left[segment] = await self._read(segment)
            self._left[segment] = await self._record_all(self._left[segment], refused)
            if not self._left[segment]:
                del self._left[segment]
                self._journal.forget(segment)
                await asyncio.to_thread(segment.remove)
        return sum(map(len, self._left.values()))

    async def _read(self, segment: Segment) -> list[JournaledClick]:
        """What is whole in it. What is damaged stays in a copy, for a person."""
        clicks, damaged = await asyncio.to_thread(_read, segment)
        if damaged:
            self._telemetry.count(JOURNAL_DAMAGED, by=damaged)
            copy = await asyncio.to_thread(segment.set_aside)
            log.error(
                "%d places of a journal cannot be read, look into %s: the other clicks are taken up", damaged, copy
            )
        return clicks

    async def _record_all(self, clicks: Sequence[JournaledClick], refused: set[str]) -> list[JournaledClick]:
        """Those that are left."""
        left: list[JournaledClick] = []
        for first in range(0, len(clicks), AT_ONCE):
            some = clicks[first : first + AT_ONCE]
            stored = await asyncio.gather(*(self._record(click, refused) for click in some))
            left += [click for click, done in zip(some, stored, strict=True) if not done]
        self._telemetry.count(JOURNAL_REPLAYED, by=len(clicks) - len(left))
        return left

    async def _record(self, click: JournaledClick, refused: set[str]) -> bool:
        """Whether Valkey has it on disk."""
        slot = place_of(click.fact.click_id).slot
        if slot in refused:
            return False
        try:
            await self._record_with_session(click)
        except StoreUnavailableError:
            refused.add(slot)
            self._away.add(slot)
            return False
        self._away.discard(slot)
        return True

    async def _record_with_session(self, click: JournaledClick) -> None:
        """Nobody is there to be asked any more: a session that is open elsewhere stays as it is. The visitor is not
        told, so that a click that was answered with an id never becomes the double of another one."""
        session = click.session
        if session is not None and session.act is SessionAct.OVER and await self._is_newer(click, session):
            session = None
        recorded = await self._store.record(click.fact, attributable=click.attributable, session=session)
        if isinstance(recorded, OpenElsewhere):
            await self._store.record(click.fact, attributable=click.attributable)

    async def _is_newer(self, click: JournaledClick, session: Session) -> bool:
        open_ = await self._store.open_elsewhere(parts(click.fact.click_id).shard, session)
        return open_ is not None and open_.opened_at * 1_000_000 > click.fact.clicked_at_us


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
