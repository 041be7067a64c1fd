"""A shop's own server in Admitad's shape: baskets line by line at /r and /tt, their fate at /rp (postbacks.md 3.1.2,
3.1.3), proved as partners.yaml says."""

import hmac
import json
from itertools import permutations
from typing import Any

import pytest

from tests.postback.dialects.setting import ANYWHERE, SECRET, query, speaker, tried
from tracker.core.partner import Partner
from tracker.partners import Sources, load_programme
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import FIELDS

POSTBACK_KEY = "the-key-of-orders-for-shop-0123x"
KEY = "0123456789acbdef"  # of the documented vector
AUTH = """\
        any_of:
          - {parameter: postback_key, secret: the-key-of-orders-for-shop-0123x}
          - {parameter: pk, secret: the-key-of-orders-for-shop-0123x}
          - all_of:
              - {parameter: campaign_code, value: campaign_code}
              - {signature: revision_sign, algorithm: sha1, over: [campaign_code, order_id], secret: 0123456789acbdef}
          - all_of:
              - {parameter: revision_key, secret: the-key-of-revisions-0123456789x}
              - {addresses: [203.0.113.0/24]}
"""
SHOP = f"""\
programme: {{name: Demo, sign_in: https://programme.example/sign-in}}
partners:
  - id: shop
    name: Shop
    category: online-shops
    link: "https://shop.example/?admitad_uid={{click_id}}"
    home: https://shop.example/
    hosts: [shop.example]
    terms: [{{from: 2019-01-01, rate: 5%}}]
    postback:
      dialect: admitad-sender
      secret: a-secret-of-the-shop-0123
      auth:
{AUTH}"""

