"""One tracker a data folder."""

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from tracker.embedded.errors import DataFolderInUseError, EmbeddedServerError
from tracker.embedded.process import read_pid


class DataFolderLock:
    """Held from `acquire` until `release` or the end of the process, however it ends. Makes the folder if needed."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._path = data / "lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises DataFolderInUseError when another process, or another lock of this one, holds the folder."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise DataFolderInUseError(
                f"The data folder {self._data} is in use by another tracker (process {read_pid(self._path) or '?'}). "
                f"Stop that one, or choose another folder with --data."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def _open(self) -> int:
        try:
            # 0711 for root: PostgreSQL then runs as somebody else, who must pass through but need not list.
            self._data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise EmbeddedServerError(
                f"The data folder {self._data} cannot be used: {error.strerror}. "
                f"Run the tracker as the user who made it, or choose another folder with --data."
            ) from error

    def release(self) -> None:
        # The file stays: removing a lock file lets two processes lock two files of one name.
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
