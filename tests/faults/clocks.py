"""Wrong clocks: a process that is told another time by faketime."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tracker.embedded.valkey import EmbeddedValkey

_LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/local/lib/faketime/libfaketimeMT.so.1")


def with_clock(clock: Path, command: Sequence[str]) -> list[str]:
    """The command with a clock that is set by what the file says, such as `+2d`, `-1h` or `+0`, also while it runs. How
    long it waits is not touched."""
    found = [path for pattern in _LIBRARIES for path in Path("/").glob(pattern.lstrip("/"))]
    if not found or shutil.which("env") is None:
        pytest.skip("faketime is not installed")
    settings = [f"FAKETIME_TIMESTAMP_FILE={clock}", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
    return ["env", f"LD_PRELOAD={found[0]}", *settings, *command]


class SkewedValkey(EmbeddedValkey):
    """The embedded Valkey, on another clock than ours."""

    def __init__(self, data: Path, clock: Path) -> None:
        super().__init__(data)
        self._clock = clock

    def _command(self) -> Sequence[str]:
        return with_clock(self._clock, super()._command())
