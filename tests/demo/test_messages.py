"""Every message of every demo shop, read back as the tracker reads it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from tests.demo.setting import programme
from tracker.core.partner import AmountIs, Amounts, Origin, Partner
from tracker.core.report import Report, Status
from tracker.demo.checkout import Choices, take_order
from tracker.demo.goods import currency_of, goods_of
from tracker.demo.messages import messages, news
from tracker.demo.order import AHEAD, Act, Landing, Order, after, possible, reports_by_line
from tracker.demo.wording import Message
from tracker.postback.read import read
from tracker.postback.request import RawRequest

CLICK_ID = "c7k2m9x4q8w3e5r6t1y2h3j4k5m6n7"
NOW = datetime(2026, 10, 5, 21, 30, 15, tzinfo=UTC)  # the next day in Moscow
LATER = NOW + timedelta(hours=2)
LANDING = Landing(CLICK_ID, NOW - timedelta(minutes=20))
BASKET = {"p1": 2, "p3": 1}
NUMBER = 701122334

PARTNERS = programme().partners
LINES = PARTNERS["operator-shop"]
ADMITAD = PARTNERS["lamoda"]

# How an order comes to an act, and what is true behind it.
LIVES: dict[Act, tuple[Act, ...]] = {
    Act.HOLD: (Act.APPROVE, Act.HOLD),
    Act.RELEASE: (Act.APPROVE, Act.HOLD, Act.RELEASE),
    Act.PAY_OUT: (Act.APPROVE, Act.PAY_OUT),
    Act.RETURN_PART: (Act.APPROVE, Act.RETURN_PART),
}
STATUSES = {Act.RETURN_ALL: Status.DECLINED, Act.DECLINE: Status.DECLINED, Act.REPEAT: Status.PENDING}


def order_at(partner: Partner, basket: dict[str, int] | None = None, **choices: str) -> Order:
    chosen = Choices(**({"delivery": "courier", "origin": "mobile_web"} | choices))
    return take_order(partner, basket or BASKET, chosen, LANDING, NOW, NUMBER)


def live(partner: Partner, *acts: Act) -> Order:
    order = order_at(partner)
    for act in acts:
        assert act in possible(order, partner)
        order = after(order, act, LATER)
    return order


def read_back(partner: Partner, sent: Sequence[Message]) -> list[Report]:
    reports = []
    for message in sent:
        encoded = urlencode(message.parameters)
        request = (
            RawRequest("GET", encoded)
            if message.method == "GET"
            else RawRequest("POST", "", "application/x-www-form-urlencoded", encoded.encode())
        )
        report = read(partner, request)
        assert isinstance(report, Report), report
        reports.append(report)
    return reports


def reached(partner: Partner, act: Act) -> bool:
    """Applications have nothing to return, and only a network tells when it has paid."""
    if act is Act.PAY_OUT:
        return partner.postback.dialect == "admitad"
    return act not in (Act.RETURN_PART, Act.RETURN_ALL) or partner.id != "card-offer"


ACTS = [
    pytest.param(partner, act, id=f"{partner.id} {act}")
    for partner in PARTNERS.values()
    for act in Act
    if reached(partner, act)
]
UNREACHED = [(partner, act) for partner in PARTNERS.values() for act in Act if not reached(partner, act)]


@pytest.mark.parametrize("partner", PARTNERS.values(), ids=lambda partner: partner.id)
def test_a_new_order_says_who_sent_the_buyer_and_what_was_bought_without_delivery(partner: Partner) -> None:
    reports = read_back(partner, messages(partner, order_at(partner)))

    for report in reports:
        assert (report.click_id, report.order_id) == (CLICK_ID, f"{partner.id[:3].upper()}-{NUMBER}")
        assert (report.status, report.hold, report.origin) == (Status.PENDING, False, Origin.MOBILE_WEB)
        assert (report.order_time, report.event_time) == (NOW, None)
        assert report.currency == currency_of(partner)
        assert report.settled is (False if partner.postback.dialect == "admitad" else None)
        assert report.commission
    assert total(reports) == (None if partner.id == "card-offer" else bought(partner, p1=2, p3=1))


@pytest.mark.parametrize(("partner", "act"), ACTS)
def test_every_act_reads_back_as_what_the_shop_decided(partner: Partner, act: Act) -> None:
    reports = read_back(partner, messages(partner, live(partner, *LIVES.get(act, (act,)))))

    left = [report for report in reports if report.status is not Status.DECLINED] or reports
    status = STATUSES.get(act, Status.APPROVED)
    if act is Act.HOLD and partner.postback.dialect == "admitad":
        status = Status.PENDING  # the network's only word for it
    for report in left:
        assert (report.status, report.hold) == (status, act is Act.HOLD)
        assert bool(report.settled) is (act is Act.PAY_OUT)
        assert report.event_time == (LATER + AHEAD if act is Act.APPROVE_LATE else None)
        assert (report.click_id, report.order_time, report.origin) == (CLICK_ID, NOW, Origin.MOBILE_WEB)
    assert total(left) == expected_goods(partner, act)


@pytest.mark.parametrize(("partner", "act"), UNREACHED, ids=lambda value: str(getattr(value, "id", value)))
def test_no_shop_does_what_it_has_no_words_for(partner: Partner, act: Act) -> None:
    assert act not in possible(live(partner, Act.APPROVE), partner)


def total(reports: Sequence[Report]) -> Decimal | None:
    sums = [report.goods for report in reports if report.goods is not None]
    return sum(sums, Decimal(0)) if sums else None


def bought(partner: Partner, **units: int) -> Decimal:
    goods, currency = goods_of(partner), currency_of(partner)
    return sum((goods[product].price(currency) * count for product, count in units.items()), Decimal(0))


def expected_goods(partner: Partner, act: Act) -> Decimal | None:
    if partner.id == "card-offer":
        return None
    if act is Act.RETURN_PART:
        return bought(partner, p1=2)
    if act is Act.RETURN_ALL and not reports_by_line(partner):
        return Decimal(0)
    return bought(partner, p1=2, p3=1)


def test_a_shop_with_a_price_a_line_sends_a_message_a_line_each_with_its_own_tariff() -> None:
    reports = read_back(LINES, messages(LINES, order_at(LINES, {"p1": 2, "p2": 1})))

    assert [(report.line_id, report.line_count, report.tariff) for report in reports] == [
        ("1", 2, "accessories"),
        ("2", 2, "phones"),
    ]
    assert [report.goods for report in reports] == [bought(LINES, p1=2), bought(LINES, p2=1)]


def test_a_return_of_one_line_says_nothing_of_the_others() -> None:
    before = live(LINES, Act.APPROVE)
    [report] = read_back(LINES, news(LINES, before, after(before, Act.RETURN_PART, LATER)))

    assert (report.line_id, report.status, report.goods) == ("2", Status.DECLINED, bought(LINES, p3=1))


def test_sums_with_delivery_inside_name_it_and_write_a_comma() -> None:
    partner = PARTNERS["perekrestok"]
    [message] = messages(partner, order_at(partner))

    said = dict(message.parameters)
    assert (said["total"], said["delivery_cost"]) == ("20930,00", "300,00")
    assert {said["sub"], said["order"], said["status"]} == {CLICK_ID, f"PER-{NUMBER}", "new"}


def test_lines_with_delivery_inside_carry_it_once() -> None:
    amounts = Amounts(is_=AmountIs.LINE_TOTAL, include_delivery=True)
    partner = replace(LINES, postback=replace(LINES.postback, amounts=amounts))
    sent = messages(partner, order_at(partner))

    assert [dict(message.parameters)["delivery"] for message in sent] == ["300.00", "0.00"]
    assert total(read_back(partner, sent)) == bought(partner, p1=2, p3=1)


def test_a_network_of_a_shop_whose_sums_include_delivery_names_it_by_the_shop_s_own_parameter() -> None:
    postback = replace(
        ADMITAD.postback,
        amounts=Amounts(include_delivery=True),
        stated=frozenset({"include_delivery"}),
        mapping=(("delivery", ("ship",)), ("tariff", ("action",))),
    )
    partner = replace(ADMITAD, postback=postback)
    [report] = read_back(partner, messages(partner, order_at(partner)))

    assert (report.goods, report.tariff) == (bought(partner, p1=2, p3=1), "2")


def test_sums_in_kopecks_and_times_of_moscow_are_written_as_promised() -> None:
    partner = PARTNERS["rail-tickets"]
    said = dict(messages(partner, order_at(partner))[0].parameters)

    assert (said["amount"], said["order_time"]) == ("1310000", "2026-10-06T00:30:15")


def test_admitad_s_message_has_every_field_of_its_sample() -> None:
    [message] = messages(ADMITAD, order_at(ADMITAD, tariff="premium"))

    said = dict(message.parameters)
    assert message.method == "GET"
    assert (
        said
        | {
            "admitad_id": str(NUMBER),
            "subid4": CLICK_ID,
            "action_id": "premium",
            "payment_status": "new",
            "payment_sum": "450.00",
            "reward_ready": "false",
            "click_time": str(int(LANDING.at.timestamp())),
            "time": str(int(NOW.timestamp())),
            "conversion_time": "1200",
            "type": "sale",
            "country_code": "RU",
        }
        == said
    )
    assert {"offer_id", "offer_name", "website_id", "subid", "subid1", "subid2", "subid3", "action"} <= said.keys()


def test_an_order_that_was_approved_late_stays_ahead_of_our_time() -> None:
    order = live(ADMITAD, Act.APPROVE_LATE)
    [report] = read_back(ADMITAD, messages(ADMITAD, after(order, Act.DECLINE, LATER + timedelta(seconds=9))))

    assert report.event_time == LATER + AHEAD + timedelta(seconds=9)


def test_an_order_of_a_buyer_whom_nobody_sent_is_nobody_s_business() -> None:
    order = replace(order_at(ADMITAD), landing=None)

    assert (messages(ADMITAD, order), possible(order, ADMITAD)) == ([], [])


def test_a_paid_order_that_is_put_on_hold_is_no_longer_paid() -> None:
    [report] = read_back(ADMITAD, messages(ADMITAD, live(ADMITAD, Act.APPROVE, Act.PAY_OUT, Act.HOLD)))

    assert (report.hold, report.settled) == (True, False)
