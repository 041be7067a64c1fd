"""The journal of one process: what it is given is on disk when it answers, and is taken out when Valkey has it."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

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


class JournaledClick(msgspec.Struct, frozen=True, array_like=True):
    """All that Valkey would have been told. The next release reads it too: fields are only added, at the end."""

    fact: ClickFact
    attributable: bool
    session: Session | None


class _Waiting(NamedTuple):
    slot: str
    frame: bytes


class Journal:
    def __init__(
        self, folder: JournalFolder, *, now: Callable[[], float] = time.time, full_segment: int = FULL_SEGMENT
    ) -> None:
        """`now` is Unix time, `full_segment` bytes."""
        self._folder = folder
        self._now = now
        self._full_segment = full_segment
        self._lock = threading.Lock()  # a write is under way in a thread
        self._current: Segment | None = None
        self._sealed: list[Segment] = []
        self._commits: GroupCommit[_Waiting, None] = GroupCommit(self._write, largest=_LARGEST_WRITE)

    async def append(self, click: JournaledClick) -> None:
        """On disk when it returns. Raises StoreUnavailableError: the disk is full or broken."""
        slot = place_of(click.fact.click_id).slot
        await self._commits.submit(_Waiting(slot, frame(msgspec.msgpack.encode(click))))

    def segments(self, away: Collection[str]) -> list[Segment]:
        """What may be taken out, oldest first: our own, and what processes left that are no more. The one that is being
        written is sealed when it holds clicks of other slots than those that are `away`. Blocking.

        Raises StoreUnavailableError.
        """
        with self._lock:
            if self._current is not None and not self._current.slots <= set(away):
                self._seal(self._current)
            try:
                self._sealed += self._folder.take_up()
            except OSError as error:
                raise _unavailable(error) from error
            return sorted(self._sealed, key=lambda segment: segment.begun_at)

    def replace(self, segment: Segment, left: Sequence[JournaledClick]) -> None:
        """The segment goes; what is left of it stays, in a file a slot. Blocking. Raises StoreUnavailableError."""
        by_slot: dict[str, list[bytes]] = {}
        for click in left:
            by_slot.setdefault(place_of(click.fact.click_id).slot, []).append(frame(msgspec.msgpack.encode(click)))
        kept: list[Segment] = []
        with self._lock:
            try:
                for slot, some in by_slot.items():
                    kept.append(self._folder.begin(segment.begun_at, only_slot=slot))
                    kept[-1].write(b"".join(some))
            except OSError as error:
                for one in kept:  # all of it is still in the segment
                    one.remove()
                raise _unavailable(error) from error
            segment.remove()
            self._sealed.remove(segment)
            self._sealed += kept

    def size(self) -> tuple[int, int]:
        """Bytes that wait, and the Unix time at which the oldest file was begun; (0, 0): none does."""
        with self._lock:
            waiting = [*self._sealed, *([self._current] if self._current else [])]
        return sum(one.size for one in waiting), min((one.begun_at for one in waiting), default=0)

    def check(self) -> None:
        """Raises StoreUnavailableError when little or nothing could be written. Blocking."""
        try:
            free = self._folder.free_bytes()
        except OSError as error:
            raise _unavailable(error) from error
        if free < LEAST_FREE:
            raise StoreUnavailableError(f"The journal has only {free} bytes left on this machine's disk")

    def close(self) -> None:
        """Whatever is left is for the next process."""
        with self._lock:
            for segment in (*self._sealed, *([self._current] if self._current else [])):
                segment.close()
            self._sealed, self._current = [], None

    async def _write(self, batch: Sequence[_Waiting]) -> list[None]:
        try:
            await asyncio.to_thread(self._write_now, batch)
        except OSError as error:
            raise _unavailable(error) from error
        return [None] * len(batch)

    def _write_now(self, batch: Sequence[_Waiting]) -> None:
        with self._lock:
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


def _unavailable(error: OSError) -> StoreUnavailableError:
    return StoreUnavailableError(f"The journal on this machine's disk cannot be written or read: {error.strerror}")
