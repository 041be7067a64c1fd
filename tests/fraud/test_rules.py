"""Every rule of the screening, each by itself."""

import pytest

from tracker.core.reasons import ClickReason
from tracker.fraud.rules import RULES, is_bot, is_not_navigation, is_other_method, is_prefetch
from tracker.fraud.signals import Signals, read_signals

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


def asks(method: str = "GET", agent: str = BROWSER, **headers: str) -> Signals:
    """`Sec_Fetch_Mode` stands for `Sec-Fetch-Mode`."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_signals(method, {"User-Agent": agent, **sent})


def test_the_rules_are_named_and_in_order() -> None:
    assert [reason for reason, _ in RULES] == [
        ClickReason.METHOD,
        ClickReason.PREFETCH,
        ClickReason.NOT_NAVIGATION,
        ClickReason.BOT_UA,
    ]


@pytest.mark.parametrize(
    ("method", "applies"),
    [("GET", False), ("HEAD", True), ("POST", True), ("OPTIONS", True), ("PUT", True), ("get", True), ("", True)],
)
def test_method(method: str, *, applies: bool) -> None:
    assert is_other_method(asks(method)) is applies


@pytest.mark.parametrize(
    ("header", "value", "applies"),
    [
        ("Sec_Purpose", "prefetch", True),
        ("Sec_Purpose", "prefetch;prerender", True),
        ("Sec_Purpose", "prefetch;anonymous-client-ip", True),
        ("Sec_Purpose", "prerender", True),
        ("Sec_Purpose", "PREFETCH", True),
        ("Sec_Purpose", "", False),
        ("Sec_Purpose", "something-new", False),
        ("Purpose", "prefetch", True),
        ("Purpose", "preview", True),
        ("X_Moz", "prefetch", True),
        ("X_Purpose", "preview", True),
        ("X_Purpose", "instant", False),
        ("X_Other", "prefetch", False),
    ],
)
def test_prefetch(header: str, value: str, *, applies: bool) -> None:
    assert is_prefetch(asks(**{header: value})) is applies


def test_one_of_several_purposes_is_enough() -> None:
    assert is_prefetch(asks(Sec_Purpose="something-new", Purpose="prefetch"))


@pytest.mark.parametrize(
    ("mode", "dest", "applies"),
    [
        (None, None, False),  # a browser before 2020, or a WebView
        ("navigate", None, False),
        ("navigate", "document", False),
        (None, "document", False),
        ("Navigate", "Document", False),
        ("navigate", "iframe", True),
        ("navigate", "frame", True),
        ("navigate", "embed", True),
        ("navigate", "object", True),
        ("navigate", "empty", True),
        ("no-cors", "image", True),
        ("no-cors", "script", True),
        ("no-cors", "style", True),
        ("no-cors", "video", True),
        ("no-cors", "empty", True),
        ("no-cors", None, True),
        ("no-cors", "document", True),
        ("cors", "empty", True),
        ("same-origin", "empty", True),
        ("websocket", "websocket", True),
        (None, "image", True),
        (None, "iframe", True),
    ],
)
def test_not_navigation(mode: str | None, dest: str | None, *, applies: bool) -> None:
    headers = {"Sec_Fetch_Mode": mode, "Sec_Fetch_Dest": dest}
    assert is_not_navigation(asks(**{name: said for name, said in headers.items() if said is not None})) is applies


@pytest.mark.parametrize(
    ("agent", "applies"), [(BROWSER, False), ("", True), ("curl/8.14.1", True), ("TelegramBot (like TwitterBot)", True)]
)
def test_bot_ua(agent: str, *, applies: bool) -> None:
    assert is_bot(asks(agent=agent)) is applies


def test_no_agent_at_all_is_a_bot_too() -> None:
    assert is_bot(read_signals("GET", {}))
