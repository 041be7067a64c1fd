"""From what was seen to a verdict: how the click-out is answered, and what its orders are refused for."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache

import msgspec

from tracker.core.click import Check, CheckResult, Finding
from tracker.core.partner import CheckPolicy
from tracker.core.reasons import ClickReason, Reason
from tracker.fraud.rules import RULES
from tracker.fraud.signals import Signals
from tracker.fraud.user_agent import REMEMBERED


class Outcome(StrEnum):
    """How a click-out is answered."""

    GO = "go"  # sent on with a click id
    PLAIN = "plain"  # sent on without one
    AGAIN = "again"  # asked to come back


class Verdict(msgspec.Struct, frozen=True, gc=False):
    outcome: Outcome
    traffic: tuple[ClickReason, ...]
    refusals: tuple[Reason, ...]


_INVALID = frozenset({ClickReason.PREFETCH, ClickReason.NOT_NAVIGATION, ClickReason.BOT_UA})
_REFUSALS = {
    Check.AD_BLOCKER: Reason.AD_BLOCKER,
    Check.COOKIES: Reason.COOKIES_BLOCKED,
    Check.PRIVATE_MODE: Reason.PRIVATE_MODE,
    Check.SECOND_TAB: Reason.SECOND_TAB,
}
_DEFAULT_POLICY = CheckPolicy()


def screen(signals: Signals, *, shopper_known: bool) -> Verdict:
    """Every rule, every reason."""
    traffic = _traffic_of(signals)
    refusals = () if shopper_known else (Reason.NO_SHOPPER,)
    if not traffic:
        return Verdict(Outcome.GO, traffic, refusals)
    if not _INVALID.isdisjoint(traffic):
        refusals = (*refusals, Reason.INVALID_TRAFFIC)
    return Verdict(Outcome.AGAIN if ClickReason.PREFETCH in traffic else Outcome.PLAIN, traffic, refusals)


@lru_cache(maxsize=REMEMBERED)
def _traffic_of(signals: Signals) -> tuple[ClickReason, ...]:
    return tuple(reason for reason, applies in RULES if applies(signals))


def screen_checks(checks: Iterable[CheckResult], policies: Mapping[Check, CheckPolicy]) -> tuple[Reason, ...]:
    """What the browser checks refuse: a finding, sure enough for its policy. `unknown` never refuses."""
    found = [result for result in checks if result.finding is Finding.FOUND]
    return tuple(
        _REFUSALS[result.check]
        for result in found
        if policies.get(result.check, _DEFAULT_POLICY).refuses_at(result.confidence)
    )
