"""A data folder of the test's own, and the proof that nothing is left running in it."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tracker.embedded.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may pass through, as / and /srv are."""
    folder = Path(tempfile.mkdtemp(prefix="tracker-embedded-"))
    folder.chmod(0o711)
    yield folder
    orphans = processes_below(folder)
    for process in orphans:
        process.kill()
    psutil.wait_procs(orphans)
    for link in folder.rglob("run"):
        if link.is_symlink():
            shutil.rmtree(link.readlink(), ignore_errors=True)
    shutil.rmtree(folder)
    assert not orphans


@pytest.fixture
def data(place: Path) -> Path:
    return place / "data"


@pytest.fixture(scope="session")
def made_once() -> Iterator[Path]:
    """A data folder after its first start: `initdb` takes a second, a copy does not."""
    folder = Path(tempfile.mkdtemp(prefix="tracker-embedded-"))
    folder.chmod(0o711)
    asyncio.run(start_and_stop(EmbeddedPostgres(folder / "data")))
    yield folder / "data"
    shutil.rmtree(folder)


async def start_and_stop(server: EmbeddedPostgres) -> None:
    await server.start()
    await server.stop()


@pytest.fixture
def made(made_once: Path, data: Path) -> Path:
    subprocess.run(["cp", "-a", made_once, data], check=True)
    return data


def processes_below(folder: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _works_below(process, folder)]


def _works_below(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:
        return False


def supervise(kind: str, data: Path, *, then: str = "wait", user: int | None = None) -> subprocess.Popen[str]:
    """The process that starts a server over `data`; its first line is the server's pid."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.embedded.supervising", str(user or ""), kind, str(data), then],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )


def killed_after_start(kind: str, data: Path) -> int:
    """The pid of a server whose tracker was killed with SIGKILL."""
    tracker = supervise(kind, data)
    assert tracker.stdout is not None
    pid = int(tracker.stdout.readline())
    tracker.kill()
    tracker.communicate()
    return pid
