"""Partners speak as partners.yaml says they do."""

from decimal import Decimal
from urllib.parse import parse_qsl

from tests.running import ROOT
from tracker.simulate.messages import Message, fields_of
from tracker.simulate.outcome import Said
from tracker.simulate.shop import read_shops

SHOPS = read_shops(ROOT / "partners.yaml")
SAID = Said(
    at=1_795_521_600,
    line="701122334",
    status="approved",
    word="paid",
    hold=False,
    settled=True,
    goods=Decimal("1000.00"),
    commission=Decimal("60.00"),
    currency="RUB",
    ordered_at=1_795_518_000,
    click_as_sent="c" * 30,
)


def test_admitad_speaks_in_its_simple_mode() -> None:
    fields = fields_of(SHOPS["lamoda"], "A-1", SAID._replace(tariff="2"))

    assert (
        fields
        | {
            "admitad_id": "701122334",
            "subid4": "c" * 30,
            "payment_status": "approved",
            "reward_ready": "true",
            "order_id": "A-1",
            "order_sum": "1000.00",
            "payment_sum": "60.00",
            "currency": "RUB",
            "action_id": "2",
            "time": "1795518000",
            "event_time": "1795521600",
        }
        == fields
    )


def test_what_is_not_said_is_not_sent() -> None:
    fields = fields_of(SHOPS["lamoda"], "A-1", Said(at=5, at_stated=False, line="7", status="pending", word="new"))

    assert not {"order_sum", "currency", "time", "event_time", "origin"} & fields.keys()


def test_a_shop_may_have_its_own_names_words_decimal_comma_and_delivery_in_its_sums() -> None:
    fields = fields_of(SHOPS["perekrestok"], "A-1", SAID)

    assert (fields["order"], fields["sub"], fields["status"]) == ("A-1", "c" * 30, "paid")
    assert (fields["total"], fields["delivery_cost"]) == ("1199,00", "199,00")


def test_a_shop_may_send_kopecks_and_the_wall_clock_of_its_zone() -> None:
    fields = fields_of(SHOPS["rail-tickets"], "A-1", SAID)

    assert (fields["amount"], fields["order_time"]) == ("100000", "2026-11-24T14:00:00")


def test_every_message_says_its_name_beside_what_the_partner_says() -> None:
    fields = (("order_id", "A-1"), ("order_sum", "5"))

    assert parse_qsl(Message("lamoda", "run-1", "GET", fields).query) == [("simulated", "run-1"), *fields]
    posted = Message("lamoda", "run-1", "POST", fields)
    assert (parse_qsl(posted.query), parse_qsl(posted.body)) == ([("simulated", "run-1")], [*fields])
