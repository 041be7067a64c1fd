"""A partner's own page without a server: the fixes, the checklist, and messages in words."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest

from tests.postback.setting import partner
from tracker.core.listed import KeptMessage, RoundTrip
from tracker.core.partner import Amounts, Partner, Reward
from tracker.core.reasons import Flag, MessageCode, Reason
from tracker.postback.status_words import is_known
from tracker.reports.partner.checklist import Item, State, checklist, is_whole
from tracker.reports.partner.fixes import DECIDED, FIXES, fixes_of
from tracker.reports.partner.texts import TEXTS
from tracker.reports.partner.verdicts import VERDICTS
from tracker.reports.partner.views import LONGEST_SHOWN, Words

NOW = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)
WHOLE = RoundTrip(
    reached=True, tested=True, matched=True, decided=True, approved=True, taken_back=True, sum_stated=True,
    status_stated=True,
)  # fmt: skip
MESSAGE = KeptMessage(
    postback_id="0199", received_at=NOW, partner_id="lab", method="GET", query="order_id=A-1", body=b"",
    verdict="decided", reasons=(), http_status=200, order_id="A-1", note="", status="approved", hold=False,
)  # fmt: skip


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_code_has_its_fix_and_is_a_sentence(language: str) -> None:
    codes = {DECIDED, *map(str, (*Reason, *Flag, *MessageCode))}
    assert FIXES[language].keys() == codes
    assert [said for said in FIXES[language].values() if not re.fullmatch(r"\S.*[^.]\.", said)] == []
    assert len(set(FIXES[language].values())) == len(codes)


@pytest.mark.parametrize(
    ("verdict", "reasons", "codes"),
    [
        (DECIDED, (), [DECIDED]),
        (DECIDED, ("late", "partner_app"), ["late", "partner_app"]),
        ("amount_bad", ("amount_bad",), ["amount_bad"]),
        ("unknown_click", ("below_minimum",), ["unknown_click", "below_minimum"]),
        ("of_a_newer_version", (), ["of_a_newer_version"]),
    ],
)
def test_a_verdict_is_explained_by_every_code_of_it(verdict: str, reasons: tuple[str, ...], codes: list[str]) -> None:
    assert [code for code, _ in fixes_of(verdict, reasons, "ru")] == codes


def test_every_verdict_has_words_of_its_own() -> None:
    for words in VERDICTS.values():
        assert words.keys() == {DECIDED, *map(str, MessageCode)}
        assert len(set(words.values())) == len(words)


def test_a_partner_whose_messages_are_signed_is_not_told_to_open_its_address() -> None:
    words = Words(TEXTS["en"], "en", "Europe/Moscow")
    shown = words.checklist(checklist(LAB, RoundTrip(), KNOWN), signed=True)
    assert [one["advice"] for one in shown[:2]] == [TEXTS["en"].test_signed] * 2


LAB = partner()
KNOWN = partial(is_known, LAB)
FIXED = replace(LAB, terms=replace(LAB.terms, terms=(replace(LAB.terms.terms[0], reward=Reward(fixed=Decimal(300))),)))
GROSS = partner(amounts=Amounts(include_delivery=True))


@pytest.mark.parametrize(
    ("who", "trip", "item", "state"),
    [
        (LAB, RoundTrip(), Item.REACHED, State.OPEN),
        (LAB, WHOLE, Item.TAKEN_BACK, State.DONE),
        (LAB, RoundTrip(), Item.SUMS, State.OPEN),
        (FIXED, RoundTrip(), Item.SUMS, State.NEEDLESS),
        (FIXED, WHOLE, Item.SUMS, State.DONE),
        (GROSS, replace(WHOLE, sum_refused=True), Item.SUMS_AND_DELIVERY, State.WRONG),
        (LAB, RoundTrip(), Item.STATUSES, State.OPEN),
        (LAB, replace(WHOLE, unknown_statuses=("новый",)), Item.STATUSES, State.WRONG),
        (LAB, RoundTrip(unknown_statuses=("Approved",)), Item.STATUSES, State.DONE),  # it was told what that means
    ],
)
def test_each_item_of_the_checklist_is_what_was_shown(who: Partner, trip: RoundTrip, item: Item, state: State) -> None:
    assert {one.item: one.state for one in checklist(who, trip, KNOWN)}[item] is state


def test_the_integration_is_done_when_nothing_is_open_or_wrong() -> None:
    assert is_whole(checklist(LAB, WHOLE, KNOWN))
    assert not is_whole(checklist(LAB, replace(WHOLE, approved=False), KNOWN))
    assert is_whole(checklist(FIXED, replace(WHOLE, sum_stated=False), KNOWN))


@pytest.mark.parametrize(
    ("message", "name", "said"),
    [
        (MESSAGE, "at", "24 ноября, 15:30:05"),
        (MESSAGE, "status", "подтверждён"),
        (replace(MESSAGE, hold=True), "status", "подтверждён, удержан"),
        (MESSAGE, "look", "good"),
        (replace(MESSAGE, verdict="duplicate", reasons=("duplicate",)), "look", "good"),
        (replace(MESSAGE, reasons=("late",)), "look", "warn"),
        (replace(MESSAGE, flags=("order_time_unknown",)), "look", "good"),
        (replace(MESSAGE, flags=("amount_missing",)), "look", "warn"),
        (replace(MESSAGE, unknown_status="новый"), "look", "warn"),
        (replace(MESSAGE, reasons=("no_shopper", "late")), "fixes", fixes_of(DECIDED, ["late", "no_shopper"], "ru")),
        (replace(MESSAGE, verdict="amount_bad", http_status=422), "look", "bad"),
        (replace(MESSAGE, verdict="failed", note="KeyError: 'secret'"), "note", ""),
        (replace(MESSAGE, body=b"\xff" * 5000), "body", "\ufffd" * LONGEST_SHOWN + "…"),
    ],
)
def test_a_message_is_shown_in_words(message: KeptMessage, name: str, said: object) -> None:
    shown = Words(TEXTS["ru"], "ru", "Europe/Moscow").message(message)
    assert str(shown[name]).replace("\u00a0", " ") == str(said)
