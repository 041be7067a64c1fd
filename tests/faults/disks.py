"""Disks that fill up: a small one of its own for a folder, and what takes the rest of its space."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, megabytes: int, mode: int = 0o700) -> Iterator[None]:
    """Inside the block the folder is a disk of that size."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m,mode={mode:o}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Inside the block its disk has no byte left: what is set free there is taken at once."""
    filler = folder / "filler"
    emptied = threading.Event()
    _fill(filler)
    filling = threading.Thread(target=_keep_filling, args=(filler, emptied))
    filling.start()
    try:
        yield
    finally:
        emptied.set()
        filling.join()
        filler.unlink()


def _keep_filling(filler: Path, emptied: threading.Event) -> None:
    while not emptied.wait(0.005):
        _fill(filler)


def _fill(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            with suppress(OSError):
                while file.write(b"x" * size):
                    pass
