"""A token is signed for one purpose, lives its time, and one text stands for one claim."""

import base64
import hashlib
import hmac
import json
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.core.signing_keys import since_ever
from tracker.errors import TrackerError
from tracker.redirect import tokens as tokens_module
from tracker.redirect.tokens import ANY_PARTNER, BrowserClaim, ShopperClaim, Tokens, is_shopper_id, make_link

NOW = 1_767_225_600  # 2026-01-01
HOUR = 3_600
DAY = 24 * HOUR
LINK_SECRET = "programme-key"
LINK_KEY, COOKIE_KEY = since_ever(LINK_SECRET), since_ever("cookie-key")
TOKENS = Tokens(LINK_KEY, COOKIE_KEY)
LINK = "eyJzIjoic2hvcHBlci00MiIsInAiOiJsYW1vZGEiLCJ0IjoxNzY3MjI1NjAwfQ.dTIPF1UEs8WlRpkUgSDYWKjmcJVNmh1LMsipYdugoGU"
BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"

shopper_ids = st.from_regex(r"(?!\+[0-9])[!-~]{1,64}", fullmatch=True)  # +7916… is a phone number
partner_ids = st.from_regex("[a-z0-9][a-z0-9-]{0,63}", fullmatch=True)
times = st.integers(0, 2**40)


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(claim: object, *, key: str = LINK_SECRET, salt: str = "link.v1") -> str:
    """A token as a programme makes it, with its own HMAC and JSON."""
    value = base64url((claim if isinstance(claim, str) else json.dumps(claim)).encode())
    mac_key = hmac.digest(key.encode(), salt.encode(), hashlib.sha256)
    return f"{value}.{base64url(hmac.digest(mac_key, value.encode(), hashlib.sha256))}"


def test_the_documented_token_is_made_and_read() -> None:
    assert make_link(LINK_KEY, "shopper-42", "lamoda", NOW) == LINK
    assert TOKENS.read_link(LINK, "lamoda", NOW) == "shopper-42"
    assert LINK in (tokens_module.__doc__ or "")


def test_a_programme_can_sign_with_nothing_but_hmac_and_json_of_its_own() -> None:
    assert signed('{"s":"shopper-42","p":"lamoda","t":1767225600}') == LINK
    assert TOKENS.read_link(signed({"t": NOW, "p": "lamoda", "s": "shopper-42"}), "lamoda", NOW) == "shopper-42"


@given(shopper_ids, partner_ids, times)
@example('"' * 64, "a" * 64, 2**40)  # the longest: JSON escapes each
def test_a_link_is_read_back(shopper_id: str, partner_id: str, now: int) -> None:
    link = make_link(LINK_KEY, shopper_id, partner_id, now)
    assert len(link) <= 512
    assert set(link) <= set(BASE64) | {"."}
    assert TOKENS.read_link(link, partner_id, now) == shopper_id


@given(shopper_ids, times, st.integers(0, DAY))
def test_a_shopper_cookie_is_read_back(shopper_id: str, now: int, age: int) -> None:
    cookie = TOKENS.make_shopper_cookie(shopper_id, now)
    assert TOKENS.read_shopper_cookie(cookie, now + age) == ShopperClaim(shopper_id, now)


@given(st.text("0123456789abcdef", min_size=20, max_size=20), times, st.integers(0, 90 * DAY))
def test_a_browser_cookie_is_read_back(browser_id: str, now: int, age: int) -> None:
    cookie = TOKENS.make_browser_cookie(browser_id, now)
    assert TOKENS.read_browser_cookie(cookie, now + age) == BrowserClaim(browser_id, now)


