"""What a browser's evidence says: every row of the tables is one browser, or one accident."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agents import DESKTOP
from tracker.core.click import Check, CheckResult, Confidence, Finding
from tracker.fraud.browser import Blocker, Evidence, PrivateMode, judge_browser, may_time_private_mode

FOUND, OK, UNKNOWN = Finding.FOUND, Finding.OK, Finding.UNKNOWN
BOTH = "script:blocked fetch:blocked"
HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW

CLEAN = Evidence(
    blocker=Blocker(script="ok", fetch="ok", script_control="ok", fetch_control="ok", dom="shown", ms=63),
    storage="ok",
    cookie_ms=1,
    private=PrivateMode(method="timing", verdict="normal", ms=812),
)


def judged(check: Check, evidence: Evidence, *, cookie_came_back: bool = True) -> CheckResult:
    (result,) = (one for one in judge_browser(evidence, cookie_came_back=cookie_came_back) if one.check is check)
    return result


def test_a_clean_browser_has_nothing_to_be_told() -> None:
    assert judge_browser(CLEAN, cookie_came_back=True) == (
        CheckResult(Check.AD_BLOCKER, OK, MEDIUM, "script:ok fetch:ok controls:ok dom:shown", 63),
        CheckResult(Check.COOKIES, OK, HIGH, "server:ok script:ok", 1),
        CheckResult(Check.PRIVATE_MODE, OK, MEDIUM, "timing:normal", 812),
    )


def test_of_a_page_without_script_only_the_cookie_is_known() -> None:
    assert judge_browser(Evidence(), cookie_came_back=False) == (
        CheckResult(Check.AD_BLOCKER, UNKNOWN, LOW, "script:error fetch:error controls:error", 0),
        CheckResult(Check.COOKIES, FOUND, HIGH, "server:blocked script:untested", 0),
        CheckResult(Check.PRIVATE_MODE, UNKNOWN, LOW, "untested", 0),
    )


@pytest.mark.parametrize(
    ("script", "fetch", "script_control", "fetch_control", "dom", "finding", "confidence", "evidence"),
    [
        # A blocker, as uBlock Origin, as uBlock Origin Lite (which hides nothing) and as one that misses a bait.
        ("blocked", "blocked", "ok", "ok", "hidden", FOUND, HIGH, f"{BOTH} controls:ok dom:hidden"),
        ("blocked", "blocked", "ok", "ok", "shown", FOUND, HIGH, f"{BOTH} controls:ok dom:shown"),
        ("blocked", "ok", "ok", "ok", "shown", FOUND, HIGH, "script:blocked fetch:ok controls:ok dom:shown"),
        ("ok", "blocked", "ok", "ok", "shown", FOUND, HIGH, "script:ok fetch:blocked controls:ok dom:shown"),
        # The bait's own control is what counts; the other one may fail.
        ("blocked", "error", "ok", "error", "", FOUND, HIGH, "script:blocked fetch:error controls:fetch_error"),
        ("error", "blocked", "error", "ok", "", FOUND, HIGH, "script:error fetch:blocked controls:script_error"),
        # Only hidden: a rule for elements, perhaps of the shopper's own.
        ("ok", "ok", "ok", "ok", "hidden", FOUND, MEDIUM, "script:ok fetch:ok controls:ok dom:hidden"),
        # A server that fails or is away, a captive portal, one control lost.
        ("blocked", "blocked", "error", "error", "shown", UNKNOWN, LOW, f"{BOTH} controls:error dom:shown"),
        ("blocked", "ok", "error", "ok", "", UNKNOWN, LOW, "script:blocked fetch:ok controls:script_error"),
        ("ok", "blocked", "ok", "error", "", UNKNOWN, LOW, "script:ok fetch:blocked controls:fetch_error"),
        ("ok", "ok", "ok", "error", "shown", UNKNOWN, LOW, "script:ok fetch:ok controls:fetch_error dom:shown"),
        # Too slow to tell, hidden or not.
        ("error", "ok", "ok", "ok", "shown", UNKNOWN, LOW, "script:error fetch:ok controls:ok dom:shown"),
        ("error", "error", "ok", "ok", "hidden", UNKNOWN, LOW, "script:error fetch:error controls:ok dom:hidden"),
        # Clear.
        ("ok", "ok", "ok", "ok", "", OK, MEDIUM, "script:ok fetch:ok controls:ok"),
    ],
)  # fmt: skip
def test_a_bait_counts_only_beside_its_control(
    script: str,
    fetch: str,
    script_control: str,
    fetch_control: str,
    dom: str,
    finding: Finding,
    confidence: Confidence,
    evidence: str,
) -> None:
    seen = {
        "script": script, "fetch": fetch, "script_control": script_control, "fetch_control": fetch_control, "dom": dom,
    }  # fmt: skip
    result = judged(Check.AD_BLOCKER, msgspec.convert({"blocker": seen}, Evidence))

    assert (result.finding, result.confidence, result.evidence) == (finding, confidence, evidence)


@pytest.mark.parametrize(
    ("came_back", "storage", "finding", "confidence"),
    [
        (True, "ok", OK, HIGH),
        (True, "", OK, HIGH),
        (True, "blocked", OK, MEDIUM),
        (False, "blocked", FOUND, HIGH),
        (False, "", FOUND, HIGH),
        (False, "ok", FOUND, MEDIUM),
    ],
)
def test_the_server_decides_about_cookies_and_the_script_confirms(
    came_back: bool, storage: str, finding: Finding, confidence: Confidence
) -> None:
    result = judged(Check.COOKIES, msgspec.convert({"storage": storage}, Evidence), cookie_came_back=came_back)

    assert (result.finding, result.confidence) == (finding, confidence)


@pytest.mark.parametrize(
    ("method", "verdict", "storage", "finding", "confidence", "evidence"),
    [
        ("opfs", "private", "ok", FOUND, HIGH, "opfs:private"),
        ("opfs", "normal", "ok", OK, HIGH, "opfs:normal"),
        ("opfs", "unknown", "ok", UNKNOWN, LOW, "opfs:unknown"),
        ("timing", "private", "ok", FOUND, MEDIUM, "timing:private"),
        ("timing", "normal", "ok", OK, MEDIUM, "timing:normal"),
        ("timing", "unknown", "ok", UNKNOWN, LOW, "timing:unknown"),
        ("", "unknown", "ok", UNKNOWN, LOW, "untested"),
        ("", "private", "ok", UNKNOWN, LOW, "untested"),
        # Firefox with all cookies blocked refuses storage in a normal window too, Chromium its database.
        ("opfs", "private", "blocked", UNKNOWN, LOW, "opfs:private storage:blocked"),
        ("timing", "normal", "blocked", UNKNOWN, LOW, "timing:normal storage:blocked"),
    ],
)
def test_only_the_exact_method_is_sure_of_a_private_window(
    method: str, verdict: str, storage: str, finding: Finding, confidence: Confidence, evidence: str
) -> None:
    seen = {"storage": storage, "private": {"method": method, "verdict": verdict}}
    result = judged(Check.PRIVATE_MODE, msgspec.convert(seen, Evidence))

    assert (result.finding, result.confidence, result.evidence) == (finding, confidence, evidence)


@given(st.integers())
def test_milliseconds_are_a_minute_at_most_whatever_is_sent(sent: int) -> None:
    evidence = Evidence(blocker=Blocker(ms=sent), cookie_ms=sent, private=PrivateMode(ms=sent))

    assert all(0 <= one.milliseconds <= 60_000 for one in judge_browser(evidence, cookie_came_back=True))


def test_fields_of_another_version_of_the_page_are_ignored_and_missing_ones_are_unknown() -> None:
    body = b'{"page": "x", "new": {"a": 1}, "blocker": {"script": "ok", "image": "blocked"}, "storage": "ok"}'

    assert msgspec.json.decode(body, type=Evidence) == Evidence(blocker=Blocker(script="ok"), storage="ok")


@pytest.mark.parametrize(
    "body",
    [
        '{"storage": "OK"}', '{"storage": null}', '{"storage": 1}', '{"cookie_ms": "12"}', '{"cookie_ms": 1.5}',
        '{"blocker": {"script": "yes"}}', '{"blocker": {"script_control": "blocked"}}', '{"blocker": []}',
        '{"private": {"method": "quota"}}', '{"private": {"verdict": ""}}', '{"private": {"ms": 1e400}}', "[]", "",
    ],
)  # fmt: skip
def test_a_word_that_is_not_in_the_list_is_refused(body: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(body, type=Evidence)


@pytest.mark.parametrize(
    ("agent", "may"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36", True),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/157.0.0.0 Safari/537.36", False),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/82.0.0.0 Safari/537.36", False),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 YaBrowser/25.8.0 Safari/537.36", True),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 CriOS/150.0.1 Mobile/15E148 Safari/604.1", False),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", False),
        ("Chrome/99999.0 Chrome/", False),
        ("", False),
    ],
)  # fmt: skip
def test_a_private_mode_is_guessed_only_in_a_chromium_that_was_measured(agent: str, may: bool) -> None:
    assert may_time_private_mode(agent, (range(83, 157),)) is may


def test_a_version_can_be_taken_out_and_so_can_all() -> None:
    assert not may_time_private_mode(DESKTOP, ())
    assert not may_time_private_mode("Chrome/120.0", (range(83, 120), range(121, 157)))
