"""What the checks page saw of a browser, and what that says (browser.md, 2 to 4 and 8).

The page brings words from closed lists; here they become findings. `unknown` is what nobody can know: it never refuses.
"""

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from tracker.core.click import Check, CheckResult, Confidence, Finding

_LONGEST_MS = 60_000  # a check that took longer slept with its computer
_CHROMIUM = re.compile(r"(?:Chrome|Chromium)/([0-9]{1,4})\.")


class Blocker(msgspec.Struct, frozen=True):
    """Two baits that blockers block, each beside a control that they do not. A bait is `blocked` when its request
    failed or something else answered it, `error` when nobody can tell."""

    script: Literal["ok", "blocked", "error"] = "error"
    fetch: Literal["ok", "blocked", "error"] = "error"
    script_control: Literal["ok", "error"] = "error"
    fetch_control: Literal["ok", "error"] = "error"
    dom: Literal["shown", "hidden", ""] = ""
    ms: int = 0


class PrivateMode(msgspec.Struct, frozen=True):
    """`opfs` is exact, and Firefox's alone; `timing` is a guess from how long a disk takes."""

    method: Literal["opfs", "timing", ""] = ""
    verdict: Literal["private", "normal", "unknown"] = "unknown"
    ms: int = 0


class Evidence(msgspec.Struct, frozen=True):
    """What the page's script brings; left out is not known. Fields of another version of the page are ignored."""

    blocker: Blocker = Blocker()
    storage: Literal["ok", "blocked", ""] = ""  # whether the script could keep a cookie and a tab's storage
    cookie_ms: int = 0
    private: PrivateMode = PrivateMode()


def judge_browser(evidence: Evidence, *, cookie_came_back: bool) -> tuple[CheckResult, ...]:
    """The ad blocker, the cookies and the private mode, in this order. `cookie_came_back`: our server set a cookie with
    the page and received it with the evidence."""
    return (
        _judge_blocker(evidence.blocker),
        _judge_cookies(evidence, came_back=cookie_came_back),
        _judge_private_mode(evidence),
    )


def may_time_private_mode(user_agent: str, versions: Iterable[range]) -> bool:
    """Whether the private mode of this browser may be guessed by timing: Chromium, of a major version that somebody
    measured. Chrome on iOS is no Chromium, and does not call itself so."""
    said = _CHROMIUM.search(user_agent)
    return said is not None and any(int(said[1]) in some for some in versions)


def _judge_blocker(seen: Blocker) -> CheckResult:
    network = ((seen.script, seen.script_control), (seen.fetch, seen.fetch_control))
    if ("blocked", "ok") in network:
        finding, confidence = Finding.FOUND, Confidence.HIGH
    elif network != (("ok", "ok"), ("ok", "ok")):
        # A server that fails, a network that is away and a captive portal look like a blocker: only the control tells.
        finding, confidence = Finding.UNKNOWN, Confidence.LOW
    elif seen.dom == "hidden":
        finding, confidence = Finding.FOUND, Confidence.MEDIUM
    else:
        # Not high: a blocker that works by names of hosts, or has just started, lets our own baits through.
        finding, confidence = Finding.OK, Confidence.MEDIUM
    controls = {
        ("ok", "ok"): "ok", ("error", "ok"): "script_error", ("ok", "error"): "fetch_error",
    }.get((seen.script_control, seen.fetch_control), "error")  # fmt: skip
    said = f"script:{seen.script} fetch:{seen.fetch} controls:{controls}" + (f" dom:{seen.dom}" if seen.dom else "")
    return CheckResult(Check.AD_BLOCKER, finding, confidence, said, _clamped(seen.ms))


def _judge_cookies(evidence: Evidence, *, came_back: bool) -> CheckResult:
    """The server decides, which was exact in every browser; the script's own attempt confirms. Where they contradict
    each other nobody is sure enough to refuse."""
    agreed = evidence.storage != ("blocked" if came_back else "ok")
    return CheckResult(
        Check.COOKIES,
        Finding.OK if came_back else Finding.FOUND,
        Confidence.HIGH if agreed else Confidence.MEDIUM,
        f"server:{'ok' if came_back else 'blocked'} script:{evidence.storage or 'untested'}",
        _clamped(evidence.cookie_ms),
    )


def _judge_private_mode(evidence: Evidence) -> CheckResult:
    seen = evidence.private
    # With storage blocked both methods fail, in a private window and in a normal one alike.
    known = seen.method and seen.verdict != "unknown" and evidence.storage != "blocked"
    if known:
        finding = Finding.FOUND if seen.verdict == "private" else Finding.OK
        confidence = Confidence.HIGH if seen.method == "opfs" else Confidence.MEDIUM
    else:
        finding, confidence = Finding.UNKNOWN, Confidence.LOW
    said = f"{seen.method}:{seen.verdict}" if seen.method else "untested"
    if evidence.storage == "blocked":
        said += " storage:blocked"
    return CheckResult(Check.PRIVATE_MODE, finding, confidence, said, _clamped(seen.ms))


def _clamped(milliseconds: int) -> int:
    return max(0, min(milliseconds, _LONGEST_MS))
