"""From what was seen to a verdict: every reason is collected, and each outcome has its cause."""

from itertools import product

import pytest

from tests.fraud.test_rules import asks
from tracker.core.click import Check, CheckResult, Confidence, Finding, Policy
from tracker.core.partner import CheckPolicy
from tracker.core.reasons import ClickReason, Reason
from tracker.fraud.screen import Outcome, Verdict, screen, screen_checks
from tracker.fraud.signals import Signals

INVALID = (Reason.INVALID_TRAFFIC,)


@pytest.mark.parametrize(
    ("signals", "verdict"),
    [
        (asks(), Verdict(Outcome.GO, (), ())),
        (asks("HEAD"), Verdict(Outcome.PLAIN, (ClickReason.METHOD,), ())),
        (asks(Sec_Purpose="prefetch"), Verdict(Outcome.AGAIN, (ClickReason.PREFETCH,), INVALID)),
        (asks(Sec_Fetch_Dest="image"), Verdict(Outcome.PLAIN, (ClickReason.NOT_NAVIGATION,), INVALID)),
        (asks(agent="curl/8.14.1"), Verdict(Outcome.PLAIN, (ClickReason.BOT_UA,), INVALID)),
        (
            asks("HEAD", agent="", Sec_Fetch_Mode="no-cors", Purpose="prefetch"),
            Verdict(
                Outcome.AGAIN,
                (ClickReason.METHOD, ClickReason.PREFETCH, ClickReason.NOT_NAVIGATION, ClickReason.BOT_UA),
                INVALID,
            ),
        ),
    ],
)
def test_every_rule_that_applies_is_a_reason(signals: Signals, verdict: Verdict) -> None:
    assert screen(signals, shopper_known=True) == verdict


def test_a_click_without_a_known_shopper_goes_and_earns_nothing() -> None:
    assert screen(asks(), shopper_known=False) == Verdict(Outcome.GO, (), (Reason.NO_SHOPPER,))


def test_a_bot_without_a_shopper_has_both_reasons() -> None:
    verdict = screen(asks(agent=""), shopper_known=False)
    assert verdict.refusals == (Reason.NO_SHOPPER, Reason.INVALID_TRAFFIC)


REFUSAL_OF = {
    Check.AD_BLOCKER: Reason.AD_BLOCKER,
    Check.COOKIES: Reason.COOKIES_BLOCKED,
    Check.PRIVATE_MODE: Reason.PRIVATE_MODE,
    Check.SECOND_TAB: Reason.SECOND_TAB,
}
SURE_ENOUGH = {
    (Confidence.HIGH, Confidence.HIGH),
    (Confidence.HIGH, Confidence.MEDIUM),
    (Confidence.HIGH, Confidence.LOW),
    (Confidence.MEDIUM, Confidence.MEDIUM),
    (Confidence.MEDIUM, Confidence.LOW),
    (Confidence.LOW, Confidence.LOW),
}


@pytest.mark.parametrize("check", Check)
def test_a_check_refuses_only_what_it_found_and_is_sure_enough_of(check: Check) -> None:
    for finding, confidence, policy, refuse_at in product(Finding, Confidence, Policy, Confidence):
        refuses = finding is Finding.FOUND and policy is Policy.REFUSE and (confidence, refuse_at) in SURE_ENOUGH
        found = screen_checks([CheckResult(check, finding, confidence)], {check: CheckPolicy(policy, refuse_at)})
        assert found == ((REFUSAL_OF[check],) if refuses else ()), (finding, confidence, policy, refuse_at)


@pytest.mark.parametrize("confidence", Confidence)
def test_a_check_without_a_policy_refuses_at_high_confidence(confidence: Confidence) -> None:
    found = screen_checks([CheckResult(Check.COOKIES, Finding.FOUND, confidence)], {})
    assert found == ((Reason.COOKIES_BLOCKED,) if confidence is Confidence.HIGH else ())


def test_every_check_that_refuses_is_a_reason() -> None:
    checks = [CheckResult(check, Finding.FOUND, Confidence.HIGH) for check in Check]
    assert screen_checks(checks, {}) == tuple(REFUSAL_OF.values())
    assert screen_checks(checks, {Check.COOKIES: CheckPolicy(Policy.WARN)}) == (
        Reason.AD_BLOCKER,
        Reason.PRIVATE_MODE,
        Reason.SECOND_TAB,
    )


def test_what_is_not_known_never_refuses() -> None:
    assert screen_checks([CheckResult(check, Finding.UNKNOWN, Confidence.HIGH) for check in Check], {}) == ()
    assert screen_checks([], {}) == ()
