"""A session: one shopper at one partner in one browser, in one tab (docs/rules.md, S-01, S-02).

A click opens it. It ends when another tab starts over, with the browser, or after the partner's `session_hours`.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec


class SessionAct(StrEnum):
    """What a click does to the session that may be open."""

    ASK = "ask"  # it opens one, unless one is open in another tab: then nothing is recorded
    OVER = "over"  # it opens one, and supersedes the clicks of another tab
    REPLACE = "replace"  # it opens one, and what is open elsewhere stays as good: nobody asked


class Session(msgspec.Struct, frozen=True):
    key: str  # shopper, partner and browser
    seconds: int  # that it lasts; its last second is inside
    act: SessionAct = SessionAct.ASK
    tab: str = ""  # empty: this request cannot tell its tab
    restarted_at: int = 0  # Unix time; what was opened before it ended with the browser


@dataclass(frozen=True, slots=True)
class OpenElsewhere:
    """The session that is open, and not in the tab that asks."""

    click_ids: tuple[str, ...]  # of that tab, newest first
    opened_at: float  # Unix time
    tab: str  # empty: the click that opened it did not tell

    @property
    def click_id(self) -> str:
        return self.click_ids[0]
