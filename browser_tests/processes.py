"""Browsers as processes of ours: started in a folder on a real disk, and gone afterwards, whatever happened."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

_IN_MEMORY = {"tmpfs", "ramfs"}


@contextmanager
def profile_folder() -> Iterator[Path]:
    """An empty one on a real disk: with a profile in memory Chromium's private mode cannot be told from normal."""
    folder = Path(tempfile.mkdtemp(prefix="browser-", dir=_disk()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _disk() -> Path:
    for candidate in (Path(tempfile.gettempdir()), Path("/var/tmp"), Path(__file__).parent):  # noqa: S108 # each is checked
        if candidate.is_dir() and _file_system(candidate) not in _IN_MEMORY:
            return candidate
    raise RuntimeError("no folder here is on a disk")


def _file_system(folder: Path) -> str:
    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    resolved = folder.resolve()
    return next((mounts[parent] for parent in (resolved, *resolved.parents) if parent in mounts), "")


class BrowserProcess:
    """A browser with all the processes that it starts."""

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str]) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._log = log

    def must_run(self) -> None:
        assert self._process.poll() is None, f"the browser ended: {self._log.read_text(errors='replace')[-2000:]}"

    def end(self, grace_seconds: float = 0) -> None:
        """By its own will within that time, else killed with its children, by their ids."""
        family = [self._process.pid, *self._children()]
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_seconds)
        for pid in family:
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                if process.pid == self._process.pid or process.ppid() in (1, *family):
                    process.kill()
        self._process.wait(10)

    def _children(self) -> list[int]:
        try:
            return [child.pid for child in psutil.Process(self._process.pid).children(recursive=True)]
        except psutil.Error:
            return []
