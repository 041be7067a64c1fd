"""What is kept instead of personal data: hashes that only the key can join, networks instead of addresses."""

import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.web.hashing import KeyedHash, network_of

KEY = "00" * 31 + "01"
HASHES = KeyedHash(KEY)
NOVEMBER, LATER, DECEMBER = (datetime(2026, month, day, tzinfo=UTC) for month, day in ((11, 1), (11, 30), (12, 1)))


@given(st.text(st.characters(codec=None, categories=None)))
def test_a_hash_is_a_positive_number_that_clickhouse_keeps(text: str) -> None:
    assert 0 <= HASHES.of(text) < 2**63
    assert HASHES.of(text) == HASHES.of(text)


def test_it_is_a_keyed_sha_256_and_nothing_else() -> None:
    digest = hmac.digest(bytes.fromhex(KEY), b"203.0.113.9", hashlib.sha256)
    assert HASHES.of("203.0.113.9") == int.from_bytes(digest[:8], "big") >> 1
    assert HASHES.of("203.0.113.9") != KeyedHash("ff" * 32).of("203.0.113.9")
    assert HASHES.of("203.0.113.9") != HASHES.of("203.0.113.8")


def test_nothing_is_zero() -> None:
    assert HASHES.of("") == HASHES.of_month("", NOVEMBER) == 0


def test_an_address_is_the_same_for_a_month() -> None:
    assert HASHES.of_month("203.0.113.9", NOVEMBER) == HASHES.of_month("203.0.113.9", LATER)
    assert HASHES.of_month("203.0.113.9", LATER) != HASHES.of_month("203.0.113.9", DECEMBER)
    assert HASHES.of_month("203.0.113.9", NOVEMBER) != HASHES.of("203.0.113.9")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("", ""),
        ("unknown", ""),
        ("203.0.113.9:80", ""),
    ],
)
def test_a_report_sees_the_network_alone(address: str, network: str) -> None:
    assert network_of(address) == network
