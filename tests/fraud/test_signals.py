"""What a request says is read once, cut to length, and made of characters that every store takes."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from tracker.fraud.signals import Signals, read_signals, text


def test_a_request_without_any_header_says_nothing() -> None:
    assert read_signals("GET", {}) == Signals("GET", "", "", "", "")


def test_what_a_browser_says_is_read_whatever_the_case() -> None:
    headers = CIMultiDict(
        {
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "SEC-FETCH-MODE": "Navigate",
            "sec-fetch-dest": "Document",
            "sec-purpose": "Prefetch;Prerender",
            "X-MOZ": "Prefetch",
        }
    )
    assert read_signals("GET", headers) == Signals(
        method="GET",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        fetch_mode="navigate",
        fetch_dest="document",
        purposes="prefetch;prerender prefetch",
    )


def test_everything_is_cut_to_length() -> None:
    names = ("User-Agent", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Purpose")
    signals = read_signals("GET", dict.fromkeys(names, "x" * 8_000))
    assert [len(said) for said in msgspec.structs.astuple(signals)[1:]] == [512, 64, 64, 64]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("plain", "plain"),
        ("баннер № 1 😀", "баннер № 1 😀"),
        ("\ud800", "?"),
        ("a\udcffb", "a?b"),
        ("\ud83d\ude00", "??"),
        ("a\x00b\tc\nd\re\x1b[31m\x7f\x85", "a b c d e [31m  "),
        ("a\u2028b\u2029c\u202ed\u200be\u00adf\ufeffg", "a b c d e f g"),
        ("a\u00a0b", "a b"),
        ("", ""),
    ],
)
def test_a_text_is_one_that_every_store_takes(sent: str, kept: str) -> None:
    assert text(sent, 100) == kept


@given(
    st.text(st.characters(codec=None, categories=None))
    | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape"))
)
def test_whatever_is_sent_is_printable_short_enough_and_can_be_encoded(sent: str) -> None:
    kept = text(sent, 20)
    assert len(kept) == min(len(sent), 20)
    assert kept.isprintable()
    assert kept.encode().decode() == kept
    assert text(kept, 20) == kept
