"""programme.md section 4, "Life of an order" and "Promotions": AE-45...AE-59."""

import pytest

from tests.examples.conftest import Try, request


def test_ae_45_an_identical_postback_changes_nothing(try_postback: Try) -> None:
    sent = request(amount="1000.00")

    printed = try_postback("lab", sent, previous=(sent, sent))

    assert (printed["cashback"], printed["reasons"], printed["http_status"]) == (50, ["duplicate"], 200)


@pytest.mark.parametrize(
    ("example", "partner", "first", "then", "status", "cashback", "reasons"),
    [
        ("AE-46", "lab", {"amount": "1000.00"}, {"amount": "1200.00"}, "approved", 60, []),
        ("AE-47", "lab", {"amount": "1050.00"}, {"amount": "50.00"}, "approved", 3, []),
        ("AE-48", "lab", {"amount": "1050.00"}, {"amount": "10.00"}, "approved", 0, ["below_minimum"]),
        ("AE-49", "lab", {"amount": "1050.00"}, {"status": "declined"}, "declined", 0, []),
        ("AE-50", "piz", {"amount": "1400.00"}, {"amount": "900.00"}, "approved", 0, ["below_min_purchase"]),
        ("AE-51", "lab", {"amount": "1050.00"}, {"status": "declined"}, "declined", 0, []),
        (
            "AE-52",
            "lab",
            {"amount": "1000.00", "event_time": "2019-03-01T12:05:00Z"},
            {"amount": "1000.00", "status": "pending", "event_time": "2019-03-01T12:01:00Z"},
            "approved",
            50,
            ["outdated"],
        ),
        ("AE-55", "lab", {"status": "declined", "amount": "1000.00"}, {"amount": "1000.00"}, "approved", 50, []),
    ],
)
def test_the_latest_word_of_the_partner_decides(
    try_postback: Try,
    example: str,
    partner: str,
    first: dict[str, str],
    then: dict[str, str],
    status: str,
    cashback: int,
    reasons: list[str],
) -> None:
    printed = try_postback(partner, request(**then), previous=(request(**first),))

    assert (printed["status"], printed["cashback"], printed["reasons"]) == (status, cashback, reasons), example
    assert printed["http_status"] == 200


def test_ae_53_one_click_may_carry_several_orders(try_postback: Try) -> None:
    first = request(amount="500.00")

    assert try_postback("ali", first)["cashback"] == 35
    assert try_postback("ali", request(order_id="A-2", amount="300.00"), previous=(first,))["cashback"] == 21


def test_ae_54_an_order_stays_with_its_first_click(try_postback: Try) -> None:
    first = request(amount="1000.00")
    claimed = request(click_id="{other_click_id}", amount="1000.00")

    printed = try_postback("lab", claimed, previous=(first,))
    assert (printed["reasons"], printed["cashback"]) == (["order_taken"], 50)

    again = try_postback("lab", first, previous=(first, claimed))
    assert (again["reasons"], again["cashback"]) == (["duplicate"], 50)


def test_ae_56_a_wrong_secret_is_refused(try_alone: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "the-real-secret-of-the-lab-0123456789"
    monkeypatch.setenv("LAB_POSTBACK_SECRET", secret)
    sent = request(amount="1000.00")

    wrong = try_alone("lab", f"https://go.example/pb/lab/guessed?{sent}")
    assert (wrong["http_status"], wrong["reasons"], wrong["cashback"]) == (404, ["wrong_secret"], 0)

    assert try_alone("lab", f"https://go.example/pb/lab/{secret}?{sent}")["cashback"] == 50


@pytest.mark.parametrize(
    ("clicked_at", "cashback"),
    [
        ("2019-04-30T20:59:59Z", 50),
        ("2019-04-30T21:00:00Z", 100),
        ("2019-05-31T20:59:59Z", 100),
        ("2019-05-31T21:00:00Z", 50),
    ],
)
def test_ae_57_a_promotion_runs_by_moscow_days_both_inclusive(try_alone: Try, clicked_at: str, cashback: int) -> None:
    assert try_alone("lab-promo", request(amount="1000.00"), clicked_at=clicked_at)["cashback"] == cashback


def test_ae_58_the_click_decides_about_a_promotion(try_alone: Try) -> None:
    paid_after = request(amount="1000.00", order_time="2019-05-31T21:20:00Z")

    assert try_alone("lab-promo", paid_after, clicked_at="2019-05-31T20:50:00Z")["cashback"] == 100


def test_ae_59_the_best_of_two_promotions_counts(try_alone: Try) -> None:
    assert try_alone("lab-two-promos", request(amount="1000.00"))["cashback"] == 100
