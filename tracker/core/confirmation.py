"""What the tag saw of an order on the shop's confirmation page, and what an order is refused for because of it.

The verdict is a pure function of the *set* of reports and of the click that the order belongs to (docs/rules.md,
S-07; docs/adr/0010).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.core.click import CheckResult, Click, Confidence, Finding, Policy, TabFinding
from tracker.core.partner import CheckPolicy, TermsVersion
from tracker.core.reasons import Reason

# The tag reports a page view at once, and finally when its slower checks are through.
SAME_VIEW = timedelta(seconds=60)
# A shop may report an order before its page is shown, but not for long.
HEARD_BEFORE_SEEN = timedelta(minutes=10)

_RECORD = CheckPolicy(Policy.RECORD)
_ELSEWHERE = frozenset({TabFinding.SUPERSEDED, TabFinding.OTHER_TAB, TabFinding.COPIED})


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One report of the tag about one order. Equal `report_id`s are one report that was sent again."""

    report_id: str
    seen_at: datetime  # our receipt, UTC
    click_id: str  # that the tab landed by; empty: none that we signed
    cookie_click_id: str  # that the shop's own cookie holds, likewise
    tab: TabFinding
    blocker: CheckResult
    final: bool  # the tag's last word about this page view


def refusals(
    confirmations: Iterable[Confirmation],
    click: Click,
    terms: TermsVersion,
    *,
    order_time: datetime | None,
    heard_at: datetime,
) -> tuple[Reason, ...]:
    """What was seen surely enough for the policy of the click's terms. Silence and `unknown` never refuse.

    `heard_at` is when the first message about the order came: what is seen well after it is no view of somebody who
    has just ordered. If the first view was silent, a later one does not speak for it.
    """
    view = _first_view(confirmations, click)
    if not view or view[0].seen_at > heard_at + HEARD_BEFORE_SEEN:
        return ()
    policies = dict(terms.tag)
    seen = {
        Reason.SECOND_TAB: _least(_second_tab(one, click) for one in _last_word(view)),
        Reason.SESSION_ENDED: _session_ended(view[0].seen_at, click, terms, order_time),
        Reason.AD_BLOCKER: _least(_ad_blocker(one) for one in _last_word(view)),
    }
    return tuple(
        reason
        for reason, confidence in seen.items()
        if confidence is not None and policies.get(reason, _RECORD).refuses_at(confidence)
    )


def _first_view(confirmations: Iterable[Confirmation], click: Click) -> list[Confirmation]:
    """The page may be opened again from a letter, in another tab and days later: its first view alone tells how the
    order was placed. Without a click id of the order it is nobody's evidence: anybody can send it."""
    own = sorted(
        (one for one in confirmations if click.click_id in (one.click_id, one.cookie_click_id)),
        key=lambda one: one.seen_at,
    )
    return [one for one in own if one.seen_at <= own[0].seen_at + SAME_VIEW]


def _last_word(view: Sequence[Confirmation]) -> list[Confirmation]:
    """The first final report completes the view; several only if they came at one instant."""
    words = [one for one in view if one.final] or view
    return [one for one in words if one.seen_at == words[0].seen_at]


def _least(found: Iterable[Confidence | None]) -> Confidence | None:
    """Of reports at one instant the most lenient counts."""
    return min(found, key=lambda one: -1 if one is None else one.strength)


def _second_tab(one: Confirmation, click: Click) -> Confidence | None:
    """Sure only of the order's own tab: a shop that clears its storage makes it look like another one. A tab of an
    older click is, to the order that the newer one owns, just another tab.

    Any link to the shop can bring a click id along, and the shop's cookie then holds it: that the tab was superseded is
    sure only if we know so ourselves, and says nothing when we did not sign that id.
    """
    if one.tab not in _ELSEWHERE:
        return None
    if one.click_id != click.click_id:
        return Confidence.MEDIUM
    if one.tab is TabFinding.SUPERSEDED:
        known = click.superseded_at is not None and click.superseded_at < one.seen_at
        likely = one.cookie_click_id not in ("", click.click_id)
        return Confidence.HIGH if known else Confidence.MEDIUM if likely else None
    return Confidence.HIGH if one.tab is TabFinding.COPIED else Confidence.MEDIUM


def _session_ended(
    seen_at: datetime, click: Click, terms: TermsVersion, order_time: datetime | None
) -> Confidence | None:
    """By our own clock, the limit itself inside. Where the partner states the order's time, that alone is judged: the
    page may be seen long after the order."""
    if order_time is not None or seen_at <= click.clicked_at + terms.session:
        return None
    return Confidence.HIGH


def _ad_blocker(one: Confirmation) -> Confidence | None:
    return one.blocker.confidence if one.blocker.finding is Finding.FOUND else None