ORDER = (
    "/r?campaign_code=1a2b3c4d5e&postback=1&postback_key=K&action_code=1&uid={click_id}&order_id=123456&tariff_code=1"
    "&currency_code=RUB&client_id=&payment_type=sale&position_count=3"
)
LINES = (
    f"{ORDER}&price=20000&quantity=2&position_id=1&product_id=11",
    f"{ORDER}&price=35000&quantity=3&position_id=2&product_id=21",
    f"{ORDER}&price=50000&quantity=1&position_id=3&product_id=31",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Partner:
    path = tmp_path_factory.mktemp("admitad") / "partners.yaml"
    path.write_text(SHOP)
    return load_programme(path, Sources({}, dict.fromkeys(DIALECTS, FIELDS), {})).partners["shop"]


def ours(*requests: str) -> dict[str, Any]:
    """Behind the secret of our address, without further proof."""
    return tried("admitad-sender", *[f"/pb/admitad-sender/{SECRET}{one}" for one in requests])


def revision(status: str, amount: str = "", order_id: str = "123456", key: str = KEY, **more: str) -> str:
    """`/rp` with its signature."""
    signed = f"campaign_code{order_id}".encode()
    said = {"campaign_code": "campaign_code", "revision_sign": hmac.digest(key.encode(), signed, "sha1").hex()}
    said |= {"order_id": order_id, "status": status} | ({"amount": amount} if amount else {}) | more
    return f"/rp?{query(**said)}"


@pytest.mark.parametrize(
    "lines", list(permutations(LINES)), ids=lambda lines: "".join(str(LINES.index(one)) for one in lines)
)
def test_three_lines_in_any_order_are_one_order_of_195_000(lines: tuple[str, ...]) -> None:
    printed = ours(*lines)
    assert (printed["order_id"], printed["base"], printed["cashback"]) == ("123456", "195000", 9750)
    assert (printed["status"], printed["http_status"], printed["reply"]) == ("pending", 200, "OK")


@pytest.mark.parametrize("missing", range(3))
def test_without_one_line_the_order_is_incomplete(missing: int) -> None:
    there = [line for number, line in enumerate(LINES) if number != missing]
    printed = ours(*there, there[0])
    assert (printed["status"], printed["cashback"]) == ("pending", 0)
    assert "amount_missing" in printed["flags"]


def test_a_line_that_comes_again_changes_nothing() -> None:
    printed = ours(*LINES, LINES[1])
    assert (printed["base"], printed["reasons"]) == ("195000", ["duplicate"])


@pytest.mark.parametrize("path", ["/r", "/r/", "/tt", "/tt/"])
def test_both_addresses_and_every_alias_are_read(path: str) -> None:
    request = f"{path}?pb=1&pk=K&ac=1&uid={{click_id}}&oid=7&tc=1&c=RUB&p=100.50&quantity=2&pid=1&pn=1&prid=S1"
    printed = ours(request)
    assert (printed["order_id"], printed["base"], printed["cashback"]) == ("7", "201.00", 10)


@pytest.mark.parametrize("name", ["price", "cart", "p", "amount"])
def test_a_comma_is_no_point_and_is_answered_200_all_the_same(name: str) -> None:
    printed = ours(f"/r?uid={{click_id}}&order_id=7&{name}=100,50&quantity=1")
    assert (printed["order_id"], printed["reasons"], printed["http_status"]) == (None, ["amount_bad"], 200)
    assert printed["reply"].startswith("amount_bad: ")


def test_an_app_s_order_by_appmetrica_is_of_an_app() -> None:
    request = (
        "/r?postback=1&postback_key=K&campaign_code=CC&uid={click_id}&tracking=purchase&adm_method=mob_tracker"
        "&adm_device=mobile&adm_method_name=appmetrica&adm_ostype=android&currency_code=RUB&price=1990&oid=ORD-77"
        "&sub=%7B%7D"
    )
    assert ours(request)["reasons"] == ["partner_app"]

    app = speaker("admitad-sender", terms=ANYWHERE)
    printed = tried(app, f"/pb/admitad-sender/{SECRET}{request}")
    assert (printed["order_id"], printed["base"], printed["cashback"], printed["reasons"]) == (
        "ORD-77",
        "1990",
        100,
        [],
    )


def test_an_order_by_a_promo_code_without_a_click_is_kept_and_pays_nobody() -> None:
    printed = ours("/r?campaign_code=1a2b3c4d5e&postback=1&uid=&order_id=7&price=100&quantity=1&promocode=BLOGGER")
    assert (printed["order_id"], printed["click_id"], printed["cashback"]) == ("7", None, 0)
    assert "unknown_click" in printed["reasons"]


def test_the_documented_vector_proves_a_revision(shop: Partner) -> None:
    request = "/rp?campaign_code=campaign_code&order_id=my_order_id_here&status=approved&amount=1990.00&revision_sign="
    good, bad = "01ae14a1c4ef90e6ce48c65525833e3f8a1f0228", "01ae14a1c4ef90e6ce48c65525833e3f8a1f0229"

    printed = tried(shop, request + good)
    assert (printed["order_id"], printed["base"], printed["status"]) == ("my_order_id_here", "1990.00", "approved")
    assert (printed["click_id"], printed["cashback"]) == (None, 0)
    assert (printed["http_status"], json.loads(printed["reply"])["success"]) == (200, True)
    assert tried(shop, request + good.upper())["http_status"] == 200

    refused = tried(shop, request + bad)
    assert (refused["http_status"], refused["reasons"], refused["order_id"]) == (403, ["wrong_auth"], None)
    assert refused["reply"].startswith('{"success": false, "errors": ["wrong_auth: ')


@pytest.mark.parametrize(
    "request_",
    [
        "/rp?order_id=123456&status=approved",
        revision("approved", key="another-key"),
        revision("approved").replace("order_id=123456", "order_id=123457"),
        revision("approved").replace("campaign_code=campaign_code", "campaign_code=another"),
        "/rp?order_id=123456&status=approved&revision_key=the-key-of-revisions-0123456789x",  # not from its address
        "/r?uid={click_id}&order_id=7&price=100&postback_key=the-key-of-orders-for-shop-01",
        "/r?uid={click_id}&order_id=7&price=100&postback_key=",
        "/r?uid={click_id}&order_id=7&price=100",
    ],
)
def test_nothing_is_read_at_its_own_path_without_proof(shop: Partner, request_: str) -> None:
    refused = tried(shop, request_)
    assert (refused["http_status"], refused["reasons"], refused["order_id"]) == (403, ["wrong_auth"], None)


@pytest.mark.parametrize("name", ["postback_key", "pk"])
def test_one_key_under_either_of_its_names_proves_an_order(shop: Partner, name: str) -> None:
    printed = tried(shop, f"/r?uid={{click_id}}&order_id=7&price=100&{name}={POSTBACK_KEY}")
    assert (printed["order_id"], printed["http_status"]) == ("7", 200)


def _told(shop: Partner, *revisions: str) -> dict[str, Any]:
    proved = [line.replace("postback_key=K", f"postback_key={POSTBACK_KEY}") for line in LINES]
    return tried(shop, *proved, *revisions)


def test_the_revision_decides_the_order_as_a_whole(shop: Partner) -> None:
    approved = _told(shop, revision("approved"))
    assert (approved["status"], approved["base"], approved["cashback"]) == ("approved", "195000", 9750)

    declined = _told(shop, revision("approved"), revision("declined"))
    assert (declined["status"], declined["cashback"]) == ("declined", 0)

    mistaken = _told(shop, revision("declined"), revision("approved"))
    assert (mistaken["status"], mistaken["cashback"]) == ("approved", 9750)


def test_a_partial_return_is_a_lower_sum_of_the_whole_order(shop: Partner) -> None:
    printed = _told(shop, revision("approved"), revision("approved", "145000.00", comment="Returned"))
    assert (printed["status"], printed["base"], printed["cashback"]) == ("approved", "145000.00", 7250)


def test_the_sum_that_a_revision_states_is_no_unit_price(shop: Partner) -> None:
    printed = _told(shop, revision("approved", "1000", quantity="3"))
    assert printed["base"] == "1000"
