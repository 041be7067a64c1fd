"""Exact crash points without changing code: strace kills, delays or fails a process at a system call."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import psutil
import pytest

RENAMES = "rename,renameat,renameat2"
KILLED = "+++ killed by SIGKILL +++"
_ATTACH_SECONDS = 10


def kill_at(calls: str, *, when: int = 0, paths: Sequence[str] = ()) -> list[str]:
    """Kill -9 as the process enters the `when`-th of these calls (0: any; each thread counts its own), or one with one
    of these paths. The call is not made."""
    wanted = [word for path in paths for word in ("-P", path)]
    which = f"when={when}" if when else "when=1+"
    return [*wanted, "-e", f"trace={calls}", "-e", f"inject={calls}:signal=KILL:{which}"]


def delay(calls: str, seconds: float) -> list[str]:
    """A slow disk: each call is made so much later."""
    return ["-e", f"trace={calls}", "-e", f"inject={calls}:delay_enter={int(seconds * 1_000_000)}"]


def fail(calls: str, error: str, path: Path) -> list[str]:
    """As ENOSPC does, on this one file."""
    return ["-P", str(path), "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"]


@asynccontextmanager
async def attached(pid: int, options: Sequence[str]) -> AsyncIterator[Path]:
    """Inside the block that process is caught, with its threads, its children and those that it will have; the file of
    what was caught."""
    _needed()
    with tempfile.TemporaryDirectory(prefix="tracker-strace-") as folder:
        trace = Path(folder) / "trace"
        pids = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        command = ["strace", "-f", "-y", "-o", str(trace), *(f"--attach={one}" for one in pids), *options]
        tracing = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        assert tracing.stderr is not None
        try:
            async with asyncio.timeout(_ATTACH_SECONDS):
                for _ in pids:  # a child may have ended meanwhile
                    said = await tracing.stderr.readline()
                    ended = b"No such process" in said and f", {pid})".encode() not in said
                    assert b"attached" in said or ended, said
            yield trace
        finally:
            if tracing.returncode is None:
                tracing.terminate()  # it detaches, and what it traced goes on
            await tracing.communicate()


@cache
def _reason() -> str:
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {tried.stderr.strip()}" if tried.returncode else ""


def _needed() -> None:
    if reason := _reason():
        pytest.skip(reason)
