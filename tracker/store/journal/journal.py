"""The journal of one process: what it is given is on disk when it answers, and is taken out when Valkey has it."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import msgspec

from tracker.core.facts import ClickFact
from tracker.core.session import Session
from tracker.errors import StoreUnavailableError
from tracker.store.group_commit import GroupCommit
from tracker.store.hot_click import place_of
from tracker.store.journal.folder import JournalFolder, Segment
from tracker.store.journal.frames import frame

FULL_SEGMENT = 8 * 1024 * 1024  # bytes; a segment is read whole when it is taken up
LEAST_FREE = 64 * 1024 * 1024  # bytes
_LARGEST_WRITE = 512

Result = TypeVar("Result")


class JournaledClick(msgspec.Struct, frozen=True, array_like=True):
    """All that Valkey would have been told. The next release reads it too: fields are only added, at the end."""

    fact: ClickFact
    attributable: bool
    session: Session | None


class _Waiting(NamedTuple):
    slot: str
    frame: bytes


class Journal:
    """All that waits for the disk is done in one thread of its own, one thing after the other: while a disk hangs it
    keeps no other thread, and never the event loop."""

    def __init__(
        self, folder: JournalFolder, *, now: Callable[[], float] = time.time, full_segment: int = FULL_SEGMENT
    ) -> None:
        """`now` is Unix time, `full_segment` bytes."""
        self._folder = folder
        self._now = now
        self._full_segment = full_segment
        self._thread = ThreadPoolExecutor(1, "journal")
        self._is_open = True
        self._current: Segment | None = None
        self._sealed: list[Segment] = []
        self._commits: GroupCommit[_Waiting, None] = GroupCommit(self._write, largest=_LARGEST_WRITE)

    async def append(self, click: JournaledClick) -> None:
        """On disk when it returns. Raises StoreUnavailableError: the disk is full or broken."""
        slot = place_of(click.fact.click_id).slot
        await self._commits.submit(_Waiting(slot, frame(msgspec.msgpack.encode(click))))

    async def segments(self, away: Collection[str]) -> list[Segment]:
        """What may be taken out, oldest first: our own, and what processes left that are no more. The one that is being
        written is sealed when it holds clicks of other slots than those that are `away`. Raises
        StoreUnavailableError."""
        return await self.run(self._segments, frozenset(away))

    async def replace(self, segment: Segment, left: Sequence[JournaledClick]) -> None:
        """The segment goes; what is left of it stays, in a file a slot. Raises StoreUnavailableError."""
        await self.run(self._replace, segment, left)

    async def size(self) -> tuple[int, int]:
        """Bytes that wait, and the Unix time at which the oldest file was begun; (0, 0): none does."""
        return await self.run(self._size)

    async def check(self) -> None:
        """Raises StoreUnavailableError when little or nothing could be written."""
        free = await self.run(self._folder.free_bytes)
        if free < LEAST_FREE:
            raise StoreUnavailableError(f"The journal has only {free} bytes left on this machine's disk")

    async def close(self) -> None:
        """Whatever is left is for the next process. Once or again."""
        if self._is_open:
            self._is_open = False
            await self.run(self._close)
            self._thread.shutdown(wait=False)

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """In the journal's thread. Raises StoreUnavailableError for what the disk refuses."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
        except OSError as error:
            sentence = "The journal on this machine's disk cannot be written or read"
            raise StoreUnavailableError(f"{sentence}: {error.strerror}") from error

    async def _write(self, batch: Sequence[_Waiting]) -> list[None]:
        await self.run(self._write_now, batch)
        return [None] * len(batch)

    def _write_now(self, batch: Sequence[_Waiting]) -> None:
        if self._current is not None and self._current.size >= self._full_segment:
            self._seal(self._current)
        segment = self._current or self._folder.begin(int(self._now()))
        self._current = segment
        segment.slots.update(one.slot for one in batch)
        try:
            segment.write(b"".join(one.frame for one in batch))
        except OSError:
            self._give_up(segment)
            raise

    def _segments(self, away: frozenset[str]) -> list[Segment]:
        if self._current is not None and not self._current.slots <= away:
            self._seal(self._current)
        self._sealed += self._folder.take_up()
        return sorted(self._sealed, key=lambda segment: segment.begun_at)

    def _replace(self, segment: Segment, left: Sequence[JournaledClick]) -> None:
        by_slot: dict[str, list[bytes]] = {}
        for click in left:
            by_slot.setdefault(place_of(click.fact.click_id).slot, []).append(frame(msgspec.msgpack.encode(click)))
        kept: list[Segment] = []
        try:
            for slot, some in by_slot.items():
                kept.append(self._folder.begin(segment.begun_at, only_slot=slot))
                kept[-1].write(b"".join(some))
        except OSError:
            for one in kept:  # all of it is still in the segment
                one.remove()
            raise
        segment.remove()
        self._sealed.remove(segment)
        self._sealed += kept

    def _size(self) -> tuple[int, int]:
        waiting = self._all()
        return sum(one.size for one in waiting), min((one.begun_at for one in waiting), default=0)

    def _close(self) -> None:
        for segment in self._all():
            segment.close()
        self._sealed, self._current = [], None

    def _all(self) -> list[Segment]:
        return [*self._sealed, *([self._current] if self._current else [])]

    def _give_up(self, segment: Segment) -> None:
        """Nobody knows what the disk holds of the last write. One that holds nothing else goes: a disk that stays full
        must not cost a file and a descriptor a click."""
        if segment.size:
            self._seal(segment)
        else:
            self._current = None
            segment.remove()

    def _seal(self, segment: Segment) -> None:
        self._current = None
        self._sealed.append(segment)
