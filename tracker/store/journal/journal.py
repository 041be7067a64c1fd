"""The journal of one process: what it is given is on disk when it answers, and is taken out when Valkey has it."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from tracker.core.facts import ClickFact
from tracker.core.session import Session
from tracker.errors import StoreUnavailableError
from tracker.store.group_commit import GroupCommit
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
        self._commits: GroupCommit[bytes, None] = GroupCommit(self._write, largest=_LARGEST_WRITE)

    async def append(self, click: JournaledClick) -> None:
        """On disk when it returns. Raises StoreUnavailableError: the disk is full or broken."""
        await self._commits.submit(frame(msgspec.msgpack.encode(click)))

    def sealed(self, *, with_current: bool) -> list[Segment]:
        """What can be taken out, oldest first: our own, and what processes left that are no more. Blocking.

        Raises StoreUnavailableError.
        """
        with self._lock:
            if self._current is not None and with_current:
                self._sealed.append(self._current)
                self._current = None
            try:
                self._sealed += self._folder.take_up()
            except OSError as error:
                raise _unavailable(error) from error
            return sorted(self._sealed, key=lambda segment: segment.path.name)

    def check(self) -> None:
        """Raises StoreUnavailableError when little or nothing could be written. Blocking."""
        try:
            free = self._folder.free_bytes()
        except OSError as error:
            raise _unavailable(error) from error
        if free < LEAST_FREE:
            raise StoreUnavailableError(f"The journal has only {free} bytes left on this machine's disk")

    def forget(self, segment: Segment) -> None:
        """Removed, or set aside, by the caller."""
        self._sealed.remove(segment)

    def close(self) -> None:
        """Whatever is left is for the next process."""
        with self._lock:
            for segment in (*self._sealed, *([self._current] if self._current else [])):
                segment.close()
            self._sealed, self._current = [], None

    async def _write(self, batch: Sequence[bytes]) -> list[None]:
        try:
            await asyncio.to_thread(self._write_now, b"".join(batch))
        except OSError as error:
            raise _unavailable(error) from error
        return [None] * len(batch)

    def _write_now(self, data: bytes) -> None:
        with self._lock:
            segment = self._current
            if segment is None or segment.size >= self._full_segment:
                if segment is not None:
                    self._sealed.append(segment)
                segment = self._current = self._folder.begin(int(self._now()))
            try:
                written = 0
                while written < len(data):
                    written += os.write(segment.descriptor, data[written:])
                os.fdatasync(segment.descriptor)
            except OSError:
                self._leave(segment)
                raise
            segment.size += len(data)

    def _leave(self, segment: Segment) -> None:
        """After a failed write nobody knows what the disk holds: nothing more goes behind it."""
        self._current = None
        self._sealed.append(segment)


def _unavailable(error: OSError) -> StoreUnavailableError:
    return StoreUnavailableError(f"The journal on this machine's disk cannot be written or read: {error.strerror}")
