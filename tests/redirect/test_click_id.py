"""A click id is ours, for one partner, and exactly one text."""

import hashlib
import hmac
import re
from itertools import count
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.click_id import ALPHABET, ClickIdParts, is_click_id, parts
from tracker.core.signing_keys import CLICK_KEY_SECONDS, SigningKey
from tracker.redirect.click_id import SignedClickIds

NOW = 1_767_225_600  # 2026-01-01
DAY = 86_400
KEYS = ["the first key", "the second key"]
CLICK_ID = "bd5avj001fw0j6hb76gqk1epdyz96c"  # made with "a key", lamoda, NOW, shard 5, random 0x3f01234567


def ids(*keys: str, now: float = NOW) -> SignedClickIds:
    """The first key is as old as all; each following one signs from NOW."""
    dated = [SigningKey(key, signs_from=NOW if place else 0) for place, key in enumerate(keys or ["a key"])]
    return SignedClickIds(dated, clock=lambda: now)


def made(partner: str = "lamoda", *, by: SignedClickIds | None = None, at: int = NOW) -> str:
    return (by or ids()).make(partner, shard=5, now_seconds=at, random_bits=0x3F_0123_4567)


seconds = st.integers(0, 2**32 - 1)
shards = st.integers(0, 1023)
randoms = st.integers(0, 2**38 - 1)
partners = st.from_regex("[a-z0-9][a-z0-9-]{0,63}", fullmatch=True)


@given(seconds, shards, randoms, partners)
def test_an_id_has_one_shape_is_read_back_and_tells_its_parts(
    second: int, shard: int, random: int, partner: str
) -> None:
    click_id = ids().make(partner, shard, second, random)
    assert re.fullmatch("[a-z][a-z0-9]{29}", click_id)
    assert is_click_id(click_id)
    assert parts(click_id) == ClickIdParts(second, shard, random)
    assert ids().read(click_id, partner) == click_id


def test_the_documented_id_is_made() -> None:
    assert made() == CLICK_ID


def test_an_id_can_be_made_and_checked_with_nothing_but_hmac() -> None:
    """What itsdangerous does for us, written out."""
    key = hmac.digest(b"a key", b"click.v1", hashlib.sha256)
    payload, mac = CLICK_ID[:17], CLICK_ID[17:]
    digest = hmac.digest(key, f"{payload}.lamoda".encode(), hashlib.sha256)
    number = int.from_bytes(digest, "big") >> (256 - 65)
    assert mac == "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(13)))
    letter = hmac.digest(key, b"letter", hashlib.sha256)[0] % 22
    assert payload[0] == ALPHABET[10 + letter]


@pytest.mark.parametrize("partner", ["ozon", "lamod", "lamodaa", "LAMODA", "", "lamoda ", "*"])
def test_an_id_of_another_partner_is_not_honoured(partner: str) -> None:
    assert ids().read(CLICK_ID, partner) is None


def test_an_id_of_another_key_is_not_honoured() -> None:
    assert ids("b key").read(CLICK_ID, "lamoda") is None


@given(seconds, randoms)
def test_no_change_of_one_character_is_accepted(second: int, random: int) -> None:
    click_id = ids().make("lamoda", 5, second, random)
    changed = [
        click_id[:place] + other + click_id[place + 1 :]
        for place, kept in enumerate(click_id)
        for other in ALPHABET
        if other != kept
    ]
    assert len(changed) == 930
    assert [one for one in changed if ids().read(one, "lamoda") is not None] == []


def test_no_flipped_bit_is_accepted_unless_it_only_changes_the_case() -> None:
    for place, bit in [(place, bit) for place in range(30) for bit in range(8)]:
        flipped = CLICK_ID[:place] + chr(ord(CLICK_ID[place]) ^ 1 << bit) + CLICK_ID[place + 1 :]
        assert ids().read(flipped, "lamoda") == (CLICK_ID if flipped.lower() == CLICK_ID else None)


def test_no_two_neighbours_may_change_places() -> None:
    swapped = {CLICK_ID[:at] + CLICK_ID[at + 1] + CLICK_ID[at] + CLICK_ID[at + 2 :] for at in range(29)} - {CLICK_ID}
    assert [one for one in swapped if ids().read(one, "lamoda") is not None] == []


