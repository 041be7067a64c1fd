"""Admitad's publisher postback (postbacks.md 3.1.1, 6.7: 1, 12, 13)."""

from collections.abc import Callable

import pytest

from tests.postback.dialects.setting import SECRET, query, speaker, tried

NEW, APPROVED, HELD, PAID, DECLINED = STEPS = (
    {"payment_status": "new", "reward_ready": "false"},
    {"payment_status": "approved", "reward_ready": "false"},
    {"payment_status": "pending", "reward_ready": "false"},
    {"payment_status": "approved", "reward_ready": "true"},
    {"payment_status": "declined", "reward_ready": "false"},
)
SIMPLE_MODE = (
    f"/pb/admitad/{SECRET}?offer_id=6115&offer_name=Shop&admitad_id=701122334&website_id=22&subid=&subid1=&subid2=&subid3="
    "&subid4={click_id}&action=Paid+order&action_id=14&payment_sum=150.50&payment_status=new&currency=RUB"
    "&order_id=A-100500&order_sum=3010.00&click_time=1551441600&time=1551445200&conversion_time=3600&type=sale"
    "&country_code=RU&reward_ready=false"
)


def request(**said: str) -> str:
    basic = {"admitad_id": "701122334", "subid4": "{click_id}", "order_id": "A-100500", "order_sum": "3010.00"}
    return query(**basic | {"time": "1551445200"} | said)


def test_the_sample_of_simple_mode() -> None:
    printed = tried("admitad", SIMPLE_MODE)

    assert (printed["order_id"], printed["status"], printed["cashback"]) == ("A-100500", "pending", 151)
    assert (printed["http_status"], printed["reply"], printed["reasons"], printed["flags"]) == (200, "OK", [], [])


def test_five_requests_about_one_order() -> None:
    seen = []
    for number in range(len(STEPS)):
        printed = tried("admitad", *(request(**said) for said in STEPS[: number + 1]))
        seen.append((printed["status"], printed["hold"], printed["settled"], printed["cashback"]))

    assert seen == [
        ("pending", False, False, 151),
        ("approved", False, False, 151),
        ("pending", True, False, 151),
        ("approved", False, True, 151),
        ("declined", False, False, 0),
    ]


def test_a_payment_that_comes_again_with_a_smaller_sum_is_the_same_line() -> None:
    printed = tried("admitad", request(payment_status="approved"), request(payment_status="approved", order_sum="1000"))

    assert (printed["base"], printed["cashback"]) == ("1000", 50)


def test_two_payments_of_one_order_add_up() -> None:
    printed = tried(
        "admitad",
        request(payment_status="approved", order_sum="1000"),
        request(payment_status="approved", order_sum="500", admitad_id="701122335"),
    )

    assert (printed["base"], printed["cashback"]) == ("1500", 75)


def test_the_commission_is_never_taken_for_the_purchase() -> None:
    printed = tried(
        "admitad", query(subid4="{click_id}", order_id="A-1", payment_sum="150.50", payment_status="approved")
    )

    assert (printed["status"], printed["cashback"]) == ("pending", 0)
    assert "amount_missing" in printed["flags"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("", "empty"),  # "referral joined" comes without parameters
        ("offer_status=active&offer_id=6115", "empty"),
        ("partnership_status=accepted", "empty"),
        ("subid4=[[[subid4]]]&order_id=A-1&order_sum=1000", "macro"),
        ("subid4={click_id}&order_id=[[[order_id]]]&order_sum=1000", "macro"),
        ("subid4={click_id}&order_id=A-1&order_sum=1000&test=1", "test"),
    ],
)
def test_what_is_no_order_is_answered_200(sent: str, code: str) -> None:
    printed = tried("admitad", f"/pb/admitad/{SECRET}?{sent}")

    assert (printed["http_status"], printed["reasons"], printed["order_id"]) == (200, [code], None)


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (str.upper, True),
        (lambda click_id: click_id[:29], False),
        (lambda click_id: f"%20{click_id}%20", True),
        (lambda click_id: f"%2520{click_id}", True),  # encoded twice
        (lambda click_id: click_id[:-1] + ("0" if click_id[-1] != "0" else "1"), False),
    ],
)
def test_a_click_id_survives_what_networks_do_to_it_and_no_more(change: Callable[[str], str], counts: bool) -> None:
    click_id = tried("admitad", request())["click_id"]

    printed = tried("admitad", request(payment_status="approved").replace("{click_id}", change(click_id)))

    assert printed["reasons"] == ([] if counts else ["bad_signature"])
    assert printed["cashback"] == (151 if counts else 0)


def test_map_says_what_action_id_is() -> None:
    partner = speaker("admitad", mapping=(("tariff", ("action_id",)), ("event_id", ("event",))))

    printed = tried(partner, request(payment_status="approved", action_id="14", event="e-1"))

    assert printed["cashback"] == 151
