"""The file a server's output goes to: opened for it, kept small, quoted when the server fails."""

import os
from pathlib import Path
from typing import BinaryIO

from tracker.embedded.process import Account

KEEP_BYTES = 10_000_000
TAIL_LINES = 12


class ServerLog:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    def open(self, account: Account) -> BinaryIO:
        """For one run of the server as `account`. A long log of earlier runs is set aside, one generation of it."""
        if self.path.exists() and self.path.stat().st_size > KEEP_BYTES:
            self.path.replace(self.path.with_suffix(".log.1"))
        # The folder may belong to that account: no link of its making leads root elsewhere.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        stream = os.fdopen(os.open(self.path, flags, 0o600), "ab", buffering=0)
        if account.uid is not None and account.gid is not None:
            os.fchown(stream.fileno(), account.uid, account.gid)
        self._start = os.fstat(stream.fileno()).st_size
        return stream

    def this_run(self) -> str:
        """What the server has written since `open`."""
        with self.path.open("rb") as stream:
            stream.seek(self._start)
            return stream.read(KEEP_BYTES).decode(errors="replace")

    def tail(self) -> str:
        return "\n".join(f"    {line}" for line in self.this_run().splitlines()[-TAIL_LINES:]) or "    (empty)"