@pytest.mark.parametrize(
    "text",
    [
        CLICK_ID.upper(),
        CLICK_ID.title(),
        f"  {CLICK_ID}\t",
        f"\r\n{CLICK_ID}\r\n",
        # Once is undone by whoever reads the request; this is what is left of a second time.
        quote(f" {CLICK_ID} ", safe=""),
        "".join(f"%{ord(character):02x}" for character in CLICK_ID),
        f"%20{CLICK_ID.upper()}%0A",
    ],
)
def test_what_networks_do_to_an_id_is_undone(text: str) -> None:
    assert ids().read(text, "lamoda") == CLICK_ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        CLICK_ID[:29],
        CLICK_ID[1:],
        CLICK_ID + "0",
        CLICK_ID + CLICK_ID,
        "0" + CLICK_ID,
        CLICK_ID + "=",
        CLICK_ID + "====",
        CLICK_ID + ",",
        CLICK_ID + "\x00",
        CLICK_ID.replace("0", "o"),
        CLICK_ID.replace("1", "l"),
        CLICK_ID.replace("1", "i"),
        CLICK_ID[:15] + " " + CLICK_ID[15:],
        CLICK_ID[:15] + "-" + CLICK_ID[15:],
        CLICK_ID[:15] + "\n" + CLICK_ID[16:],
        CLICK_ID + "%00",
        "%00" + CLICK_ID,
        CLICK_ID.replace("k", "\u212a"),  # the Kelvin sign: a `k` in lower case
        CLICK_ID.replace("k", "%E2%84%AA"),
        CLICK_ID.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}),  # full-width
        CLICK_ID.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)}),  # Arabic
        CLICK_ID.translate({letter: 0xFF41 + letter - ord("a") for letter in range(ord("a"), ord("z") + 1)}),
        "\x0b" + CLICK_ID,  # blanks, but not ours
        "\u00a0" + CLICK_ID,
        "\u2003" + CLICK_ID,
        "\ufeff" + CLICK_ID,
        CLICK_ID + "\u0301",
        CLICK_ID + "\ud800",
        f"%2520{CLICK_ID}",  # encoded three times
        "".join(f"%25{ord(character):02x}" for character in CLICK_ID),
        f"%{CLICK_ID}",
        f"{CLICK_ID}%",
        "{click_id}",
        "0" * 30,
        "a" * 30,
        " " * 1_000 + CLICK_ID,
        CLICK_ID + " " * 1_000_000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert ids().read(text, "lamoda") is None


@given(st.text() | st.text(ALPHABET, min_size=30, max_size=30) | st.from_regex("[a-z][a-z0-9]{29}", fullmatch=True))
def test_no_text_that_we_did_not_make_is_accepted(text: str) -> None:
    assert ids().read(text, "lamoda") is None


def test_a_new_key_signs_and_the_old_one_still_verifies() -> None:
    by_the_old = made(by=ids(KEYS[0]))
    both = ids(*KEYS)
    assert both.read(by_the_old, "lamoda") == by_the_old
    by_the_new = made(by=both)
    assert by_the_new == made(by=ids(KEYS[1]))
    assert both.read(by_the_new, "lamoda") == by_the_new
    assert ids(KEYS[0]).read(by_the_new, "lamoda") is None


def test_an_old_key_verifies_for_120_days_after_it_stopped_and_not_a_second_longer() -> None:
    click_id = made(by=ids(KEYS[0]))
    assert CLICK_KEY_SECONDS == 120 * DAY
    assert ids(*KEYS, now=NOW + 120 * DAY).read(click_id, "lamoda") == click_id
    assert ids(*KEYS, now=NOW + 120 * DAY + 1).read(click_id, "lamoda") is None


def test_the_newest_key_verifies_for_ever() -> None:
    click_id = made(by=ids(*KEYS))
    assert ids(*KEYS, now=NOW + 10 * 365 * DAY).read(click_id, "lamoda") == click_id


def test_keys_that_share_a_letter_are_both_tried() -> None:
    """One pair in 22 does; the letter follows from the key alone, so it stays when keys come and go."""
    first = ids("key 0")
    number = next(number for number in count(1) if made(by=ids(f"key {number}"))[0] == made(by=first)[0])
    other = f"key {number}"
    for keys in (["key 0", other], [other, "key 0"]):
        rotated = ids(*keys)
        for key in keys:
            click_id = made(by=ids(key))
            assert rotated.read(click_id, "lamoda") == click_id
            assert rotated.read(click_id, "ozon") is None


def test_without_a_key_there_are_no_ids() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        SignedClickIds([])