VALUE, _, MAC = LINK.partition(".")
VARIANTS = [
    # Base64 lets these stand for the same bytes, and itsdangerous' own serializers take them.
    *(LINK[:-1] + last for last in BASE64 if last != LINK[-1]),
    *(f"{VALUE[:-1]}{last}.{MAC}" for last in BASE64 if last != VALUE[-1]),
    *(LINK + "=" * number for number in range(1, 12)),
    *(f"{VALUE}{'=' * number}.{MAC}" for number in range(1, 5)),
    *(LINK[:at] + junk + LINK[at:] for at in (0, 5, len(VALUE), len(VALUE) + 1, len(LINK)) for junk in "!\n \t=*\x00."),
    LINK + "!!!!",
    LINK.replace("-", "+").replace("_", "/"),
    f"{VALUE}.{MAC[:20]}\n{MAC[20:]}",
    LINK.upper(),
    LINK.lower(),
    f" {LINK}",
    f"{LINK} ",
    f'"{LINK}"',
    VALUE,
    MAC,
    f"{VALUE}.",
    f".{MAC}",
    f"{VALUE}..{MAC}",
    f"{VALUE}.{MAC}.{MAC}",
    f"{MAC}.{VALUE}",
    LINK[:-1],
    LINK[1:],
    "",
    ".",
    "..",
    LINK.replace("e", "\u0435"),  # a Cyrillic letter
    LINK + "\ud800",
]


@pytest.mark.parametrize("text", [variant for variant in VARIANTS if variant != LINK])
def test_no_other_text_is_the_same_token(text: str) -> None:
    assert TOKENS.read_link(text, "lamoda", NOW) is None


def test_a_token_whose_letters_have_two_spellings_has_one() -> None:
    """`-` and `_` could be written as `+` and `/`: many shoppers, so that each stands in some token."""
    links = [make_link(LINK_KEY, f"shopper-{number}~~??", "lamoda", NOW) for number in range(20)]
    assert any("-" in link for link in links)
    assert any("_" in link for link in links)
    for link in links:
        for one, other in ("-+", "_/"):
            assert one not in link or TOKENS.read_link(link.replace(one, other), "lamoda", NOW) is None


@given(st.text())
def test_a_text_that_nobody_signed_is_no_token(text: str) -> None:
    assert TOKENS.read_link(text, "lamoda", NOW) is None
    assert TOKENS.read_shopper_cookie(text, NOW) is None
    assert TOKENS.read_browser_cookie(text, NOW) is None


@pytest.mark.parametrize(
    "salt", ["link.v1", "cookie.shopper.v1", "cookie.browser.v1", "", "click.v1", "link", "link.v2"]
)
def test_a_claim_that_was_signed_with_the_wrong_salt_is_refused(salt: str) -> None:
    one_key = Tokens(since_ever("one key"), since_ever("one key"))
    token = signed({"s": "shopper-42", "p": "lamoda", "b": "shopper-42", "t": NOW}, key="one key", salt=salt)
    assert (one_key.read_link(token, "lamoda", NOW) is not None) is (salt == "link.v1")
    assert (one_key.read_shopper_cookie(token, NOW) is not None) is (salt == "cookie.shopper.v1")
    assert (one_key.read_browser_cookie(token, NOW) is not None) is (salt == "cookie.browser.v1")


def test_a_token_of_another_key_is_refused() -> None:
    assert Tokens(since_ever("another-key"), COOKIE_KEY).read_link(LINK, "lamoda", NOW) is None
    assert (
        TOKENS.read_shopper_cookie(Tokens(LINK_KEY, since_ever("another")).make_shopper_cookie("shopper-42", NOW), NOW)
        is None
    )


@pytest.mark.parametrize(
    ("age", "alive"),
    [
        (0, True),
        (DAY, True),
        (DAY + 1, False),
        (DAY + 0.001, False),
        # The programme's clock is ahead of ours.
        (-5, True),
        (-300, True),
        (-300.001, False),
        (-301, False),
        (-DAY, False),
    ],
)
def test_a_link_lives_24_hours_and_a_clock_may_be_5_minutes_ahead(age: float, *, alive: bool) -> None:
    assert (TOKENS.read_link(LINK, "lamoda", NOW + age) is not None) is alive


@pytest.mark.parametrize(("age", "alive"), [(DAY, True), (DAY + 1, False), (-300, True), (-301, False)])
def test_a_shopper_cookie_lives_as_long_as_a_link(age: int, *, alive: bool) -> None:
    cookie = TOKENS.make_shopper_cookie("shopper-42", NOW)
    assert (TOKENS.read_shopper_cookie(cookie, NOW + age) is not None) is alive


