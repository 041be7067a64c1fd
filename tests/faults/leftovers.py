"""What a tracker must not leave behind: processes, locks and sockets (I15), secrets and addresses (I16)."""

import json
import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from tests.faults.load import CANARY
from tests.running import RunningTracker
from tracker.embedded.lock import DataFolderLock

SECRETS = "secrets.json"
# The load's addresses: what is kept of them ends in a 0 or in two colons.
ADDRESSES = re.compile(rb"203\.0\.113\.[1-9]|ab1e:|\x20\x01\x0d\xb8\x00\x77\x00\x01\xab\x1e")


def left_running(tracker: RunningTracker) -> list[str]:
    """Of a tracker that was stopped."""
    with DataFolderLock(tracker.data):
        pass  # raises if it is still held
    return [
        *(f"{process} is an orphan" for process in tracker.processes()),
        *(f"{path} is stale" for path in _files(tracker) if path.is_socket() or path.name == "postmaster.pid"),
    ]


def told(tracker: RunningTracker) -> list[str]:
    """Secrets and addresses in any file but the one of the secrets."""
    secrets = [one.encode() for one in _texts(json.loads((tracker.data / SECRETS).read_text()))]
    assert len(secrets) > 10
    found = []
    for path in _files(tracker):
        if path.name == SECRETS or not path.is_file() or not path.stat().st_size:
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found += [f"{path} tells a secret" for one in (*secrets, CANARY.encode()) if content.find(one) >= 0]
            if address := ADDRESSES.search(content):
                found.append(f"{path} tells the address {address[0]!r}")
    return found


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str) and len(value) >= 16:
        yield value


def _files(tracker: RunningTracker) -> Iterator[Path]:
    """The data folder, the folders of its sockets if they lie elsewhere, and the log."""
    yield from tracker.data.rglob("*")
    yield tracker.log
