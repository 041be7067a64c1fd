"""What the tag may send, and what anybody else may send in its place."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agents import PHONE
from tracker.core.click import TabFinding
from tracker.fraud.user_agent import read_agent
from tracker.tag.report import LONGEST_BODY, Kind, Report, Sent, read_report, tag_fact

GOOD: dict[str, Any] = {
    "v": "1a2b3c4d", "id": "a" * 20, "partner": "lamoda", "kind": "confirmation", "click": "c" * 30, "cookie": "d" * 30,
    "order": "A-1", "tab": "same_tab", "storage": "ok", "final": True,
    "blocker": {"script": "ok", "fetch": "ok", "script_control": "ok", "fetch_control": "ok", "dom": "", "ms": 63},
}  # fmt: skip
SENT = Sent(1_700_000_000_000_000, read_agent(PHONE), 7, 8, "request-1")


def read(**changes: object) -> Report | None:
    return read_report(json.dumps(GOOD | changes).encode())


def checks(**changes: object) -> list[tuple[str, str, str, str, int]]:
    report = read(**changes)
    assert report is not None
    return tag_fact(report, click_id="", cookie_click_id="", sent=SENT).checks


def test_a_report_is_read_as_it_was_sent() -> None:
    report = read()

    assert report is not None
    assert (report.id, report.partner, report.order, report.final) == ("a" * 20, "lamoda", "A-1", True)
    assert (report.kind, report.tab) == (Kind.CONFIRMATION, TabFinding.SAME_TAB)


@pytest.mark.parametrize("tab", TabFinding)
def test_every_word_about_the_tab_is_taken(tab: TabFinding) -> None:
    report = read(tab=str(tab))

    assert report is not None
    assert report.tab is tab


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""}, {"id": "a" * 15}, {"id": "a" * 33}, {"id": "A" * 20}, {"id": "a" * 19 + "\n"}, {"id": None},
        {"partner": "p" * 65}, {"partner": None}, {"kind": "refund"}, {"tab": "same"}, {"tab": ["same_tab"]},
        {"v": "<script>"}, {"v": "1" * 17}, {"v": "1\n"}, {"click": "c" * 65}, {"cookie": 7},
        {"order": "o" * 256}, {"order": "A\x001"}, {"order": "A\n1"}, {"order": "A\ud8001"}, {"order": 1},
        {"blocker": {"script": "maybe"}}, {"blocker": {"ms": "63"}}, {"blocker": []}, {"storage": "full"},
        {"final": "yes"},
    ],
    ids=str,
)  # fmt: skip
def test_what_no_tag_sends_is_no_report(changes: dict[str, object]) -> None:
    assert read(**changes) is None


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"{" * 4000, b"[" * 4000, b"\xff\xfe", b'{"id":', b"a=1", b"\x00" * 100]
)
def test_what_is_no_json_object_is_no_report(body: bytes) -> None:
    assert read_report(body) is None


def test_a_body_of_exactly_the_limit_is_read_and_a_byte_more_is_not() -> None:
    body = json.dumps(GOOD | {"later": ""}).encode()
    longest = json.dumps(GOOD | {"later": "x" * (LONGEST_BODY - len(body))}).encode()

    assert len(longest) == LONGEST_BODY
    assert read_report(longest) is not None  # a field of another version is ignored
    assert read_report(longest + b" ") is None


@given(st.binary(max_size=LONGEST_BODY + 10))
def test_no_body_makes_reading_fail(body: bytes) -> None:
    read_report(body)


@given(
    st.dictionaries(st.sampled_from(sorted(GOOD)), st.text(max_size=300) | st.integers() | st.booleans() | st.none())
)
def test_whatever_is_read_becomes_a_fact_that_can_be_written_down(changes: dict[str, object]) -> None:
    report = read_report(json.dumps(GOOD | changes).encode())
    if report is not None:
        fact = tag_fact(report, click_id="", cookie_click_id="", sent=SENT)
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(fact), type=type(fact)) == fact
        assert fact.order_id.isprintable()


def test_blanks_around_an_order_id_are_none_of_it_as_in_a_postback() -> None:
    report = read(order=" A-1 ")

    assert report is not None
    assert report.order == "A-1"


def test_the_fact_says_what_was_seen_and_by_whom() -> None:
    report = read()
    assert report is not None
    fact = tag_fact(report, click_id="c" * 30, cookie_click_id="", sent=SENT)

    assert (fact.partner_id, fact.kind, fact.order_id, fact.tab, fact.final) == (
        "lamoda", "confirmation", "A-1", "same_tab", True,
    )  # fmt: skip
    assert (fact.click_id, fact.cookie_click_id) == ("c" * 30, "")
    assert (fact.script, fact.device, fact.request_id) == ("1a2b3c4d", "phone", "request-1")
    assert (fact.reported_at_us, fact.user_agent_hash, fact.address_hash) == (1_700_000_000_000_000, 7, 8)
    assert fact.checks == [
        ("ad_blocker", "ok", "medium", "script:ok fetch:ok controls:ok", 63),
        ("cookies", "ok", "high", "script:ok", 0),
    ]


def test_two_partners_tags_may_choose_the_same_id() -> None:
    reports = [read(), read(partner="labirint"), read(), read(id="b" * 20)]
    ids = [tag_fact(one, click_id="", cookie_click_id="", sent=SENT).report_id for one in reports if one is not None]

    assert ids[0] == ids[2]
    assert len(set(ids)) == 3


def test_a_blocked_bait_beside_a_control_that_came_is_a_blocker_for_sure() -> None:
    blocker = GOOD["blocker"]

    assert checks(blocker=blocker | {"script": "blocked"})[0][:3] == ("ad_blocker", "found", "high")
    assert checks(blocker=blocker | {"fetch": "blocked"})[0][:3] == ("ad_blocker", "found", "high")


def test_a_failing_shop_is_no_blocker() -> None:
    failing = {"script": "blocked", "fetch": "blocked", "script_control": "error", "fetch_control": "error"}

    assert checks(blocker=failing)[0][1] == "unknown"
    assert checks(blocker=None)[0] == ("ad_blocker", "unknown", "low", "untested", 0)


def test_blocked_cookies_are_found_for_sure_and_untested_ones_are_unknown() -> None:
    assert checks(storage="blocked")[1][:3] == ("cookies", "found", "high")
    assert checks(storage="")[1][:3] == ("cookies", "unknown", "low")
