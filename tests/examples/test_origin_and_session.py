"""programme.md section 4, "Origin", and what a stated order time can show of "Click-out and session"."""

import pytest

from tests.examples.conftest import Try, request


@pytest.mark.parametrize(
    ("example", "partner", "origin", "options", "cashback", "reasons"),
    [
        ("AE-27", "lab", "app", (), 0, ["partner_app"]),
        ("AE-28", "ali", "app", (), 70, []),
        ("AE-29 lab", "lab", "mobile_web", (), 0, ["partner_mobile_version"]),
        ("AE-29 ali", "ali", "mobile_web", (), 70, []),
        ("AE-30", "lab", "web", ("--surface", "app", "--device", "phone"), 50, []),
        ("AE-32", "lab", "app", ("--device", "desktop"), 0, ["partner_app"]),
    ],
)
def test_a_reported_origin_decides(
    try_postback: Try,
    example: str,
    partner: str,
    origin: str,
    options: tuple[str, ...],
    cashback: int,
    reasons: list[str],
) -> None:
    printed = try_postback(partner, request(amount="1000.00", origin=origin), *options)

    assert (printed["cashback"], printed["reasons"]) == (cashback, reasons), example
    assert "origin_unverified" not in printed["flags"]


def test_ae_31_an_unreported_origin_of_a_phone_click_is_flagged_and_paid(try_postback: Try) -> None:
    pending = request(status="pending", amount="1000.00")

    waiting = try_postback("lab", pending, "--device", "phone")
    assert (waiting["status"], waiting["cashback"]) == ("pending", 50)
    assert "origin_unverified" in waiting["flags"]

    approved = try_postback("lab", request(amount="1000.00"), "--device", "phone", previous=(pending,))
    assert (approved["status"], approved["cashback"], approved["reasons"]) == ("approved", 50, [])


@pytest.mark.parametrize(
    ("order_time", "cashback", "reasons"),
    [("2019-03-01T18:00:00Z", 50, []), ("2019-03-01T18:00:01Z", 0, ["session_ended"])],
)
def test_ae_41_six_hours_are_inside_the_session(
    try_postback: Try, order_time: str, cashback: int, reasons: list[str]
) -> None:
    printed = try_postback("lab", request(amount="1000.00", order_time=order_time))

    assert (printed["cashback"], printed["reasons"]) == (cashback, reasons)


@pytest.mark.parametrize(
    ("order_time", "cashback", "reasons"),
    [("2019-03-01T12:30:00Z", 50, []), ("2019-03-01T12:30:01Z", 0, ["second_tab"])],
)
def test_an_order_placed_after_another_tab_started_over_earns_nothing(
    try_alone: Try, order_time: str, cashback: int, reasons: list[str]
) -> None:
    sent = request(amount="1000.00", order_time=order_time)

    printed = try_alone("lab", sent, "--superseded-at", "2019-03-01T12:30:00Z")

    assert (printed["cashback"], printed["reasons"]) == (cashback, reasons)


def test_without_an_order_time_nothing_is_refused_for_session_or_tab(try_alone: Try) -> None:
    printed = try_alone("lab", request(amount="1000.00"), "--superseded-at", "2019-03-01T12:30:00Z")

    assert (printed["cashback"], printed["reasons"], printed["flags"]) == (50, [], ["order_time_unknown"])


@pytest.mark.parametrize(
    ("check", "reasons"),
    [
        ("ad_blocker=found", ["ad_blocker"]),
        ("cookies=found:high", ["cookies_blocked"]),
        ("private_mode=found:high", ["private_mode"]),
        ("second_tab=found", ["second_tab"]),
        ("private_mode=found:medium", []),
        ("private_mode=unknown", []),
        ("ad_blocker=ok", []),
    ],
)
def test_only_what_a_check_found_for_certain_refuses(try_alone: Try, check: str, reasons: list[str]) -> None:
    printed = try_alone("lab", request(amount="1000.00"), "--check", check)

    assert (printed["reasons"], printed["cashback"]) == (reasons, 0 if reasons else 50)


def test_ae_43_a_click_id_with_one_changed_character_is_not_honoured(try_postback: Try) -> None:
    click_id = try_postback("lab", request(amount="1000.00"))["click_id"]
    changed = click_id[:-1] + ("0" if click_id[-1] != "0" else "1")

    printed = try_postback("lab", request(click_id=changed, amount="1000.00"))

    assert (printed["reasons"], printed["cashback"], printed["click_id"]) == (["bad_signature"], 0, None)
    assert printed["http_status"] == 200


def test_ae_44_the_rate_of_the_click_is_honoured(try_alone: Try) -> None:
    bought_after = request(amount="1000.00", order_time="2019-03-01T13:30:00Z")

    assert try_alone("lab-rate", bought_after)["cashback"] == 50
    assert try_alone("lab-rate", request(amount="1000.00"), clicked_at="2019-03-01T13:00:00Z")["cashback"] == 30


def test_an_order_older_than_its_click_is_held(try_postback: Try) -> None:
    tolerated = try_postback("lab", request(amount="1000.00", order_time="2019-03-01T11:55:00Z"))
    assert (tolerated["hold"], tolerated["cashback"]) == (False, 50)

    held = try_postback("lab", request(amount="1000.00", order_time="2019-03-01T11:54:59Z"))
    assert (held["hold"], held["flags"]) == (True, ["order_before_click"])
