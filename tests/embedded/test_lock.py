"""One tracker a data folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracker.embedded.errors import DataFolderInUseError, EmbeddedServerError
from tracker.embedded.lock import DataFolderLock

HOLD = """
import sys, time
from pathlib import Path
from tracker.embedded.lock import DataFolderLock
DataFolderLock(Path(sys.argv[1])).acquire() or print("held", flush=True)
time.sleep(600)
"""


def test_a_second_tracker_on_the_same_folder_is_refused_and_told_who_holds_it(data: Path) -> None:
    with (
        DataFolderLock(data),
        pytest.raises(DataFolderInUseError, match=rf"in use by another tracker \(process {os.getpid()}\).*--data"),
    ):
        DataFolderLock(data).acquire()


def test_a_released_folder_can_be_locked_again(data: Path) -> None:
    for _ in range(2):
        with DataFolderLock(data):
            assert (data / "lock").read_text() == f"{os.getpid()}\n"


def test_a_killed_tracker_holds_nothing(data: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(data)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(DataFolderInUseError, match=f"process {holder.pid}"):
        DataFolderLock(data).acquire()
    holder.kill()
    holder.communicate()
    with DataFolderLock(data):
        pass


def test_a_program_that_the_tracker_starts_does_not_inherit_the_lock(data: Path) -> None:
    with DataFolderLock(data):
        child = subprocess.Popen(["sleep", "60"])
    with DataFolderLock(data):
        child.kill()
        child.wait()


def test_a_folder_that_cannot_be_used_is_named(place: Path) -> None:
    (place / "file").touch()
    with pytest.raises(EmbeddedServerError, match=r"The data folder .*/file/data cannot be used: Not a directory"):
        DataFolderLock(place / "file" / "data").acquire()
