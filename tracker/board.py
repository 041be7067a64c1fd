"""What the processes of one installation say of themselves (counters, state, configuration), in memory that they share:
`serve` makes it, each process writes in its own place, whoever is asked reads them all (docs/adr/0017)."""

import mmap
import os
import struct
import tempfile
from collections.abc import Iterator
from enum import IntEnum

# Some 15,000 series a process. Pages that nobody wrote to take no memory.
PLACE_BYTES = 4 * 1024 * 1024
LARGEST_RECORD = 64  # numbers

_HEADER_BYTES = 64
_PID, _STATE, _CONFIGURATION, _USED = range(4)  # numbers of 64 bits at the beginning of a place
_RECORD = struct.Struct("=II")  # bytes of the key with its padding, how many numbers follow it
_NUMBER_BYTES = 8


class State(IntEnum):
    NOBODY = 0
    STARTING = 1
    READY = 2
    LEAVING = 3


class Place:
    """One process's part. A record is a key and its numbers; it stays where it is, so that to count is one addition.

    What a killed process counted is found by the next one in its place, which goes on from there.
    """

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._header = memory[:_HEADER_BYTES].cast("Q")
        self.numbers = memory.cast("d")
        self._limit = len(memory) - LARGEST_RECORD * _NUMBER_BYTES

    @property
    def is_alive(self) -> bool:
        """Whether the process that took this place still runs."""
        pid = self._header[_PID]
        if not pid:
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it runs, as somebody else
            return True
        return True

    @property
    def state(self) -> State:
        return State(self._header[_STATE]) if self.is_alive else State.NOBODY

    @state.setter
    def state(self, state: State) -> None:
        self._header[_STATE] = state

    @property
    def configuration(self) -> str:
        """The hash of the configuration that is in force there: 16 hexadecimal digits."""
        return f"{self._header[_CONFIGURATION]:016x}"

    @configuration.setter
    def configuration(self, digest: str) -> None:
        self._header[_CONFIGURATION] = int(digest, 16)

    def take(self) -> None:
        self._header[_STATE] = State.STARTING
        self._header[_PID] = os.getpid()

    def leave(self) -> None:
        self._header[_PID] = 0

    def add(self, key: bytes, count: int) -> int:
        """A new record of so many zeros: where its first number is. When all is full: where nobody looks."""
        padded = key + b" " * (-len(key) % _NUMBER_BYTES)
        used = self._header[_USED]
        start = _HEADER_BYTES + used
        size = _RECORD.size + len(padded) + count * _NUMBER_BYTES
        if count > LARGEST_RECORD or start + size > self._limit:
            return self._limit // _NUMBER_BYTES
        _RECORD.pack_into(self._memory, start, len(padded), count)
        self._memory[start + _RECORD.size : start + _RECORD.size + len(padded)] = padded
        self._header[_USED] = used + size  # last: readers of other processes see whole records only
        return (start + size) // _NUMBER_BYTES - count

    def records(self) -> Iterator[tuple[bytes, int, int]]:
        """Key, where its first number is, and how many there are."""
        at, end = _HEADER_BYTES, _HEADER_BYTES + self._header[_USED]
        while at < end:
            length, count = _RECORD.unpack_from(self._memory, at)
            first = at + _RECORD.size + length
            yield bytes(self._memory[at + _RECORD.size : first]).rstrip(b" "), first // _NUMBER_BYTES, count
            at = first + count * _NUMBER_BYTES


class Board:
    """`descriptor` is handed to children; a process without one has a board of its own."""

    def __init__(self, memory: mmap.mmap, descriptor: int) -> None:
        self._view = memoryview(memory)
        self.descriptor = descriptor

    @classmethod
    def private(cls) -> "Board":
        """Of one place, which nobody else sees."""
        return cls(mmap.mmap(-1, PLACE_BYTES), -1)

    @classmethod
    def make(cls, places: int) -> "Board":
        """It lives as long as anybody has its descriptor: in memory, never on a disk that could be slow or full."""
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("tracker-board")
        else:  # macOS
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, places * PLACE_BYTES)
        return cls.open(descriptor)

    @classmethod
    def open(cls, descriptor: int) -> "Board":
        return cls(mmap.mmap(descriptor, os.fstat(descriptor).st_size), descriptor)

    def place(self, number: int) -> Place:
        return Place(self._view[number * PLACE_BYTES : (number + 1) * PLACE_BYTES])

    def places(self) -> list[Place]:
        return [self.place(number) for number in range(len(self._view) // PLACE_BYTES)]
