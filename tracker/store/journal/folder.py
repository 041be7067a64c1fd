"""The folder of the journals of one machine: a segment is a file that one process writes, or takes up, at a time.

A name begins with the second in which it was begun, `1764115200-1f2e3d4c5b6a.clicks`, and ends with a slot when all its
clicks are of that slot, `1764115200-1f2e3d4c5b6a-07.clicks`. Whoever holds its lock owns it; a process that dies,
however it does, lets go of it.
"""

import errno
import fcntl
import logging
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tracker.core.click_id import parts

_ENDING = ".clicks"
_DAMAGED = ".damaged"
_DIGITS = 2  # of a slot
_CLOCKS_DIFFER_SECONDS = 300

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Segment:
    path: Path
    descriptor: int
    size: int = 0  # bytes
    slots: set[str] = field(default_factory=set)  # of the clicks that this process wrote

    @property
    def begun_at(self) -> int:
        """Unix time. Of a file that somebody else put here: always."""
        return _begun_at(self.path.name)

    @property
    def only_slot(self) -> str | None:
        """None: there may be clicks of several."""
        number = self.path.stem.rpartition("-")[2]
        return f"{{{number}}}" if len(number) == _DIGITS and number.isdecimal() else None

    def write(self, data: bytes) -> None:
        """On disk when it returns. Raises OSError: then nobody knows what the disk holds, and nothing may follow."""
        written = 0
        while written < len(data):
            written += os.write(self.descriptor, data[written:])
        os.fdatasync(self.descriptor)
        self.size += len(data)

    def close(self) -> None:
        """Lets go of it: another process may take it up."""
        os.close(self.descriptor)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.close()

    def set_aside(self) -> Path:
        """A copy, for a person to look at: the segment itself goes when all that is whole in it has been taken out."""
        aside = self.path.with_suffix(_DAMAGED)
        shutil.copy(self.path, aside)
        return aside

    def read(self) -> bytes:
        return self.path.read_bytes()


class JournalFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._told: set[Path] = set()

    def make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def begin(self, second: int, only_slot: str = "") -> Segment:
        """A new one of ours, its name on disk. Raises OSError."""
        self.make()
        slot = f"-{only_slot.strip('{}')}" if only_slot else ""
        while True:
            path = self.path / f"{second}-{secrets.token_hex(6)}{slot}{_ENDING}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            if _locked(descriptor):
                segment = Segment(path, descriptor)
                try:
                    self._keep_names()
                except OSError:
                    segment.remove()
                    raise
                return segment
            os.close(descriptor)  # somebody looked in at that very moment, and removes it

    def take_up(self) -> list[Segment]:
        """Those that nobody owns any more, oldest first; from now on they are ours. One that cannot be opened waits for
        a person, who is told, and holds up no other."""
        taken = []
        for path in sorted(self.path.glob(f"*{_ENDING}")):
            try:
                segment = self._take(path)
            except OSError as error:
                if path not in self._told:
                    self._told.add(path)
                    log.error("%s cannot be taken up, and waits: %s", path, error.strerror)  # noqa: TRY400
                continue
            if segment is not None:
                taken.append(segment)
        return taken

    def _take(self, path: Path) -> Segment | None:
        """None: it is somebody's, or has just gone. Raises OSError."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            if _locked(descriptor) and os.fstat(descriptor).st_nlink:
                return Segment(path, descriptor, os.fstat(descriptor).st_size)
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def may_hold(self, click_id: str) -> bool:
        """Whether a click may be in a journal of this machine, and so not in Valkey yet."""
        try:
            names = [entry.name for entry in os.scandir(self.path) if entry.name.endswith(_ENDING)]
        except FileNotFoundError:
            return False
        return any(_begun_at(name) - _CLOCKS_DIFFER_SECONDS <= parts(click_id).second for name in names)

    def free_bytes(self) -> int:
        """Raises OSError, also when we may not write there."""
        self.make()
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return shutil.disk_usage(self.path).free

    def _keep_names(self) -> None:
        """A new file survives a power cut only once its folder is on disk."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _begun_at(name: str) -> int:
    """Of a file that somebody else put here: always."""
    second = name.partition("-")[0]
    return int(second) if second.isdecimal() else 0
