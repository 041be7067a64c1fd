"""What the tag saw refuses an order only by the policy of its click's terms, and only by the first view of the page."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.factories import CLICK, CLICKED_AT, LAB, OTHER_CLICK, message, order, report
from tracker.core.attribution import refusals
from tracker.core.click import Check, CheckResult, Click, Confidence, Finding, Policy, TabFinding
from tracker.core.confirmation import Confirmation
from tracker.core.conversion import judge
from tracker.core.fold import Stated
from tracker.core.order import Message, Order
from tracker.core.partner import CheckPolicy, TermsVersion
from tracker.core.reasons import Reason
from tracker.core.report import Report, Status
from tracker.core.take import take

C, D = CLICK.click_id, OTHER_CLICK.click_id
REASONS = (Reason.SECOND_TAB, Reason.SESSION_ENDED, Reason.AD_BLOCKER)
HOUR = 3600
LIMIT = 6 * HOUR


def policies(policy: CheckPolicy) -> TermsVersion:
    return replace(LAB, tag=tuple((reason, policy) for reason in REASONS))


RECORD = LAB
REFUSE = policies(CheckPolicy())
REFUSE_AT_MEDIUM = policies(CheckPolicy(refuse_at=Confidence.MEDIUM))


def blocker(confidence: Confidence, finding: Finding = Finding.FOUND) -> CheckResult:
    return CheckResult(Check.AD_BLOCKER, finding, confidence)


def seen(
    tab: TabFinding = TabFinding.SAME_TAB,
    *,
    after: float = HOUR,
    final: bool = True,
    click_id: str = C,
    cookie: str = C,
    found: CheckResult | None = None,
) -> Confirmation:
    """`after`: seconds after the click."""
    return Confirmation(
        report_id="r",
        seen_at=CLICKED_AT + timedelta(seconds=after),
        click_id=click_id,
        cookie_click_id=cookie,
        tab=tab,
        blocker=found or CheckResult(Check.AD_BLOCKER),
        final=final,
    )


def decided(
    terms: TermsVersion, *confirmations: Confirmation, said: Report | None = None, click: Click = CLICK
) -> tuple[Reason, ...]:
    of = replace(order(message(said or report(), click=click, received=2 * LIMIT)), confirmations=confirmations)
    return judge(of, {terms.version: terms}).reasons


@pytest.mark.parametrize(
    ("confirmation", "at_high", "at_medium"),
    [
        (seen(TabFinding.SAME_TAB), [], []),
        (seen(TabFinding.COOKIE_LOST, cookie=""), [], []),
        (seen(TabFinding.COOKIES_BLOCKED), [], []),
        (seen(TabFinding.UNKNOWN), [], []),
        # Any link to the shop may have brought another click id along; one that nobody signed is empty here.
        (seen(TabFinding.SUPERSEDED, cookie=D), [], ["second_tab"]),
        (seen(TabFinding.SUPERSEDED, cookie=""), [], []),
        (seen(TabFinding.COPIED), ["second_tab"], ["second_tab"]),
        (seen(TabFinding.OTHER_TAB, click_id=""), [], ["second_tab"]),
        # The order belongs to the newer click, and was placed in the tab of an older one.
        (seen(TabFinding.SUPERSEDED, click_id=D, cookie=C), [], ["second_tab"]),
        (seen(TabFinding.COPIED, click_id=D, cookie=C), [], ["second_tab"]),
        (seen(after=LIMIT), [], []),
        (seen(after=LIMIT + 1), ["session_ended"], ["session_ended"]),
        (seen(found=blocker(Confidence.HIGH)), ["ad_blocker"], ["ad_blocker"]),
        (seen(found=blocker(Confidence.MEDIUM)), [], ["ad_blocker"]),
        (seen(found=blocker(Confidence.LOW)), [], []),
        (seen(found=blocker(Confidence.HIGH, Finding.OK)), [], []),
        (seen(found=blocker(Confidence.HIGH, Finding.UNKNOWN)), [], []),
        (
            seen(TabFinding.COPIED, after=LIMIT + 1, found=blocker(Confidence.HIGH)),
            ["second_tab", "session_ended", "ad_blocker"],
            ["second_tab", "session_ended", "ad_blocker"],
        ),
    ],
)
def test_what_the_tag_saw_refuses_when_it_is_as_sure_as_the_policy_asks(
    confirmation: Confirmation, at_high: list[str], at_medium: list[str]
) -> None:
    assert decided(RECORD, confirmation) == ()
    assert list(decided(REFUSE, confirmation)) == at_high
    assert list(decided(REFUSE_AT_MEDIUM, confirmation)) == at_medium


def test_silence_never_refuses() -> None:
    assert decided(REFUSE_AT_MEDIUM) == ()


@pytest.mark.parametrize("ours", REASONS)
def test_each_finding_has_a_policy_of_its_own(ours: Reason) -> None:
    everything = seen(TabFinding.COPIED, after=LIMIT + 1, found=blocker(Confidence.HIGH))
    terms = replace(LAB, tag=((ours, CheckPolicy()),))
    recorded = replace(LAB, tag=((ours, CheckPolicy(Policy.RECORD, Confidence.LOW)),))

    assert decided(terms, everything) == (ours,)
    assert decided(recorded, everything) == ()


@pytest.mark.parametrize("tab", [TabFinding.OTHER_SESSION, TabFinding.COPIED, TabFinding.SUPERSEDED])
@pytest.mark.parametrize(("click_id", "cookie"), [("", ""), (D, D), (D, "")])
def test_a_report_that_names_another_click_or_none_is_nobody_s_evidence(
    tab: TabFinding, click_id: str, cookie: str
) -> None:
    forged = seen(tab, after=LIMIT + 1, click_id=click_id, cookie=cookie, found=blocker(Confidence.HIGH))

    assert decided(REFUSE_AT_MEDIUM, forged) == ()
    assert decided(REFUSE_AT_MEDIUM, forged, seen(after=HOUR + 1)) == ()


def test_the_page_that_is_opened_again_later_and_in_another_tab_changes_nothing() -> None:
    again = seen(TabFinding.OTHER_TAB, after=LIMIT + 100, click_id="", found=blocker(Confidence.HIGH))

    assert decided(REFUSE_AT_MEDIUM, again) != ()
    assert decided(REFUSE_AT_MEDIUM, seen(after=HOUR, final=False), again) == ()


def test_the_final_report_completes_the_view_that_a_quick_one_began() -> None:
    quick = seen(TabFinding.COPIED, after=HOUR, final=False)
    blocked = blocker(Confidence.HIGH)

    assert decided(REFUSE, quick) == (Reason.SECOND_TAB,)
    assert decided(REFUSE, quick, seen(after=HOUR + 5)) == ()
    assert decided(REFUSE, seen(final=False), seen(after=HOUR + 60, found=blocked)) == (Reason.AD_BLOCKER,)
    assert decided(REFUSE, seen(final=False), seen(after=HOUR + 60.000001, found=blocked)) == ()
    assert decided(REFUSE, seen(), seen(TabFinding.COPIED, after=HOUR + 5)) == ()  # the first final one


def test_of_reports_at_one_instant_the_most_lenient_counts() -> None:
    at_once = [
        seen(TabFinding.COPIED, found=blocker(Confidence.LOW)),
        seen(TabFinding.OTHER_TAB, click_id="", found=blocker(Confidence.HIGH)),
    ]

    assert decided(REFUSE, *at_once) == ()
    assert decided(REFUSE_AT_MEDIUM, *at_once) == (Reason.SECOND_TAB,)
    assert decided(REFUSE_AT_MEDIUM, *at_once, seen()) == ()


def test_a_view_that_began_within_the_session_is_within_it() -> None:
    assert decided(REFUSE, seen(after=LIMIT, final=False), seen(after=LIMIT + 5)) == ()


def test_where_the_partner_states_the_order_s_time_the_session_is_judged_by_that_alone() -> None:
    late = seen(after=LIMIT + 1)
    in_time = report(order_time=CLICKED_AT + timedelta(hours=6))
    too_late = report(order_time=CLICKED_AT + timedelta(hours=6, seconds=1))

    assert decided(REFUSE, late, said=in_time) == ()
    assert decided(REFUSE, late, said=too_late) == (Reason.SESSION_ENDED,)


def test_what_partner_click_and_tag_all_say_is_one_reason() -> None:
    click = replace(CLICK, refusals=(Reason.AD_BLOCKER,), superseded_at=CLICKED_AT + timedelta(minutes=1))
    stated = Stated(order_time=CLICKED_AT + timedelta(hours=1))
    everything = seen(TabFinding.SUPERSEDED, cookie=D, found=blocker(Confidence.HIGH))

    found = refusals(click, stated, REFUSE, confirmations=[everything], heard_at=everything.seen_at)
    assert found == (Reason.SECOND_TAB, Reason.AD_BLOCKER)


def test_a_superseded_tab_is_certain_when_we_know_of_it_ourselves() -> None:
    superseded = replace(CLICK, superseded_at=CLICKED_AT + timedelta(minutes=1))
    assert decided(REFUSE, seen(TabFinding.SUPERSEDED, cookie=D), click=superseded) == (Reason.SECOND_TAB,)
    assert decided(REFUSE, seen(TabFinding.SUPERSEDED, after=60, cookie=D), click=superseded) == ()


def test_what_is_seen_well_after_the_order_was_heard_of_speaks_for_no_silent_view() -> None:
    everything = seen(TabFinding.COPIED, after=LIMIT + 1, found=blocker(Confidence.HIGH))
    for received, refused in ((LIMIT + 1 - 600, True), (LIMIT - 600, False), (HOUR, False)):
        heard = replace(order(message(report(), received=received)), confirmations=(everything,))
        assert bool(judge(heard, {REFUSE.version: REFUSE}).reasons) is refused


def test_evidence_goes_with_the_click_that_owns_the_order() -> None:
    theirs = message(report(at=60, click_id=D), click=OTHER_CLICK, received=HOUR)
    ours = message(report(at=30, click_id=C), received=HOUR + 1)
    evidence = (seen(TabFinding.COPIED),)
    terms = {REFUSE.version: REFUSE}

    before = judge(Order("lab", "A-1", (theirs,), confirmations=evidence), terms)
    after = judge(Order("lab", "A-1", (theirs, ours), confirmations=evidence), terms)

    assert (before.click, before.reasons) == (OTHER_CLICK, ())
    assert (after.click, after.reasons) == (CLICK, (Reason.SECOND_TAB,))


def test_an_order_without_a_click_is_unmatched_whatever_the_tag_saw() -> None:
    lost = replace(order(message(report(), click=None)), confirmations=(seen(TabFinding.COPIED),))

    assert judge(lost, {REFUSE.version: REFUSE}).reasons == (Reason.UNKNOWN_CLICK,)


_blockers = st.builds(CheckResult, st.just(Check.AD_BLOCKER), st.sampled_from(Finding), st.sampled_from(Confidence))
_seconds = st.sampled_from([0, 1, 59, 60, 61, 120, LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 61])
_confirmations = st.builds(
    Confirmation,
    report_id=st.sampled_from(["a", "b", "c", "d"]),
    seen_at=_seconds.map(lambda seconds: CLICKED_AT + timedelta(seconds=seconds)),
    click_id=st.sampled_from([C, C, D, ""]),
    cookie_click_id=st.sampled_from([C, D, ""]),
    tab=st.sampled_from(TabFinding),
    blocker=_blockers,
    final=st.booleans(),
)
_said = st.builds(
    Report,
    order_id=st.just("A-1"),
    click_id=st.sampled_from([C, C, D]),
    status=st.sampled_from([None, *Status]),
    goods=st.none() | st.integers(0, 5_000_00).map(lambda kopecks: report(f"{kopecks / 100:.2f}").goods),
    order_time=st.sampled_from([None, None, CLICKED_AT, CLICKED_AT + timedelta(seconds=LIMIT + 1)]),
    event_time=_seconds.map(lambda seconds: CLICKED_AT + timedelta(seconds=seconds)),
)
_CLICKS = {C: CLICK, D: OTHER_CLICK}
_messages = _said.map(lambda said: Message(said, CLICKED_AT, _CLICKS[said.click_id or C]))
_TERMS = {LAB.version: replace(REFUSE_AT_MEDIUM, version=LAB.version)}


def _arrive(news: Iterable[Message | Confirmation]) -> Order:
    """As the flows do it: a message is taken, a report of the tag is added."""
    known = order()
    for position, one in enumerate(news):
        if isinstance(one, Confirmation):
            known = replace(known, confirmations=(*known.confirmations, one))
        else:
            received_at = CLICKED_AT + timedelta(hours=4, microseconds=position)
            known = take(known, replace(one, received_at=received_at), _TERMS).order
    return known


@settings(max_examples=1000)
@given(st.lists(_messages, min_size=1, max_size=5), st.lists(_confirmations, max_size=6), st.randoms())
def test_arrival_and_repetition_of_messages_and_reports_change_nothing(
    messages: list[Message], confirmations: list[Confirmation], random: object
) -> None:
    news: list[Message | Confirmation] = [*messages, *confirmations]
    shuffled = [*news, *news[::2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert judge(_arrive(news), _TERMS) == judge(_arrive(shuffled), _TERMS)


@settings(max_examples=500)
@given(st.lists(_messages, min_size=1, max_size=5), st.lists(_confirmations, max_size=6))
def test_evidence_only_refuses_and_changes_nothing_else(
    messages: list[Message], confirmations: list[Confirmation]
) -> None:
    plain = judge(_arrive(messages), _TERMS)
    watched = judge(_arrive([*messages, *confirmations]), _TERMS)

    added = set(watched.reasons) - set(plain.reasons)
    assert added <= set(REASONS)
    assert set(plain.reasons) <= set(watched.reasons)
    assert replace(watched, reasons=plain.reasons, cashback=0 if added else watched.cashback) == replace(
        plain, cashback=0 if added else plain.cashback
    )


def test_the_reports_of_one_view_decide_alike_in_whatever_order_they_come() -> None:
    reports = (
        seen(TabFinding.OTHER_TAB, after=HOUR, final=False, click_id=""),
        seen(TabFinding.SAME_TAB, after=HOUR + 3),
        seen(TabFinding.COPIED, after=HOUR + 4),
        seen(TabFinding.SUPERSEDED, after=2 * HOUR, cookie=D),
    )

    assert {decided(REFUSE_AT_MEDIUM, *arrival) for arrival in permutations(reports)} == {()}
