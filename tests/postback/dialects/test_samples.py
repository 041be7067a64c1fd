"""docs/samples: networks whose postback is not published, as partners of the generic dialect."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.postback.dialects.setting import tried
from tracker.core.partner import Partner
from tracker.partners import Sources, load_programme
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import FIELDS
from tracker.postback.refusal import Refusal
from tracker.postback.request import RawRequest, fields

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "samples"
SAMPLES = sorted(FOLDER.glob("*.yaml"))
SOURCES = Sources({}, dict.fromkeys(DIALECTS, FIELDS), {})
CLICKED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)

each = pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])


@cache
def partner(name: str) -> Partner:
    (found,) = load_programme(FOLDER / f"{name}.yaml", SOURCES).partners.values()
    return found


def told(name: str, *requests: str) -> dict[str, Any]:
    return tried(partner(name), *requests, clicked_at=CLICKED_AT)


def asked(path: Path) -> str:
    """The request that the sample itself suggests to try."""
    found = re.search(r"^# Try: (\S+)$", path.read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


@each
def test_a_sample_says_first_that_it_is_unverified(path: Path) -> None:
    text = path.read_text()

    assert text.startswith("# UNVERIFIED sample: ")
    assert "# Not known: " in text
    assert "# Enter at the network: ADDRESS?" in text


@each
def test_a_sample_loads_and_reads_the_request_that_it_suggests(path: Path) -> None:
    printed = told(path.stem, asked(path))

    assert partner(path.stem).id == path.stem
    assert printed["click_id"] is not None
    assert (printed["cashback"], printed["status"] in ("pending", "approved")) == (50, True)
    assert (printed["http_status"], printed["reply"], printed["reasons"]) == (200, "OK", [])


STATUSES = [
    (path.stem, theirs, ours) for path in SAMPLES for theirs, ours in partner(path.stem).postback.statuses if theirs
]


@pytest.mark.parametrize(("name", "theirs", "ours"), STATUSES)
def test_every_status_word_of_a_sample(name: str, theirs: str, ours: str) -> None:
    parameter = dict(partner(name).postback.mapping).get("status", ("status",))[0]
    sent = re.sub(rf"(?<=&){parameter}=[^&]+", "", asked(FOLDER / f"{name}.yaml"))

    printed = told(name, f"{sent}&{parameter}={theirs.upper().replace(' ', '+')}")

    status, *more = ours.split("+")
    assert (printed["status"], printed["hold"], printed["settled"]) == (status, "hold" in more, "settled" in more)


@each
def test_an_unknown_word_of_a_sample_never_approves(path: Path) -> None:
    parameter = dict(partner(path.stem).postback.mapping).get("status", ("status",))[0]
    sent = re.sub(rf"(?<=&){parameter}=[^&]+", "", asked(path))

    assert told(path.stem, f"{sent}&{parameter}=zx81")["status"] == "pending"


def aliexpress(**said: str) -> str:
    basic = {"custom_parameters": "%7B%22dp%22%3A%22{click_id}%22%7D", "parent_order_number": "8100"}
    return "&".join(f"{name}={value}" for name, value in (basic | {"settled_currency": "RUB"} | said).items())


def test_aliexpress_counts_in_cents_and_takes_what_is_left_on_receipt() -> None:
    paid = aliexpress(sub_order_id="8101", order_status="Payment+Completed", paid_amount="120050")
    received = aliexpress(
        sub_order_id="8101", order_status="Buyer+Confirmed+Receipt", paid_amount="120050", finished_amount="100000"
    )
    other = aliexpress(sub_order_id="8102", order_status="Buyer+Confirmed+Receipt", finished_amount="50000")

    first, last = told("aliexpress", paid), told("aliexpress", paid, received)
    both = told("aliexpress", paid, received, other)

    assert (first["status"], first["base"], first["cashback"]) == ("pending", "1200.50", 60)
    assert (last["status"], last["base"], last["cashback"]) == ("approved", "1000.00", 50)
    assert (both["order_id"], both["base"], both["cashback"]) == ("8100", "1500.00", 75)


def test_appsflyer_may_send_an_event_twice() -> None:
    sent = asked(FOLDER / "appsflyer.yaml")

    assert "duplicate" in told("appsflyer", sent, sent)["reasons"]


@pytest.mark.parametrize(
    ("event", "code"),
    [("", None), ("%7Bconversion_event_json%7D", "macro"), ("(event_value)", "macro"), ("%7Bbroken", "unparseable")],
)
def test_an_event_that_is_empty_or_not_filled_in_is_no_broken_one(event: str, code: str | None) -> None:
    printed = told("appmetrica", f"click_id={{click_id}}&event={event}&order_id=ORD-77&revenue=1000")

    assert printed["reasons"] == ([code] if code else [])
    assert printed["base"] == ("0" if code else "1000")
    assert printed["http_status"] == (400 if code == "unparseable" else 200)


def test_half_a_character_in_an_event_is_not_read() -> None:
    half = RawRequest("POST", "", "application/json", b'{"event": "\\ud800", "order_id": "1"}')
    found = fields(half, "event")

    assert isinstance(found, Refusal)
    assert found.code == "unparseable"


def test_an_order_of_an_app_earns_only_where_apps_do() -> None:
    found = partner("adjust")
    on_the_web = replace(
        found, terms=replace(found.terms, origins=frozenset({next(iter(partner("epn").terms.origins))}))
    )

    printed = tried(on_the_web, asked(FOLDER / "adjust.yaml"), clicked_at=CLICKED_AT)

    assert (printed["reasons"], printed["cashback"]) == (["partner_app"], 0)


def test_every_sample_is_listed() -> None:
    listed = re.findall(r"^\| \[[^\]]+\]\(([a-z]+)\.yaml\)", (FOLDER / "README.md").read_text(), re.MULTILINE)

    assert listed == [path.stem for path in SAMPLES]
