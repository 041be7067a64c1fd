"""How much is earned: the properties of reliability.md 6.2 that concern one order, and the terms."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.factories import CLICK, LAB, message, order, report, terms
from tracker.core.conversion import judge
from tracker.core.decision import Decision
from tracker.core.order import Override, OverrideKind
from tracker.core.partner import Promotion, Reward, TermsVersion
from tracker.core.reasons import Flag, Reason
from tracker.core.report import Report, Status

_PERCENT = st.integers(1, 10_000).map(lambda basis: Decimal(basis) / 10_000)
_KOPECKS = st.integers(0, 10_000_000)


def _judge(version: TermsVersion, *reports: Report) -> Decision:
    messages = [message(said, received=position) for position, said in enumerate(reports)]
    return judge(order(*messages), {LAB.version: version})


def _rubles(kopecks: int) -> str:
    return f"{kopecks // 100}.{kopecks % 100:02}"


@settings(max_examples=2000)
@given(_KOPECKS, _PERCENT)
def test_cashback_is_within_half_a_ruble_of_the_accrual_or_nothing_below_one(kopecks: int, rate: Decimal) -> None:
    decided = _judge(terms(reward=Reward(rate=rate)), report(_rubles(kopecks)))

    exact = Decimal(kopecks) / 100 * rate
    if exact < 1:
        assert (decided.cashback, decided.reasons) == (0, (Reason.BELOW_MINIMUM,))
    else:
        assert decided.cashback - exact <= Decimal("0.5")
        assert exact - decided.cashback < Decimal("0.5")


@settings(max_examples=2000)
@given(_KOPECKS, _KOPECKS, _PERCENT)
def test_a_larger_base_never_earns_less(one: int, other: int, rate: Decimal) -> None:
    version = terms(reward=Reward(rate=rate), minimum_purchase=Decimal(500))
    small, large = sorted([one, other])

    smaller, larger = (_judge(version, report(_rubles(kopecks))).cashback for kopecks in (small, large))
    assert smaller <= larger


@settings(max_examples=500)
@given(st.lists(_KOPECKS, min_size=1, max_size=8))
def test_splitting_an_order_into_lines_does_not_change_its_cashback(parts: list[int]) -> None:
    lines = [report(_rubles(kopecks), line_id=str(number)) for number, kopecks in enumerate(parts)]

    assert _judge(LAB, *lines).cashback == _judge(LAB, report(_rubles(sum(parts)))).cashback


@settings(max_examples=300)
@given(st.lists(_KOPECKS, min_size=1, max_size=6))
def test_returning_everything_in_parts_is_returning_everything(parts: list[int]) -> None:
    total = sum(parts)
    said = [report(_rubles(total))]
    for kopecks in parts:
        total -= kopecks
        said.append(report(_rubles(total)))

    assert _judge(LAB, *said).cashback == 0


def test_twelve_digits_of_rubles_at_a_hundred_percent_do_not_overflow() -> None:
    decided = _judge(terms(reward=Reward(rate=Decimal(1))), report("999999999999.99"))

    assert decided.cashback == 1_000_000_000_000


@pytest.mark.parametrize(
    ("tariff", "rewards", "cashback", "flags", "hold"),
    [
        ("2", {"reward": Reward(rate=Decimal("0.04"))}, 70, (), False),
        (None, {"reward": Reward(rate=Decimal("0.04"))}, 40, (), False),
        ("other", {"reward": Reward(rate=Decimal("0.04"))}, 40, (Flag.TARIFF_UNKNOWN,), False),
        ("other", {"reward": None}, 0, (Flag.TARIFF_UNKNOWN,), True),
    ],
)
def test_a_line_earns_by_its_tariff(
    tariff: str | None, rewards: dict[str, Reward | None], cashback: int, flags: tuple[Flag, ...], *, hold: bool
) -> None:
    version = terms(tariffs=(("2", Reward(rate=Decimal("0.07"))),), **rewards)

    decided = _judge(version, report(tariff=tariff))

    assert (decided.cashback, decided.flags[1:], decided.hold) == (cashback, flags, hold)


def test_a_fixed_tariff_counts_once_beside_percentages() -> None:
    version = terms(tariffs=(("gift", Reward(fixed=Decimal(300))),))
    lines = [
        report("1000.00", line_id="1"),
        report("10.00", line_id="2", tariff="gift"),
        report("10.00", line_id="3", tariff="gift"),
    ]

    assert _judge(version, *lines).cashback == 350


def test_a_line_earns_the_largest_of_its_tariff_and_the_promotions() -> None:
    version = replace(
        terms(tariffs=(("2", Reward(rate=Decimal("0.12"))),)),
        promotions=(Promotion(date(2019, 3, 1), date(2019, 3, 1), Reward(rate=Decimal("0.10"))),),
    )
    lines = [report("1000.00", line_id="1"), report("1000.00", line_id="2", tariff="2")]

    assert _judge(version, *lines).cashback == 220


def test_a_listed_currency_without_a_rate_is_held() -> None:
    decided = _judge(LAB, report("12.34", currency="USD"))

    assert (decided.status, decided.hold, decided.cashback) == (Status.PENDING, True, 0)
    assert decided.held_by_us == (Flag.RATE_MISSING,)
    assert decided.base == 0


def test_terms_that_begin_after_the_click_earn_nothing_by_themselves() -> None:
    later = replace(LAB, terms=(replace(LAB.terms[0], valid_from=CLICK.clicked_at.replace(year=2020)),))

    decided = _judge(later, report())

    assert (decided.cashback, decided.hold, decided.held_by_us) == (0, True, (Flag.TARIFF_UNKNOWN,))


def test_declined_lines_do_not_count() -> None:
    decided = _judge(
        LAB, report("1000.00", line_id="1"), report("500.00", line_id="2"), report(None, Status.DECLINED, line_id="2")
    )

    assert (decided.status, decided.base, decided.cashback) == (Status.APPROVED, Decimal("1000.00"), 50)


def test_an_order_waits_for_its_last_line_and_is_declined_with_all_of_them() -> None:
    waiting = _judge(LAB, report(line_id="1"), report(line_id="2", status=Status.PENDING))
    assert (waiting.status, waiting.cashback) == (Status.PENDING, 100)

    declined = _judge(LAB, report(line_id="1"), report(line_id="2"), report(None, Status.DECLINED))
    assert (declined.status, declined.cashback) == (Status.DECLINED, 0)


def test_staff_may_credit_a_late_order_and_release_a_held_one() -> None:
    late = order(message(report(at=91 * 86_400)))
    assert judge(late, {LAB.version: LAB}).reasons == (Reason.LATE,)
    credited = replace(late, overrides=(_override(OverrideKind.CREDIT_LATE),))
    assert judge(credited, {LAB.version: LAB}).cashback == 50

    early = order(message(report(order_time=CLICK.clicked_at.replace(hour=1))))
    assert judge(early, {LAB.version: LAB}).hold
    released = replace(early, overrides=(_override(OverrideKind.RELEASE),))
    assert not judge(released, {LAB.version: LAB}).hold


def test_an_unmatched_order_is_paid_only_once_staff_give_it_to_a_click() -> None:
    unknown = order(message(report(), click=None))
    unmatched = judge(unknown, {})
    assert (unmatched.cashback, unmatched.reasons, unmatched.click) == (0, (Reason.UNKNOWN_CLICK,), None)

    claimed = replace(unknown, overrides=(replace(_override(OverrideKind.CLAIM), click=CLICK),))
    assert judge(claimed, {LAB.version: LAB}).cashback == 50


def _override(kind: OverrideKind) -> Override:
    return Override(kind, "shown a receipt", "anna", CLICK.clicked_at)


def test_after_the_window_a_line_shows_what_was_last_said_and_what_was_counted() -> None:
    """W-03: the increase is not credited, and is not hidden either."""
    in_time, later = 86_400, 100 * 86_400
    decided = _judge(LAB, report("1000.00", at=in_time), report("1500.00", at=later, commission=Decimal(90)))

    [line] = decided.lines
    assert (line.goods, line.commission, line.accrual) == (Decimal("1500.00"), Decimal(90), Decimal("50.00"))
    assert (decided.base, decided.cashback) == (Decimal("1000.00"), 50)


def test_after_the_window_a_new_line_is_shown_and_earns_nothing() -> None:
    decided = _judge(
        LAB, report("1000.00", at=86_400, line_id="1"), report("500.00", at=100 * 86_400, line_id="2")
    )  # fmt: skip

    assert [(line.line_id, line.goods, line.accrual) for line in decided.lines] == [
        ("1", Decimal("1000.00"), Decimal("50.00")),
        ("2", Decimal("500.00"), Decimal(0)),
    ]
