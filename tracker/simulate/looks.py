"""What the checks page sees of a browser, what its shopper does then, and what must come of it (programme.md, Q-08).

Nothing here is shared with `tracker.redirect`: the page's requests are written as a browser makes them.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

Evidence = Mapping[str, Any]


class Look(NamedTuple):
    """`found` and `refused` are of the first look: the checks that the shopper is told of, and the reasons for which an
    order would earn nothing."""

    saw: Evidence
    found: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    act: str = ""  # the button that the shopper presses then; empty: none
    then: Evidence | None = None  # what the browser shows then, if that has changed
    cookies: bool = True
    same_tab: bool = True  # as the click before it
    script: bool = True

    @property
    def goes(self) -> bool:
        """The shopper is sent on with a click id, at once or by a button."""
        return not self.found or bool(self.act)

    @property
    def loses(self) -> tuple[str, ...]:
        """Why an order of the click earns nothing."""
        if not self.script:
            return ("not_checked",)
        return self.refused if self.act == "anyway" else ()

    @property
    def goes_with(self) -> tuple[str, ...]:
        """The checks that are recorded as found with the click that is sent on."""
        return self.found if self.act in ("anyway", "overrule") else ()


_ALL_LOADED = {"script": "ok", "fetch": "ok", "script_control": "ok", "fetch_control": "ok", "dom": "shown", "ms": 61}
_BLOCKED = _ALL_LOADED | {"script": "blocked", "fetch": "blocked", "dom": "hidden"}
_NO_NETWORK = _ALL_LOADED | {"script": "error", "fetch": "blocked", "script_control": "error", "fetch_control": "error"}
_CLEAN = {"blocker": _ALL_LOADED, "storage": "ok", "cookie_ms": 1}
_NO_STORAGE = _CLEAN | {"storage": "blocked"}
_NO_FILES = {"method": "opfs", "verdict": "private", "ms": 1}  # Firefox says so exactly
_FAST_DISK = {"method": "timing", "verdict": "private", "ms": 412}  # a guess
_TOO_SLOW = {"method": "timing", "verdict": "unknown", "ms": 1200}

LOOKS: Mapping[str, Look] = {
    "clean": Look(_CLEAN),
    "blocker": Look(_CLEAN | {"blocker": _BLOCKED}, ("ad_blocker",), ("ad_blocker",), "anyway"),
    "script_blocked": Look(
        _CLEAN | {"blocker": _ALL_LOADED | {"script": "blocked"}}, ("ad_blocker",), ("ad_blocker",), "anyway"
    ),
    "blocker_off": Look(_CLEAN | {"blocker": _BLOCKED}, ("ad_blocker",), ("ad_blocker",), "check", _CLEAN),
    "no_cookies": Look(_NO_STORAGE, ("cookies",), ("cookies_blocked",), "anyway", cookies=False),
    "private": Look(_CLEAN | {"private": _NO_FILES}, ("private_mode",), ("private_mode",), "anyway"),
    "private_blocker": Look(
        _CLEAN | {"private": _NO_FILES, "blocker": _BLOCKED},
        ("ad_blocker", "private_mode"),
        ("ad_blocker", "private_mode"),
        "anyway",
    ),
    "maybe_private": Look(_CLEAN | {"private": _FAST_DISK}, ("private_mode",), (), "overrule"),
    "unsure": Look(_CLEAN | {"blocker": _NO_NETWORK, "private": _TOO_SLOW}),
    "no_script": Look(_CLEAN, script=False),
    "second_tab": Look(_CLEAN, ("second_tab",), ("second_tab",), same_tab=False),
    "started_over": Look(_CLEAN, ("second_tab",), ("second_tab",), "over", same_tab=False),
    "second_anyway": Look(_CLEAN, ("second_tab",), ("second_tab",), "anyway", same_tab=False),
}


def evidence_of(agent: str) -> Evidence:
    """Of a window that is not private, as this browser's page can tell it."""
    if "Firefox/" in agent:
        return {"private": {"method": "opfs", "verdict": "normal", "ms": 2}}
    if "Chrome/" in agent:
        return {"private": {"method": "timing", "verdict": "normal", "ms": 790}}
    return {"private": {"method": "", "verdict": "unknown", "ms": 0}}
