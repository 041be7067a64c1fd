"""What an operator is told before a reload: each change by partner, no secret's value, and what may be a slip."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tracker.core.partner import (
    Category,
    Notify,
    Origin,
    Partner,
    PostbackProfile,
    Programme,
    Promotion,
    Reward,
    Terms,
    TermsVersion,
)
from tracker.core.programme_changes import dangers, differences, needs_restart

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def rate(percent: str) -> Reward:
    return Reward(rate=Decimal(percent) / 100)


def terms(*entries: Terms, promotions: tuple[Promotion, ...] = ()) -> TermsVersion:
    return TermsVersion(
        "v", "lab", "UTC", 90, Decimal(6), Decimal(1), frozenset({Origin.WEB}), tuple(entries), promotions
    )


FIVE = Terms(datetime(2026, 1, 1, tzinfo=UTC), rate("5"), (("premium", rate("8")),))
LAB = Partner(
    "lab", "LAB", Category.ONLINE_SHOPS, "https://lab.example/?sub={click_id}", "https://lab.example/",
    frozenset({"lab.example"}), frozenset({"RUB"}), PostbackProfile("generic", ("secret-one-of-the-lab",)), terms(FIVE),
)  # fmt: skip
BEFORE = Programme("Demo", "UTC", None, (), {"lab": LAB})


def with_lab(**changes: object) -> Programme:
    return replace(BEFORE, partners={"lab": replace(LAB, **changes)})  # type: ignore[arg-type]


def test_nothing_changed_is_nothing_to_tell() -> None:
    assert differences(BEFORE, BEFORE) == dangers(BEFORE, BEFORE, NOW) == []
    assert not needs_restart(BEFORE, BEFORE)


def test_partners_that_come_and_go_are_named() -> None:
    after = replace(BEFORE, partners={"new": replace(LAB, id="new")})
    assert differences(BEFORE, after) == ["- lab: removed", "+ new: added"]
    assert dangers(BEFORE, after, NOW) == ["lab is removed: its links and postbacks end"]


def test_each_change_of_a_partner_is_a_line_and_no_secret_is_in_it() -> None:
    after = with_lab(
        link="https://elsewhere.example/{click_id}",
        hosts=frozenset({"www.lab.example"}),
        terms=terms(
            FIVE,
            Terms(LATER, rate("6.5"), (("premium", Reward(fixed=Decimal(300))),), Decimal(500), once_per_shopper=True),
            promotions=(Promotion(date(2026, 12, 1), date(2026, 12, 7), rate("7")),),
        ),
        postback=PostbackProfile("admitad", ("secret-two-of-the-lab", "secret-one-of-the-lab")),
    )
    assert differences(BEFORE, after) == [
        "~ lab",
        "    link changed",
        "    hosts: +www.lab.example -lab.example",
        "    terms from 2027-01-01: none -> rate 6.5%, tariff premium 300 rubles, minimum purchase 500, once a shopper",
        "    promotion 2026-12-01 to 2026-12-07, 7%: added",
        "    postback dialect changed",
        "    postback secrets: 1 -> 2, 1 of them as before",
    ]
    assert differences(after, BEFORE)[-3] == "    promotion 2026-12-01 to 2026-12-07, 7%: removed"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (Terms(LATER, rate("10")), []),
        (Terms(LATER, rate("10.1")), ["lab: rate 5% -> 10.1% from 2027-01-01"]),
        (Terms(LATER, rate("2.5")), []),
        (Terms(LATER, rate("2.4")), ["lab: rate 5% -> 2.4% from 2027-01-01"]),
        (Terms(LATER, rate("50")), ["lab: rate 5% -> 50% from 2027-01-01"]),
        (Terms(LATER, Reward(fixed=Decimal(5))), ["lab: rate 5% -> 5 rubles from 2027-01-01"]),
        (Terms(LATER, rate("5"), (("premium", rate("80")),)), ["lab: tariff premium 8% -> 80% from 2027-01-01"]),
    ],
)
def test_a_rate_that_more_than_doubles_or_halves_may_be_a_slip(entry: Terms, told: list[str]) -> None:
    assert dangers(BEFORE, with_lab(terms=terms(FIVE, entry)), NOW) == told


def test_so_may_a_promotion_of_more_than_twice_the_rate() -> None:
    boosts = [Promotion(date(2026, 12, 1), date(2026, 12, 7), rate(percent)) for percent in ("10", "99")]
    after = with_lab(terms=terms(FIVE, promotions=tuple(boosts)))
    assert dangers(BEFORE, after, NOW) == ["lab: rate 5% -> 99% by the promotion of 2026-12-01"]
    assert dangers(after, after, NOW) == []


def test_what_pages_and_notifications_read_once_needs_new_processes() -> None:
    assert needs_restart(BEFORE, replace(BEFORE, name="Other"))
    after = replace(BEFORE, notify=Notify("https://programme.example/", ("whsec_canary",)))
    assert needs_restart(BEFORE, after)
    assert differences(BEFORE, after) == ["~ programme: notify"]
    assert not needs_restart(BEFORE, with_lab(name="L"))
