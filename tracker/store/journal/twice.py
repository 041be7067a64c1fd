"""Double clicks and repeats among the clicks of one journal: Valkey, which tells them otherwise, is away."""

import asyncio
from dataclasses import dataclass

from tracker.core.facts import ClickFact
from tracker.store.clicks import DOUBLE_CLICK_MS, REPEAT_MS

_Key = tuple[bytes, str]


@dataclass(frozen=True, slots=True)
class Before:
    """What a visitor did last at a partner."""

    click_id: str
    tab: str
    issued_at_ms: int
    counted_at_ms: int  # repeats within ten seconds of this one are not counted
    on_disk: "asyncio.Future[None]"


class Twice:
    """Remembers as long as a repeat is one, by the clicks' own times."""

    def __init__(self) -> None:
        self._last: dict[_Key, Before] = {}  # in the order in which they came

    def double_of(self, visitor: bytes, fact: ClickFact, tab: str) -> Before | None:
        before = self._before(visitor, fact)
        if before is None or before.tab != tab:
            return None
        return before if abs(_milliseconds(fact) - before.issued_at_ms) <= DOUBLE_CLICK_MS else None

    def is_repeat(self, visitor: bytes, fact: ClickFact) -> bool:
        before = self._before(visitor, fact)
        return before is not None and abs(_milliseconds(fact) - before.counted_at_ms) <= REPEAT_MS

    def note(
        self, visitor: bytes, fact: ClickFact, tab: str, on_disk: "asyncio.Future[None]", *, is_repeat: bool
    ) -> None:
        now = _milliseconds(fact)
        self._forget_before(now - REPEAT_MS)
        before = self._last.pop((visitor, fact.partner_id), None)
        counted = before.counted_at_ms if before is not None and is_repeat else now
        if visitor:
            self._last[visitor, fact.partner_id] = Before(fact.click_id, tab, now, counted, on_disk)

    def _before(self, visitor: bytes, fact: ClickFact) -> Before | None:
        """None also for a click that could not be written."""
        before = self._last.get((visitor, fact.partner_id))
        if before is None or (before.on_disk.done() and before.on_disk.exception() is not None):
            return None
        return before

    def _forget_before(self, moment_ms: int) -> None:
        for key, before in tuple(self._last.items()):
            if before.issued_at_ms >= moment_ms:
                break
            del self._last[key]


def _milliseconds(fact: ClickFact) -> int:
    return fact.clicked_at_us // 1000
