"""What a sum is of, and in which currency, by the whole reading (C-11; docs/partners-yaml.md: amounts, defaults)."""

from typing import Any

import pytest

from tests.postback.dialects.setting import SECRET, posted, query, speaker, tried
from tracker.core.partner import AmountIs, Amounts

RUBLES_AND_DOLLARS = frozenset({"RUB", "USD"})
DOLLARS_AND_EUROS = frozenset({"USD", "EUR"})
SENDER = f"/pb/admitad-sender/{SECRET}"


def said(**more: str) -> str:
    return query(**{"order_id": "1", "click_id": "{click_id}", "amount": "100"} | more)


@pytest.mark.parametrize(
    ("dialect", "first", "later"),
    [
        ("generic", said(currency="USD"), "order_id=1&amount=60&status=approved"),
        (
            "admitad-sender",
            f"{SENDER}/r?uid={{click_id}}&order_id=1&price=100&quantity=1&currency_code=USD",
            f"{SENDER}/rp?order_id=1&status=approved&amount=50",
        ),
    ],
)
def test_a_revision_without_a_currency_stays_in_that_of_its_order(dialect: str, first: str, later: str) -> None:
    printed = tried(speaker(dialect, currencies=RUBLES_AND_DOLLARS), first, later)
    assert "rate_missing" in printed["flags"]


@pytest.mark.parametrize(
    ("currencies", "defaults", "known"),
    [
        (RUBLES_AND_DOLLARS, (), True),
        (RUBLES_AND_DOLLARS, (("currency", "USD"),), False),
        (DOLLARS_AND_EUROS, (("currency", "usd"),), False),
        (frozenset({"USD"}), (), False),
        (DOLLARS_AND_EUROS, (("currency", "RUR"),), None),
        (DOLLARS_AND_EUROS, (), None),
    ],
)
def test_a_first_sum_is_in_the_usual_currency(
    currencies: frozenset[str], defaults: tuple[tuple[str, str], ...], known: bool | None
) -> None:
    partner = speaker("generic", currencies=currencies, defaults=defaults)
    printed = tried(partner, said())
    if known is None:
        assert (printed["http_status"], printed["reasons"]) == (422, ["currency_not_listed"])
    else:
        assert (printed["base"] == "100", "rate_missing" in printed["flags"]) == (known, not known)


def test_whoever_lists_several_currencies_is_asked_for_the_one_of_a_sum() -> None:
    partner = speaker("generic", currencies=DOLLARS_AND_EUROS)
    assert "currency is missing: say in which currency the sum is, of EUR, USD." in tried(partner, said())["reply"]
    assert tried(partner, said(currency="USD"), "order_id=1&status=approved")["http_status"] == 200


@pytest.mark.parametrize(("currency", "status"), [("USD", 200), ("RUB", 422), ("", 422)])
def test_a_part_of_a_kopeck_is_refused_in_rubles_alone(currency: str, status: int) -> None:
    partner = speaker("generic", currencies=RUBLES_AND_DOLLARS)
    assert tried(partner, said(amount="1.005", currency=currency))["http_status"] == status


@pytest.mark.parametrize(
    ("profile", "base"),
    [
        ({}, "6000"),
        ({"amounts": Amounts(is_=AmountIs.LINE_TOTAL), "stated": frozenset({"is_"})}, "6000"),
        ({"amounts": Amounts(is_=AmountIs.ORDER_TOTAL), "stated": frozenset({"is_"})}, "3000"),
    ],
)
@pytest.mark.parametrize("dialect", ["generic", "admitad"])
def test_a_sum_beside_a_line_id_is_the_order_s_where_the_partner_says_so(
    dialect: str, profile: dict[str, Any], base: str
) -> None:
    lines = {
        "generic": [said(amount="3000", line_id=number) for number in "12"],
        "admitad": [f"subid4={{click_id}}&order_id=1&order_sum=3000&admitad_id={number}" for number in "12"],
    }[dialect]
    assert tried(speaker(dialect, **profile), *lines)["base"] == base


def test_a_thank_you_page_that_is_loaded_again_takes_no_return_back() -> None:
    line = f"{SENDER}/r?uid={{click_id}}&order_id=1&quantity=1&position_count=2&price=3000&position_id="
    printed = tried("admitad-sender", f"{line}1", f"{line}2", f"{SENDER}/rp?order_id=1&status=approved&amount=4000")
    again = tried(
        "admitad-sender", f"{line}1", f"{line}2", f"{SENDER}/rp?order_id=1&status=approved&amount=4000", f"{line}1"
    )
    assert (printed["status"], printed["cashback"]) == (again["status"], again["cashback"]) == ("approved", 200)


@pytest.mark.parametrize(("word", "test"), [("1", True), ("true", True), ("YES", True), ("0", False), ("", False)])
def test_any_word_for_yes_makes_a_message_a_test(word: str, test: bool) -> None:
    assert (tried("generic", said(test=word))["reasons"] == ["test"]) is test


def test_a_test_in_json_counts_no_money() -> None:
    body = '{"order_id": "1", "click_id": "{click_id}", "amount": 1000, "status": "approved", "test": true}'
    printed = tried("generic", posted("generic", body))
    assert (printed["reasons"], printed["cashback"]) == (["test"], 0)
