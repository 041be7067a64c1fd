"""programme.md section 4, "Amount": AE-01...AE-20."""

from typing import Any

import pytest

from tests.examples.conftest import Try, request


@pytest.mark.parametrize(
    ("example", "partner", "fields", "cashback", "reasons"),
    [
        ("AE-01", "lab", {"amount": "1000.00", "delivery": "300.00"}, 50, []),
        ("AE-02", "lab-delivery", {"amount": "1300.00", "delivery": "300.00"}, 50, []),
        ("AE-03", "lab", {"amount": "2489.80"}, 124, []),
        ("AE-04", "lab", {"amount": "2490.00"}, 125, []),
        ("AE-05", "lab", {"amount": "2490.20"}, 125, []),
        ("AE-06", "lab", {"amount": "50.00"}, 3, []),
        ("AE-07", "trv", {"amount": "100.00"}, 15, []),
        ("AE-08", "lab", {"amount": "10.00"}, 0, ["below_minimum"]),
        ("AE-09 0.51", "lab", {"amount": "10.20"}, 0, ["below_minimum"]),
        ("AE-09 0.999", "lab", {"amount": "19.98"}, 0, ["below_minimum"]),
        ("AE-10 1.00", "lab", {"amount": "20.00"}, 1, []),
        ("AE-10 1.49", "lab", {"amount": "29.80"}, 1, []),
        ("AE-10 1.50", "lab", {"amount": "30.00"}, 2, []),
        ("AE-13", "lab", {"amount": "1500.00", "promo_code": "MINUS500"}, 75, []),
        ("AE-14 below", "piz", {"amount": "999.99"}, 0, ["below_min_purchase"]),
        ("AE-14 equal", "piz", {"amount": "1000.00"}, 100, []),
        ("AE-15", "piz", {"amount": "900.00", "delivery": "200.00"}, 0, ["below_min_purchase"]),
        ("AE-16", "bnk", {}, 300, []),
        ("AE-18", "lei", {"amount": "4000.00"}, 2000, []),
    ],
)
def test_an_approved_order_earns(
    try_postback: Try, example: str, partner: str, fields: dict[str, str], cashback: int, reasons: list[str]
) -> None:
    printed = try_postback(partner, request(**fields))

    assert (printed["cashback"], printed["reasons"]) == (cashback, reasons), example
    assert (printed["status"], printed["http_status"]) == ("approved", 200)


def test_ae_02_a_sum_with_delivery_inside_needs_the_delivery_field(try_postback: Try) -> None:
    refused = try_postback("lab-delivery", request(amount="1300.00"))

    assert refused["http_status"] == _refusal(refused)
    assert refused["reasons"] == ["delivery_missing"]
    assert "delivery" in refused["reply"]
    assert refused["cashback"] == 0

    accepted = try_postback(
        "lab-delivery", request(amount="1300.00", delivery="300.00"), previous=(request(amount="1300.00"),)
    )
    assert accepted["cashback"] == 50


def test_ae_11_ten_cheap_lines_are_rounded_once(try_postback: Try) -> None:
    lines = [request(line_id=str(number), line_count="10", amount="9.00") for number in range(1, 11)]

    incomplete = try_postback("lab", lines[8], previous=tuple(lines[:8]))
    assert (incomplete["status"], incomplete["flags"]) == ("pending", ["order_time_unknown", "amount_missing"])
    assert try_postback("lab", lines[9], previous=tuple(lines[:9]))["cashback"] == 5


def test_ae_12_each_line_earns_by_its_tariff(try_postback: Try) -> None:
    first = request(line_id="1", line_count="2", amount="333.00", tariff="a")
    second = request(line_id="2", line_count="2", amount="250.00", tariff="b")

    printed = try_postback("two", second, previous=(first,))

    assert (printed["accrual"], printed["cashback"], printed["rate"]) == ("21.6500", 22, None)


def test_ae_17_a_once_per_shopper_action_is_rewarded_once(try_postback: Try) -> None:
    again = try_postback("bnk", request(), previous=(request(),))
    assert (again["cashback"], again["reasons"]) == (300, ["duplicate"])

    second = try_postback("bnk", request(order_id="A-2"), previous=(request(),))
    assert (second["cashback"], second["reasons"]) == (0, ["action_already_rewarded"])


def test_ae_19_dollars_count_at_the_rate_of_the_order_s_day_and_wait_without_one(try_alone: Try) -> None:
    sent = request(amount="12.34", currency="USD")

    known = try_alone("ali", sent, "--rate", "USD=64.50")
    assert (known["base"], known["accrual"], known["cashback"]) == ("795.9300", "55.715100", 56)

    unknown = try_alone("ali", sent)
    assert (unknown["cashback"], unknown["status"], unknown["hold"]) == (0, "pending", True)
    assert "rate_missing" in unknown["flags"]


def test_ae_20_a_currency_that_the_partner_does_not_list_is_refused(try_postback: Try) -> None:
    printed = try_postback("lab", request(amount="12.34", currency="USD"))

    assert (printed["http_status"], printed["cashback"]) == (_refusal(printed), 0)
    assert printed["reasons"] == ["currency_not_listed"]
    assert "USD" in printed["reply"]


def _refusal(printed: dict[str, Any]) -> int:
    """TUNE's own answer to what it cannot take has the status 200."""
    return 200 if printed["reply"].startswith("success=false;") else 422
