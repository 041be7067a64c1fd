"""A line that says how far a run is: redrawn on a terminal, silent elsewhere."""

import sys
import time
from typing import Self, TextIO

_WIDTH = 30
_REDRAW_SECONDS = 0.1


class Progress:
    """`with Progress("clicks", 1000) as done: done(1)`"""

    def __init__(self, what: str, total: int, out: TextIO = sys.stderr) -> None:
        self._what = what
        self._total = total
        self._out = out
        self._done = 0
        self._started = self._drawn = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def __enter__(self) -> Self:
        return self

    def __call__(self, more: int) -> None:
        self._done += more
        if time.monotonic() - self._drawn > _REDRAW_SECONDS:
            self._draw()

    def __exit__(self, *_: object) -> None:
        self._draw()
        if self._out.isatty():
            self._out.write("\n")

    def _draw(self) -> None:
        if not self._out.isatty():
            return
        self._drawn = time.monotonic()
        full = _WIDTH * self._done // max(self._total, 1)
        bar = "█" * full + "░" * (_WIDTH - full)
        rate = self._done / max(self.seconds, 0.001)
        self._out.write(f"\r{self._what:10} {bar} {self._done:,} of {self._total:,}, {rate:,.0f}/s ")
        self._out.flush()