@pytest.mark.parametrize(("age", "alive"), [(90 * DAY, True), (90 * DAY + 1, False), (-300, True), (-301, False)])
def test_a_browser_cookie_lives_90_days(age: int, *, alive: bool) -> None:
    cookie = TOKENS.make_browser_cookie("0123456789abcdef0123", NOW)
    assert (TOKENS.read_browser_cookie(cookie, NOW + age) is not None) is alive


@pytest.mark.parametrize("partner_id", ["ozon", "lamod", "lamodaa", "Lamoda", "", "*"])
def test_a_link_to_one_partner_leads_to_no_other(partner_id: str) -> None:
    assert TOKENS.read_link(LINK, partner_id, NOW) is None


@pytest.mark.parametrize("partner_id", ["lamoda", "ozon"])
def test_a_link_to_every_partner_leads_to_each(partner_id: str) -> None:
    assert TOKENS.read_link(make_link(LINK_KEY, "shopper-42", ANY_PARTNER, NOW), partner_id, NOW) == "shopper-42"


@pytest.mark.parametrize(
    "shopper_id",
    ["", " ", "a b", "a\tb", "a\n", "\x00", "\x7f", "покупатель", "é", "\u212a", "x" * 65, "a\u00a0b", "\ud800"],
)
def test_a_shopper_id_that_not_every_store_keeps_unchanged_is_refused(shopper_id: str) -> None:
    assert not is_shopper_id(shopper_id)
    with pytest.raises(TrackerError, match="is no shopper id"):
        make_link(LINK_KEY, shopper_id, "lamoda", NOW)
    assert TOKENS.read_link(signed({"s": shopper_id, "p": "lamoda", "t": NOW}), "lamoda", NOW) is None


@pytest.mark.parametrize("shopper_id", ["1", "x" * 64, "0191d5c8-7a1e-7d3c-9a53-4c1c1f0a7e11", "a/b+c=d", "!~"])
def test_any_other_shopper_id_is_the_programme_s_business(shopper_id: str) -> None:
    assert is_shopper_id(shopper_id)


@pytest.mark.parametrize(
    "claim",
    [
        {},
        {"s": "shopper-42", "p": "lamoda"},
        {"s": "shopper-42", "t": NOW},
        {"p": "lamoda", "t": NOW},
        {"s": 42, "p": "lamoda", "t": NOW},
        {"s": "shopper-42", "p": None, "t": NOW},
        {"s": "shopper-42", "p": ["lamoda"], "t": NOW},
        {"s": "shopper-42", "p": "lamoda", "t": str(NOW)},
        {"s": "shopper-42", "p": "lamoda", "t": NOW + 0.5},
        {"s": "shopper-42", "p": "lamoda", "t": NOW * 1000},
        {"s": "shopper-42", "p": "lamoda", "t": 0},
        {"s": "shopper-42", "p": "lamoda", "t": -NOW},
        {"s": "shopper-42", "p": "lamoda", "t": True},
        {"s": "a", "p": "lamoda", "t": 10**310},
        {"s": "a", "p": "lamoda", "t": -(10**310)},
        '{"s":"shopper-42","p":"lamoda","t":1e999}',
        '{"s":"shopper-42","p":"lamoda","t":NaN}',
        '{"s":"\\ud800","p":"lamoda","t":1767225600}',
        ["shopper-42", "lamoda", NOW],
        "shopper-42",
        "",
        "[" * 300,
    ],
)
def test_a_signed_claim_that_is_not_as_documented_is_no_claim(claim: object) -> None:
    """A mistake of the programme's: its shopper is told so, and nothing of ours fails."""
    assert TOKENS.read_link(signed(claim), "lamoda", NOW + 0.5) is None


def test_a_signed_token_that_is_too_long_is_not_looked_at() -> None:
    claim = {"s": "shopper-42", "p": "lamoda", "t": NOW, "more": ""}
    assert TOKENS.read_link(signed(claim), "lamoda", NOW) == "shopper-42"
    assert TOKENS.read_link(signed(claim | {"more": "x" * 400}), "lamoda", NOW) is None
    assert TOKENS.read_link("x" * 10_000_000, "lamoda", NOW) is None
