"""`tracker try-postback` on what the tag saw of the imagined order, and on a request kept in a file."""

import json
from pathlib import Path

import pytest

from tracker.cli import run

SHOP = """\
programme: {name: Demo, tag: {second_tab: refuse, session_ended: refuse}}
partners:
  - id: shop
    name: Shop
    category: online-shops
    link: "https://net.example/?subid4={click_id}"
    home: https://shop.example/
    hosts: [shop.example]
    terms: [{from: 2026-01-01, rate: 5%}]
    postback: {dialect: generic, secret: {env: SHOP_POSTBACK_SECRET}}
"""
REQUEST = "order_id=A-1&click_id={click_id}&amount=1000.00&status=approved"
TIMES = ("--clicked-at", "2026-11-24T12:00:00Z", "--now", "2026-11-25T12:00:00Z")


def try_it(folder: Path, *options: str, request: str = REQUEST) -> int:
    (folder / "partners.yaml").write_text(SHOP)
    partners = ("--partners", str(folder / "partners.yaml"))
    return run(["try-postback", "shop", request, *TIMES, *partners, *options, "--json"])


@pytest.mark.parametrize(
    ("confirmations", "reasons"),
    [
        ([], []),
        (["same_tab"], []),
        (["other_tab"], []),
        (["other_tab_copied:3600"], ["second_tab"]),
        (["same_tab:21600"], []),
        (["same_tab:21601"], ["session_ended"]),
        (["same_tab:60", "other_tab_copied:86400"], []),
    ],
)
def test_what_the_tag_saw_is_tried_with_the_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], confirmations: list[str], reasons: list[str]
) -> None:
    options = [option for one in confirmations for option in ("--confirmation", one)]

    assert try_it(tmp_path, *options) == 0

    printed = json.loads(capsys.readouterr().out)
    assert (printed["reasons"], printed["cashback"]) == (reasons, 0 if reasons else 50)


@pytest.mark.parametrize("wrong", ["nowhere", "same_tab:soon"])
def test_what_no_tag_says_is_a_problem_with_its_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    assert try_it(tmp_path, "--confirmation", wrong) == 2
    assert "write TAB[:SECONDS_AFTER_CLICK]" in capsys.readouterr().err


def test_a_raw_request_in_a_file_has_the_imagined_click_in_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"order_id": "A-1", "click_id": "{click_id}", "amount": "1000.00", "status": "approved", "name": "Ж"}
    head = "POST /pb/shop/any HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
    (tmp_path / "request.http").write_bytes((head + json.dumps(said, ensure_ascii=False)).encode())

    assert try_it(tmp_path, request=f"@{tmp_path / 'request.http'}") == 0

    printed = json.loads(capsys.readouterr().out)
    assert (printed["order_id"], printed["reasons"], printed["cashback"]) == ("A-1", [], 50)


SIGNED = SHOP.replace(
    "SHOP_POSTBACK_SECRET}", "SHOP_POSTBACK_SECRET}, auth: {signature: sign, secret: {env: SIGN_KEY}}"
)


def test_what_the_decision_does_not_show_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "signed.yaml").write_text(SIGNED)
    asked = ["try-postback", "shop", REQUEST.replace("approved", "paid"), "--partners", str(tmp_path / "signed.yaml")]

    assert run([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == ["signature_not_checked", "unknown_status:paid"]

    assert run(asked) == 0
    said = capsys.readouterr().out
    assert "signature not checked: give the whole request" in said
    assert "what the status 'paid' means" in said
