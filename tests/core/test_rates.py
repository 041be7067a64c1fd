"""What an order in another currency earns (C-11, C-12; AE-19), and the files that rates come in."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from tests.core.factories import LAB, message, order, report, terms
from tracker.core.conversion import judge
from tracker.core.decision import Decision
from tracker.core.order_rates import needed_rates
from tracker.core.partner import Reward, TermsVersion
from tracker.core.rate_gaps import Gap, fill_gaps, gaps
from tracker.core.rates import ExchangeRate
from tracker.core.rates_file import read_rates
from tracker.core.reasons import Flag, Reason
from tracker.core.report import BasketLine, Report, Status

DAY = date(2019, 3, 1)
SEVEN = terms(reward=Reward(rate=Decimal("0.07")))


def rate(rubles: str = "64.50", currency: str = "USD", day: date = DAY, nominal: int = 1) -> ExchangeRate:
    return ExchangeRate(currency, day, nominal, Decimal(rubles), "cbr.xml")


def decide(rates: Iterable[ExchangeRate], *reports: Report, version: TermsVersion = SEVEN) -> Decision:
    messages = [message(said, received=position) for position, said in enumerate(reports)]
    return judge(replace(order(*messages), rates=tuple(rates)), {LAB.version: version})


def test_dollars_are_taken_at_the_rate_of_the_order_s_day() -> None:
    decided = decide([rate()], report("12.34", currency="USD"))
    assert (decided.base, decided.accrual, decided.cashback) == (Decimal("795.93"), Decimal("55.7151"), 56)
    assert (decided.status, decided.hold, decided.flags) == (Status.APPROVED, False, (Flag.ORDER_TIME_UNKNOWN,))
    assert (decided.currency, decided.exchange_rate, decided.exchange_day) == ("USD", Decimal("64.50"), DAY)


def test_a_currency_that_is_said_without_a_sum_is_not_that_of_the_sum_before() -> None:
    dollars = report("12.34", Status.PENDING, currency="USD")

    decided = decide([rate()], dollars, report(None, currency="RUB"))

    assert (decided.currency, decided.status, decided.cashback) == ("USD", Status.APPROVED, 56)


def test_nothing_is_rounded_on_the_way_and_the_nominal_counts() -> None:
    decided = decide([rate("58.2311", "KZT", nominal=100)], report("14999.99", currency="KZT"))
    assert decided.base == Decimal("14999.99") * Decimal("0.582311")
    assert decided.exchange_rate == Decimal("0.582311")


@pytest.mark.parametrize(
    "rates", [[], [rate(currency="EUR")], [rate(day=date(2019, 2, 28))], [rate(day=date(2019, 3, 2))]]
)
def test_without_the_rate_of_that_day_nothing_is_known_and_it_is_held(rates: list[ExchangeRate]) -> None:
    for version in (SEVEN, terms(reward=Reward(fixed=Decimal(300)), minimum_purchase=Decimal(100))):
        decided = decide(rates, report("12.34", currency="USD"), version=version)
        assert (decided.status, decided.hold, decided.held_by_us) == (Status.PENDING, True, (Flag.RATE_MISSING,))
        assert not any((decided.base, decided.accrual, decided.cashback))
        assert not decided.reasons
        assert (decided.exchange_rate, decided.exchange_day) == (None, DAY)


DOLLARS = report("100.00", currency="USD", line_id="1")
RUBLES_IF_NEW: dict[str, Any] = {"currency_if_new": "RUB"}


@pytest.mark.parametrize(
    ("later", "base"),
    [
        (report("50.00", line_id="1", **RUBLES_IF_NEW), "3225"),
        (report("50.00", **RUBLES_IF_NEW), "3225"),
        (report("-50.00", line_id="r1", **RUBLES_IF_NEW), "3225"),
        (report(None, basket=(BasketLine("2", Decimal("50.00")),), **RUBLES_IF_NEW), "3225"),
        (report("50.00", line_id="2", **RUBLES_IF_NEW), "6500"),
        (report("50.00", line_id="1", currency="RUB"), "50"),
    ],
)
def test_a_sum_that_names_no_currency_does_not_restate_that_of_its_order(later: Report, base: str) -> None:
    assert decide([rate()], DOLLARS, later).base == Decimal(base)


def test_a_sum_of_lines_in_several_currencies_is_in_the_usual_one() -> None:
    beside = report("100.00", currency="EUR", line_id="2")
    assert decide([rate()], DOLLARS, beside, report("50.00", **RUBLES_IF_NEW)).base == Decimal(50)


def test_the_usual_currency_needs_its_rate_too() -> None:
    orders = order(message(report("12.34", currency_if_new="USD")))
    assert needed_rates(orders, {LAB.version: SEVEN}) == {("USD", DAY)}


def test_a_declined_order_needs_no_rate() -> None:
    decided = decide([], report("12.34", Status.DECLINED, currency="USD"))
    assert (decided.status, decided.hold, decided.held_by_us) == (Status.DECLINED, False, ())


def test_half_of_the_rates_is_none() -> None:
    said = [report("10.00", currency="USD", line_id="1"), report("10.00", currency="EUR", line_id="2")]
    one, other = rate(), rate("74.10", "EUR")
    assert decide([one], *said) == decide([], *said)
    assert decide([other, one], *said).base == Decimal("1386.00")
    assert decide([one], said[0], report("500.00", line_id="3")).base == Decimal("1145.00")


@pytest.mark.parametrize(
    ("order_time", "day"),
    [
        (datetime(2019, 3, 1, 20, 59, 59, tzinfo=UTC), date(2019, 3, 1)),
        (datetime(2019, 3, 1, 21, 0, 0, tzinfo=UTC), date(2019, 3, 2)),  # midnight in Moscow
        (None, date(2019, 3, 1)),
    ],
)
def test_the_day_is_that_of_the_order_in_the_programme_s_zone(order_time: datetime | None, day: date) -> None:
    said = message(report("12.34", currency="USD", order_time=order_time))
    assert needed_rates(order(said), {LAB.version: LAB}) == {("USD", day)}
    assert judge(order(said), {LAB.version: LAB}).exchange_day == day


def test_without_an_order_time_the_day_is_that_of_the_earliest_message() -> None:
    said = [message(report("12.34", currency="USD", at=at)) for at in (2 * 86_400, 86_400, 3 * 86_400)]
    for arrival in permutations(said):
        assert needed_rates(order(*arrival), {LAB.version: LAB}) == {("USD", date(2019, 3, 2))}


def test_rubles_and_orders_without_a_click_need_no_rate() -> None:
    assert needed_rates(order(message(report(currency="RUB"))), {LAB.version: LAB}) == frozenset()
    assert needed_rates(order(message(report(currency="USD"), click=None)), {}) == frozenset()


def test_a_return_uses_the_rate_of_the_order() -> None:
    decided = decide(
        [rate(), rate("99.99", day=date(2019, 3, 11))],
        report("100.00", currency="USD", at=0),
        report("50.00", currency="USD", at=10 * 86_400),
    )
    assert (decided.base, decided.exchange_day) == (Decimal("3225.0000"), DAY)


def test_a_rate_that_comes_after_the_window_is_not_the_partner_s_delay() -> None:
    said = [report("12.34", currency="USD", at=86_400), report("10.00", currency="USD", at=100 * 86_400)]
    second = rate(day=date(2019, 3, 2))
    assert decide([], *said).flags[-1] is Flag.RATE_MISSING
    assert Reason.LATE not in decide([], *said).reasons
    assert decide([second], *said).base == Decimal("645.00")


def test_days_between_two_rates_have_the_earlier_one_s() -> None:
    friday, tuesday = rate(day=date(2019, 3, 8)), rate("66.00", day=date(2019, 3, 12))
    filled = fill_gaps([tuesday, friday, rate("75.00", "EUR", date(2019, 3, 20))])
    assert [(one.currency, one.day, one.rubles) for one in filled] == [
        ("USD", date(2019, 3, day), Decimal("64.50")) for day in (9, 10, 11)
    ]
    assert {one.source for one in filled} == {"cbr.xml, in force since 2019-03-08"}
    assert fill_gaps([filled[0], tuesday])[0].source == "cbr.xml, in force since 2019-03-08"


@pytest.mark.parametrize(("later", "filled"), [(1, 0), (15, 14), (16, 0)])
def test_a_longer_gap_was_forgotten_and_the_last_day_is_not_extended(later: int, filled: int) -> None:
    assert len(fill_gaps([rate(), rate(day=date(2019, 3, 1 + later))])) == filled
    assert fill_gaps([rate()]) == []


def test_beside_a_file_nothing_is_filled_unless_asked_and_what_is_missing_is_known() -> None:
    known, first, last = rate(day=date(2019, 3, 1)), rate(day=date(2019, 3, 4)), rate(day=date(2019, 3, 6))
    of_the_file = {first.key, last.key}
    filled = fill_gaps([last, known, first], of_the_file)
    assert [one.day.day for one in filled] == [5]
    assert gaps([known, first, last, *filled]) == [Gap("USD", date(2019, 3, 2), date(2019, 3, 3))]
    assert gaps([known, first, last, *fill_gaps([known, first, last])]) == []


ONE_DAY = """<?xml version="1.0" encoding="windows-1251"?>
<ValCurs Date="02.03.2019" name="Foreign Currency Market">
<Valute ID="R01235"><NumCode>840</NumCode><CharCode>USD</CharCode><Nominal>1</Nominal>
<Name>Доллар США</Name><Value>65,8000</Value><VunitRate>65,8</VunitRate></Valute>
<Valute ID="R01335"><NumCode>398</NumCode><CharCode>KZT</CharCode><Nominal>100</Nominal>
<Name>Тенге</Name><Value>17,4935</Value></Valute></ValCurs>""".encode("cp1251")
PERIOD = b"""<?xml version="1.0" encoding="windows-1251"?>
<ValCurs ID="R01235" DateRange1="01.03.2019" DateRange2="02.03.2019" name="Foreign Currency Market Dynamic">
<Record Date="01.03.2019" Id="R01235"><Nominal>1</Nominal><Value>65,8895</Value></Record>
<Record Date="02.03.2019" Id="R01235"><Nominal>1</Nominal><Value>65,8000</Value></Record></ValCurs>"""


@pytest.mark.parametrize(
    ("content", "rates"),
    [
        (b"date,currency,nominal,rubles\n2019-03-01,USD,1,64.50\n", ["USD 2019-03-01 1 64.50"]),
        (b"\xef\xbb\xbfDate; Currency ;nominal;rubles;note\r\n01.03.2019;usd;100;6450,1\r\n\r\n",
         ["USD 2019-03-01 100 6450.1"]),
        (b'rubles,date,nominal,currency\n"64,50",2019-03-01,1,USD\n', ["USD 2019-03-01 1 64.50"]),
        (ONE_DAY, ["USD 2019-03-02 1 65.8000", "KZT 2019-03-02 100 17.4935"]),
        (PERIOD, ["USD 2019-03-01 1 65.8895", "USD 2019-03-02 1 65.8000"]),
    ],
)  # fmt: skip
def test_rates_are_read_as_they_are_published(content: bytes, rates: list[str]) -> None:
    read = read_rates(content, "rates", "USD")
    assert read.problems == ()
    assert [f"{one.currency} {one.day} {one.nominal} {one.rubles}" for one in read.rates] == rates
    assert len(read.lines) == len(rates)


def test_every_problem_of_a_file_is_told_at_once_with_its_line() -> None:
    read = read_rates(
        b"date;currency;nominal;rubles\n31.02.2019;USD;1;64,5\n2019-03-01;RUB;1;1\n2019-03-01;US;3;-1\n"
        b"2019-03-01;EUR;1;74\n2019-03-01;EUR;1;75\n2019-03-01;KZT;1;0\n\xd9\xa1;KZT;1;1e5\n",
        "rates",
    )
    assert read.rates == ()
    assert [problem.partition(";")[0].partition(":")[0] for problem in read.problems] == [
        "line 2", "line 3", "line 4", "line 4", "line 4", "line 6", "line 7", "line 8", "line 8",
    ]  # fmt: skip
    assert read.problems[5] == "line 6: EUR of 2019-03-01 stands in line 5 already"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "line 1: the columns date, currency, nominal, rubles are missing"),
        (b"date,currency,nominal,rubles\n", "there is no rate in it"),
        (b"\xff\xfe", "not in UTF-8"),
        (b"<ValCurs>", "not XML"),
        (b"<ValCurs/>", "there is no rate in it"),
        (b'<!DOCTYPE x [<!ENTITY a "aa">]><ValCurs>&a;</ValCurs>', "declares a document type"),
        (PERIOD, "--currency"),
    ],
)
def test_a_file_that_holds_no_rates_says_so(content: bytes, problem: str) -> None:
    assert problem in read_rates(content, "rates").problems[0]
