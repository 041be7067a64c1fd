"""The properties of reliability.md 6.2 by their numbers. P1, P2, P3 and P14 are in test_reference.py, P13 in
test_no_float.py, P15 in tests/postback/test_set_on_stores.py; P5 and P16 also in test_cashback.py."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.core.cases import RATES
from tests.core.factories import CLICK, LAB, message, order, report, terms
from tracker.core.conversion import judge
from tracker.core.decision import Decision
from tracker.core.money import parse_sum, round_to_rubles, to_kopecks
from tracker.core.order import Message, Order
from tracker.core.partner import Promotion, Reward, TermsVersion
from tracker.core.postings import balances, transfer
from tracker.core.rates import ExchangeRate
from tracker.core.reasons import Flag, Reason
from tracker.core.report import BasketLine, Report, Status
from tracker.core.take import take

SPAN = timedelta(days=90)
MOMENT = timedelta(seconds=1)
KOPECKS = st.integers(0, 100_000_000)
SHARES = st.integers(1, 10_000).map(lambda basis: Decimal(basis) / 10_000)

# `PROPERTY_CASES=10000` looks longer than there is time for in every run.
many = settings(max_examples=int(os.environ.get("PROPERTY_CASES", "400")))


def decide(*said: Report, version: TermsVersion = LAB, rates: tuple[ExchangeRate, ...] = ()) -> Decision:
    messages = [message(one, received=position) for position, one in enumerate(said)]
    return judge(replace(order(*messages), rates=rates), {LAB.version: version})


def rubles(kopecks: int) -> str:
    return f"{'-' if kopecks < 0 else ''}{abs(kopecks) // 100}.{abs(kopecks) % 100:02}"


@many
@given(KOPECKS, KOPECKS, SHARES, st.sampled_from([0, 500, 100_000]), st.sampled_from(["lo", "hi", None]))
def test_p4_more_goods_never_earn_less(one: int, other: int, share: Decimal, minimum: int, tariff: str | None) -> None:
    """Beside a second line, with tariffs, a promotion, a minimum purchase and a gift."""
    tariffs = (("lo", Reward(rate=Decimal("0.01"))), ("hi", Reward(rate=Decimal("0.2"))))
    version = replace(
        terms(reward=Reward(rate=share), tariffs=tariffs, minimum_purchase=Decimal(minimum)),
        promotions=(_promotion(rate=Decimal("0.03")), _promotion(fixed=Decimal(60))),
    )
    beside = report("700.00", line_id="2", tariff="lo")
    small, large = (
        decide(report(rubles(kopecks), line_id="1", tariff=tariff), beside, version=version).cashback
        for kopecks in sorted([one, other])
    )
    assert small <= large


def _promotion(**reward: Decimal) -> Promotion:
    return Promotion(date(2019, 3, 1), date(2019, 3, 1), Reward(**reward))


@many
@given(st.lists(KOPECKS, min_size=1, max_size=8), SHARES)
def test_p5_one_rounding_a_conversion_moves_it_by_half_a_ruble_at_most(parts: list[int], share: Decimal) -> None:
    lines = [report(rubles(kopecks), line_id=str(number)) for number, kopecks in enumerate(parts)]
    exact = sum(parts) * share / 100
    decided = decide(*lines, version=terms(reward=Reward(rate=share)))

    assert decided.accrual == exact
    assert abs(decided.cashback - exact) <= Decimal("0.5") if exact >= 1 else decided.cashback == 0


@pytest.mark.parametrize(
    ("goods", "cashback", "reasons"),
    [
        ("19.80", 0, [Reason.BELOW_MINIMUM]),  # 0.99
        ("19.99", 0, [Reason.BELOW_MINIMUM]),  # 0.9995 would round to 1
        ("20.00", 1, []),
        ("29.80", 1, []),  # 1.49
        ("29.99", 1, []),  # 1.4995
        ("30.00", 2, []),  # 1.50
        ("50.00", 3, []),  # 2.50: to the even neighbour it would be 2
        ("2489.99", 124, []),  # 124.4995
        ("2490.00", 125, []),
    ],
)
def test_p6_the_boundaries_of_rounding_and_of_the_minimum(goods: str, cashback: int, reasons: list[Reason]) -> None:
    decided = decide(report(goods))
    assert (decided.cashback, list(decided.reasons)) == (cashback, reasons)


@pytest.mark.parametrize(
    ("goods", "cashback", "reasons"),
    [("999.99", 0, [Reason.BELOW_MIN_PURCHASE]), ("1000.00", 50, []), ("1000.01", 50, [])],
)
def test_p6_the_minimum_purchase_and_a_kopeck_beside_it(goods: str, cashback: int, reasons: list[Reason]) -> None:
    decided = decide(report(goods), version=terms(minimum_purchase=Decimal(1000)))
    assert (decided.cashback, list(decided.reasons)) == (cashback, reasons)


@many
@given(st.lists(KOPECKS, min_size=1, max_size=5), st.sampled_from([Status.APPROVED, Status.PENDING]))
def test_p7_there_and_back_is_nothing(sums: list[int], status: Status) -> None:
    """Whatever was said between, the entries sum up to those of the sum that was said first and is said last."""
    known, posted = order(), dict[str, int]()
    for position, kopecks in enumerate([*sums, *sums[-2::-1]]):
        taken = take(known, message(report(rubles(kopecks), status), received=position), {LAB.version: LAB})
        known = taken.order
        for account, change in transfer(balances(taken.decision, "lab"), posted).items():
            posted[account] = posted.get(account, 0) + change
    assert {account: kopecks for account, kopecks in posted.items() if kopecks} == balances(
        decide(report(rubles(sums[0]), status)), "lab"
    )


@many
@given(st.lists(st.integers(1, 10_000_000), min_size=1, max_size=6), st.booleans(), st.booleans())
def test_p8_partial_returns_of_the_whole_are_a_full_return(parts: list[int], late: bool, corrections: bool) -> None:
    """Restated each time, or by rows that correct; in time or after the window."""
    left = sum(parts)
    said = [report(rubles(left), line_id="1", at=0)]
    for number, kopecks in enumerate(parts):
        left -= kopecks
        at = number + 1 + (SPAN.total_seconds() if late else 0)
        row = {"goods": rubles(-kopecks), "line_id": f"r{number}"} if corrections else {"goods": rubles(left)}
        said.append(report(**{"line_id": "1"} | row, at=at))  # type: ignore[arg-type]
    steps = [decide(*said[: count + 1]) for count in range(len(said))]

    assert [step.cashback for step in steps] == sorted((step.cashback for step in steps), reverse=True)
    assert (steps[-1].cashback, steps[-1].base) == (0, Decimal(0))


@many
@given(st.lists(KOPECKS, min_size=1, max_size=8), SHARES)
def test_p9_lines_or_a_basket_or_the_whole_are_one_cashback(parts: list[int], share: Decimal) -> None:
    version = terms(reward=Reward(rate=share), minimum_purchase=Decimal(100))
    lines = [report(rubles(kopecks), line_id=str(number)) for number, kopecks in enumerate(parts)]
    basket = tuple(BasketLine(str(number), Decimal(rubles(kopecks))) for number, kopecks in enumerate(parts))
    ways = ([report(rubles(sum(parts)))], lines, [report(None, basket=basket)])

    assert len({(one.base, one.cashback) for one in (decide(*way, version=version) for way in ways)}) == 1


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("UTC", datetime(2019, 12, 15, 12, tzinfo=UTC)),  # a leap day and a year's end lie in between
        ("UTC", datetime(2023, 12, 1, tzinfo=UTC)),
        ("Europe/Moscow", datetime(2026, 12, 31, 20, 59, 59, tzinfo=UTC)),  # a second before Moscow's new year
        ("Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC)),  # the clock goes forward the next night
        ("Europe/Berlin", datetime(2026, 10, 24, 12, tzinfo=UTC)),  # and back
        ("America/New_York", datetime(2026, 1, 1, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2011, 12, 1, tzinfo=UTC)),  # where 30 December 2011 never was
    ],
)
@pytest.mark.parametrize("stated", [False, True])
def test_p10_the_window_is_so_many_seconds_in_every_calendar(zone: str, start: datetime, stated: bool) -> None:
    version = replace(LAB, timezone=zone, terms=(replace(LAB.terms[0], valid_from=datetime(2000, 1, 1, tzinfo=UTC)),))
    click = replace(CLICK, clicked_at=start - timedelta(hours=1) if stated else start)
    order_time = start if stated else None

    def reasons(at: datetime) -> tuple[Reason, ...]:
        said = replace(report(order_time=order_time), event_time=at)
        return judge(order(Message(said, at, click)), {LAB.version: version}).reasons

    assert reasons(start + SPAN) == ()
    assert reasons(start + SPAN + MOMENT) == (Reason.LATE,)


@many
@given(st.permutations(["first", "second", *RATES[:2]]), st.integers(1, 1_000_000), st.integers(1, 1_000_000))
def test_p11_rates_and_orders_may_come_in_any_order(arrival: list[object], first: int, second: int) -> None:
    """A rate that comes changes what the order comes to, as if it had been there before."""
    said = {
        "first": message(report(rubles(first), currency="USD", at=0)),
        "second": message(report(rubles(second), currency="USD", at=60), received=60),
    }
    known: Order = order()
    for one in arrival:
        if isinstance(one, ExchangeRate):
            known = replace(known, rates=(*known.rates, one))
        else:
            known = take(known, said[str(one)], {LAB.version: LAB}).order
        decided = judge(known, {LAB.version: LAB})
        rated = {rate.day for rate in known.rates} >= {date(2019, 3, 1)}
        if known.messages and not rated:
            assert (decided.cashback, decided.hold, Flag.RATE_MISSING in decided.flags) == (0, True, True)
    exact = Decimal(second) / 100 * RATES[1].rubles / RATES[1].nominal
    assert decided.base == exact
    assert decided.cashback == (round_to_rubles(exact / 20) if exact >= 20 else 0)


_SENDERS_SUM = r"[0-9]{1,12}(\.[0-9]{1,4})?"


@many
@given(st.from_regex(_SENDERS_SUM, fullmatch=True))
@example("0")
@example("999999999999.9999")
def test_p12_a_sum_is_read_exactly(text: str) -> None:
    assert parse_sum(text) == Decimal(text)
    assert parse_sum(text.replace(".", ","), ",") == Decimal(text)


@many
@given(KOPECKS)
def test_p12_text_to_kopecks_and_back(kopecks: int) -> None:
    read = parse_sum(rubles(kopecks))
    assert read is not None
    assert (to_kopecks(read), f"{read:.2f}") == (kopecks, rubles(kopecks))


@many
@given(st.text(max_size=20) | st.text("0123456789.,-+eE_ \u00a0\u0661\uff12", max_size=16), st.sampled_from(".,"))
@example("１２", ".")
@example("٣", ".")
@example("1_000", ".")
@example("1e9", ".")
@example("NaN", ".")
@example("Infinity", ",")
@example("12\n", ".")
@example("1,234", ".")
@example("-5", ".")
def test_p12_whatever_else_comes_is_refused_and_raises_nothing(text: str, decimal: str) -> None:
    read = parse_sum(text, decimal)
    if read is not None:
        digits = text.replace(" ", "").replace("\u00a0", "").replace("\u202f", "").replace(",", ".")
        assert digits.isascii()
        assert set(digits) <= set("0123456789.")
        assert read == Decimal(digits)


@pytest.mark.parametrize("order_of_lines", list(permutations(["999999999999.99", "0.01"])))
def test_p16_a_million_million_rubles_at_a_hundred_percent_fit(order_of_lines: tuple[str, ...]) -> None:
    lines = [report(goods, line_id=str(number)) for number, goods in enumerate(order_of_lines)]
    decided = decide(*lines, version=terms(reward=Reward(rate=Decimal(1))))

    assert decided.cashback == 10**12
    assert all(abs(kopecks) == 10**14 < 2**63 for kopecks in balances(decided, "lab").values())
