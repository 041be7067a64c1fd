"""The simulator's own expectation against programme.md's examples, by their ids: it may not be right by agreeing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tracker.simulate.deal import Deal, Reward
from tracker.simulate.looks import LOOKS
from tracker.simulate.outcome import Clicked, Outcome, Said, first_rewarded, outcome
from tracker.simulate.verdicts import verdicts

C1 = int(datetime(2019, 3, 1, 12, tzinfo=UTC).timestamp())
DAY_90 = int(datetime(2019, 5, 30, 12, tzinfo=UTC).timestamp())
EVERYWHERE = frozenset({"web", "mobile_web", "app"})


def deal(
    rate: str = "0.05",
    *,
    fixed: str | None = None,
    minimum: str = "0",
    tariffs: dict[str, Reward] | None = None,
    boosts: tuple[str, ...] = (),
    origins: frozenset[str] = frozenset({"web"}),
) -> Deal:
    return Deal(
        reward=Reward(fixed=Decimal(fixed)) if fixed else Reward(rate=Decimal(rate)),
        tariffs=tariffs or {},
        promotions=tuple(Reward(rate=Decimal(boost)) for boost in boosts),
        minimum_purchase=Decimal(minimum),
        minimum_cashback=Decimal(1),
        origins=origins,
        session_seconds=6 * 3600,
        window_days=90,
        once_per_shopper=fixed is not None,
    )


LAB, PIZ, TRV, LEI = deal(), deal("0.10", minimum="1000"), deal("0.145"), deal("0.50")
ALI, BNK = deal("0.07", origins=EVERYWHERE), deal(fixed="300")
TWO = deal(tariffs={"a": Reward(rate=Decimal("0.05")), "b": Reward(rate=Decimal("0.02"))})


def goods(rubles: str | None, status: str = "approved", *, at: int = C1 + 60, **more: object) -> Said:
    said = Said(at=at, status=status, goods=None if rubles is None else Decimal(rubles), click="c1")
    return said._replace(**more)  # type: ignore[arg-type]


def stands(promised: Deal, *said: Said, phone: bool = False) -> Outcome:
    return outcome(said, {"c1": Clicked("c1", C1, "shopper-1", phone, promised), "c9": CLICK_OF_ANOTHER})


CLICK_OF_ANOTHER = Clicked("c9", C1 - 3600, "shopper-9", phone=False, deal=LAB)


@dataclass(frozen=True)
class Example:
    id: str
    promised: Deal
    said: tuple[Said, ...]
    cashback: int
    reasons: str = ""
    status: str = "approved"


EXAMPLES = (
    Example("AE-01", LAB, (goods("1000.00"),), 50),
    Example("AE-03", LAB, (goods("2489.80"),), 124),
    Example("AE-04", LAB, (goods("2490.00"),), 125),
    Example("AE-05", LAB, (goods("2490.20"),), 125),
    Example("AE-06", LAB, (goods("50.00"),), 3),
    Example("AE-07", TRV, (goods("100.00"),), 15),
    Example("AE-08", LAB, (goods("10.00"),), 0, "below_minimum"),
    Example("AE-09 0.51", LAB, (goods("10.20"),), 0, "below_minimum"),
    Example("AE-09 0.999", LAB, (goods("19.98"),), 0, "below_minimum"),
    Example("AE-10 1.00", LAB, (goods("20.00"),), 1),
    Example("AE-10 1.49", LAB, (goods("29.80"),), 1),
    Example("AE-10 1.50", LAB, (goods("30.00"),), 2),
    Example("AE-11", LAB, tuple(goods("9.00", line=str(n), at=C1 + n) for n in range(10)), 5),
    Example("AE-12", TWO, (goods("333.00", line="1", tariff="a"), goods("250.00", line="2", tariff="b")), 22),
    Example("AE-13", LAB, (goods("1500.00"),), 75),
    Example("AE-14 below", PIZ, (goods("999.99"),), 0, "below_min_purchase"),
    Example("AE-14 equal", PIZ, (goods("1000.00"),), 100),
    Example("AE-15", PIZ, (goods("900.00"),), 0, "below_min_purchase"),
    Example("AE-16", BNK, (goods(None),), 300),
    Example("AE-18", LEI, (goods("4000.00"),), 2000),
    Example("AE-21", LAB, (goods("1000.00", at=DAY_90),), 50),
    Example("AE-22", LAB, (goods("1000.00", at=DAY_90 + 1),), 0, "late"),
    Example("AE-23", LAB, (goods("1000.00", at=DAY_90 + 2400, ordered_at=C1 + 2400),), 50),
    Example("AE-23 late", LAB, (goods("1000.00", at=DAY_90 + 2401, ordered_at=C1 + 2400),), 0, "late"),
    Example("AE-25", LAB, (goods("1000.00", "pending"), goods("1000.00", at=DAY_90 + 86_400)), 0, "late"),
    Example("AE-26", LAB, (goods("1000.00"), goods(None, "declined", at=C1 + 120 * 86_400)), 0, status="declined"),
    Example("AE-27", LAB, (goods("1000.00", origin="app"),), 0, "partner_app"),
    Example("AE-28", ALI, (goods("1000.00", origin="app"),), 70),
    Example("AE-29 LAB", LAB, (goods("1000.00", origin="mobile_web"),), 0, "partner_mobile_version"),
    Example("AE-29 ALI", ALI, (goods("1000.00", origin="mobile_web"),), 70),
    Example("AE-41", LAB, (goods("1000.00", ordered_at=C1 + 6 * 3600),), 50),
    Example("AE-41 after", LAB, (goods("1000.00", ordered_at=C1 + 6 * 3600 + 1),), 0, "session_ended"),
    Example("AE-46", LAB, (goods("1000.00"), goods("1200.00", at=C1 + 90)), 60),
    Example("AE-47", LAB, (goods("1050.00"), goods("50.00", at=C1 + 90)), 3),
    Example("AE-48", LAB, (goods("1050.00"), goods("10.00", at=C1 + 90)), 0, "below_minimum"),
    Example("AE-49", LAB, (goods("1050.00"), goods(None, "declined", at=C1 + 90)), 0, status="declined"),
    Example("AE-50", PIZ, (goods("1400.00"), goods("900.00", at=C1 + 90)), 0, "below_min_purchase"),
    Example("AE-52", LAB, (goods("1000.00", at=C1 + 300), goods("1000.00", "pending")), 50),
    Example("AE-54", LAB, (goods("1000.00"), goods("1000.00", at=C1 + 90, click="c9")), 50),
    Example("AE-55", LAB, (goods("1000.00", "declined"), goods(None, at=C1 + 90)), 50),
    Example("AE-57", deal(boosts=("0.10",)), (goods("1000.00"),), 100),
    Example("AE-59", deal(boosts=("0.08", "0.10")), (goods("1000.00"),), 100),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_it_expects_what_the_example_says(example: Example) -> None:
    expected = stands(example.promised, *example.said)

    assert (expected.cashback, " ".join(expected.reasons), expected.status) == (
        example.cashback, example.reasons, example.status,
    )  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_arrival_does_not_matter(example: Example) -> None:
    assert stands(example.promised, *reversed(example.said)) == stands(example.promised, *example.said)


def test_ae_17_the_reward_of_a_target_action_is_paid_once_a_shopper() -> None:
    clicks = {"c1": Clicked("c1", C1, "shopper-1", phone=False, deal=BNK)}

    assert first_rewarded({"first": [goods(None)], "second": [goods(None, at=C1 + 90)]}, clicks) == {"second"}
    assert first_rewarded({"first": [goods(None, "declined")], "second": [goods(None, at=C1 + 90)]}, clicks) == set()


def test_ae_31_an_order_of_a_phone_without_an_origin_is_flagged_and_paid() -> None:
    expected = stands(LAB, goods("1000.00", ordered_at=C1), phone=True)

    assert (expected.cashback, expected.flags) == (50, frozenset({"origin_unverified"}))


def test_ae_43_an_order_with_a_changed_click_id_belongs_to_nobody() -> None:
    expected = stands(LAB, goods("1000.00", click=None, problem="bad_signature"))

    assert (expected.click_id, expected.cashback, expected.reasons) == ("", 0, frozenset({"bad_signature"}))


def test_ae_45_and_52_and_54_what_is_said_of_each_message() -> None:
    clicks = {"c1": Clicked("c1", C1, "shopper-1", phone=False, deal=LAB), "c9": CLICK_OF_ANOTHER}
    pending, approved = goods("1000.00", "pending"), goods("1000.00", at=C1 + 90)
    claim = approved._replace(at=C1 + 120, click="c9")

    assert verdicts([approved, approved, pending, claim], clicks) == ["decided", "duplicate", "outdated", "order_taken"]


def test_an_event_that_is_told_again_counts_once_and_for_its_own_click_alone() -> None:
    clicks = {"c1": Clicked("c1", C1, "shopper-1", phone=False, deal=LAB), "c9": CLICK_OF_ANOTHER}
    first, theirs = goods("20.00"), goods("20.00", "declined", at=C1 + 61, event="e1", click="c9")
    declined = goods(None, "declined", at=C1 + 62, event="e1", click=None)

    assert verdicts([theirs, declined, first], clicks) == ["decided", "outdated", "decided"]
    assert outcome([theirs, declined, first], clicks).status == "declined"
    assert verdicts([first, declined, declined._replace(at=C1 + 90)], clicks)[-1] == "duplicate"


@pytest.mark.parametrize(
    ("ordered_at", "reasons"),
    [
        (C1 + 600, set()),
        (C1 + 601, {"second_tab"}),
        (C1 + 6 * 3600 + 1, {"second_tab", "session_ended"}),
        (None, set()),
    ],
)
def test_ae_39_an_order_placed_after_another_tab_started_over_earns_nothing(
    ordered_at: int | None, reasons: set[str]
) -> None:
    click = Clicked("c1", C1, "shopper-1", phone=False, deal=LAB, superseded_at=C1 + 600)
    expected = outcome([goods("1000.00", ordered_at=ordered_at)], {"c1": click})

    assert (set(expected.reasons), expected.cashback) == (reasons, 0 if reasons else 50)


@pytest.mark.parametrize(
    ("look", "refusals"),
    [
        ("blocker", {"ad_blocker"}),  # AE-33
        ("blocker_off", set()),  # AE-34
        ("no_cookies", {"cookies_blocked"}),  # AE-35
        ("private", {"private_mode"}),  # AE-36
        ("unsure", set()),  # AE-37
        ("maybe_private", set()),
        ("started_over", set()),
        ("second_anyway", {"second_tab"}),
        ("no_script", {"not_checked"}),
    ],
)
def test_ae_33_to_37_what_a_browser_shows_is_known_to_cost_the_cashback_or_not(look: str, refusals: set[str]) -> None:
    click = Clicked("c1", C1, "shopper-1", phone=False, deal=LAB, refusals=frozenset(LOOKS[look].loses))
    expected = outcome([goods("1000.00")], {"c1": click})

    assert (set(expected.reasons), expected.cashback) == (refusals, 0 if refusals else 50)


def test_a_message_that_finds_the_click_of_an_unmatched_order_is_news_although_its_event_was_told() -> None:
    clicks = {"c1": Clicked("c1", C1, "shopper-1", phone=False, deal=LAB)}
    forged = goods("1000.00", event="e1", click=None, problem="bad_signature")
    found = forged._replace(at=C1 + 90, click="c1", problem="")

    assert verdicts([forged, found], clicks) == ["bad_signature", "decided"]
    assert outcome([forged, found], clicks).click_id == "c1"


def test_whoever_names_another_click_takes_no_order_although_its_event_was_told() -> None:
    clicks = {"c1": Clicked("c1", C1, "shopper-1", phone=False, deal=LAB), "c9": CLICK_OF_ANOTHER}
    told = goods("1000.00", event="e1", at=C1 + 90, click=None)
    claim = told._replace(at=C1 + 120, click="c9")

    assert verdicts([goods("1000.00", "pending"), told, claim], clicks)[-1] == "order_taken"


def test_a_hold_that_is_released_after_the_window_is_not_late() -> None:
    held = goods("1000.00", "pending", hold=True, at=C1 + 86_400)
    released = goods(None, hold=False, at=DAY_90 + 86_400)

    assert stands(LAB, held, released).cashback == 50


def test_after_the_window_returns_count_and_increases_do_not() -> None:
    approved = goods("1000.00")

    assert stands(LAB, approved, goods("1500.00", at=DAY_90 + 86_400)).cashback == 50
    assert stands(LAB, approved, goods("500.00", at=DAY_90 + 86_400)).cashback == 25


def test_an_order_much_older_than_its_click_is_held() -> None:
    assert not stands(LAB, goods("1000.00", ordered_at=C1 - 300)).hold
    assert stands(LAB, goods("1000.00", ordered_at=C1 - 301)).hold
