"""A click: what we know of one recorded click-out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from tracker.core.reasons import ClickReason, Reason


class Surface(StrEnum):
    """Where the click-out was made."""

    SITE = "site"
    APP = "app"


class Device(StrEnum):
    DESKTOP = "desktop"
    PHONE = "phone"
    TABLET = "tablet"
    OTHER = "other"


class Check(StrEnum):
    AD_BLOCKER = "ad_blocker"
    COOKIES = "cookies"
    PRIVATE_MODE = "private_mode"
    SECOND_TAB = "second_tab"


class Finding(StrEnum):
    OK = "ok"
    FOUND = "found"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def strength(self) -> int:
        return list(Confidence).index(self)


class TabFinding(StrEnum):
    """What the tag on a partner's page saw of the tab (browser.md, 5)."""

    SAME_TAB = "same_tab"  # the tab that landed by this click
    SUPERSEDED = "same_tab_superseded"  # it landed, and another tab landed by a newer click since
    OTHER_TAB = "other_tab"  # a tab that did not land; its shop remembers the click
    COPIED = "other_tab_copied"  # a copy of the tab that landed
    COOKIE_LOST = "same_tab_cookie_lost"
    OTHER_SESSION = "other_session"  # neither the tab nor the shop's cookie knows a click
    COOKIES_BLOCKED = "cookies_blocked"
    UNKNOWN = "unknown"


class Policy(StrEnum):
    """What a positive check does: refuse cashback, warn the shopper, or only record it."""

    REFUSE = "refuse"
    WARN = "warn"
    RECORD = "record"


class CheckResult(NamedTuple):
    check: Check
    finding: Finding = Finding.UNKNOWN
    confidence: Confidence = Confidence.LOW
    evidence: str = ""  # what was seen, for analysts: `script:blocked fetch:ok`
    milliseconds: int = 0  # that the check took


@dataclass(frozen=True, slots=True)
class Click:
    """One recorded click, as attribution needs it. `refusals` are the reasons, known at the click, for which its
    orders earn nothing; `traffic` is what the screening found."""

    click_id: str
    partner_id: str
    clicked_at: datetime
    terms_version: str
    shopper_id: str | None
    surface: Surface = Surface.SITE
    device: Device = Device.DESKTOP
    checks: tuple[CheckResult, ...] = ()
    refusals: tuple[Reason, ...] = ()
    traffic: tuple[ClickReason, ...] = ()
    superseded_at: datetime | None = None
