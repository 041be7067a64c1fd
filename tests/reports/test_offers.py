"""What a partner's card promises is what a click made now would carry."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.redirect.setting import partner
from tracker.core.partner import Category, Origin, Partner, Promotion, Reward, Terms
from tracker.reports.catalogue.offers import find, offer_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FIVE, SEVEN, TEN = (Reward(rate=Decimal(share) / 100) for share in (5, 7, 10))
FIXED = Reward(fixed=Decimal(300))


def shop(reward: Reward | None, *, promotions: tuple[Promotion, ...] = (), **terms: object) -> Partner:
    plain = partner("lab")
    entry = replace(Terms(datetime(2026, 1, 1, tzinfo=UTC), reward), **terms)  # type: ignore[arg-type] # any of its fields
    return replace(plain, terms=replace(plain.terms, terms=(entry,), promotions=promotions))


def promotion(first: int, last: int, reward: Reward = TEN) -> Promotion:
    return Promotion(date(2026, 11, first), date(2026, 11, last), reward, "Sale")


@pytest.mark.parametrize(
    ("one", "best", "varies", "usual"),
    [
        (shop(FIVE), FIVE, False, None),
        (shop(FIXED), FIXED, False, None),
        (shop(FIVE, tariffs=(("new", SEVEN),)), SEVEN, True, None),
        (shop(None, tariffs=(("a", FIVE), ("b", SEVEN))), SEVEN, True, None),
        (shop(FIVE, tariffs=(("premium", FIXED),)), FIVE, True, None),
        (shop(FIVE, promotions=(promotion(23, 29),)), TEN, False, FIVE),
        (shop(FIVE, tariffs=(("new", SEVEN),), promotions=(promotion(23, 29),)), TEN, False, SEVEN),
        (shop(TEN, promotions=(promotion(23, 29, FIVE),)), TEN, False, None),
        (shop(FIVE, promotions=(promotion(25, 29),)), FIVE, False, None),
    ],
)
def test_the_headline_is_the_best_that_a_line_can_earn_now(
    one: Partner, best: Reward, varies: bool, usual: Reward | None
) -> None:
    offer = offer_of(one, NOW)

    assert (offer.best, offer.varies, offer.usual) == (best, varies, usual)


def test_before_the_first_terms_nothing_is_promised() -> None:
    assert offer_of(shop(FIVE), datetime(2025, 1, 1, tzinfo=UTC)).best is None


@pytest.mark.parametrize(
    ("now", "running", "coming"),
    [
        ("2026-11-08T20:59:59Z", 0, 0),  # Moscow's 8 November: fifteen days before
        ("2026-11-08T21:00:00Z", 0, 1),
        ("2026-11-22T20:59:59Z", 0, 1),
        ("2026-11-22T21:00:00Z", 1, 0),
        ("2026-11-29T20:59:59Z", 1, 0),
        ("2026-11-29T21:00:00Z", 0, 0),
    ],
)
def test_a_promotion_is_announced_and_runs_by_moscow_days(now: str, running: int, coming: int) -> None:
    offer = offer_of(shop(FIVE, promotions=(promotion(23, 29),)), datetime.fromisoformat(now))

    assert (len(offer.running), len(offer.coming)) == (running, coming)


def test_which_orders_earn_is_the_partner_s_list_of_origins() -> None:
    assert not offer_of(partner("lab"), NOW).app_orders_earn
    assert offer_of(partner("ali", *Origin), NOW).mobile_orders_earn


@pytest.mark.parametrize(
    ("text", "found"),
    [("", 3), ("лаб", 1), ("ЛАБИРИНТ", 1), ("перекресток", 1), ("shop lab", 0), ("piz", 1), ("%", 0)],
)
def test_search_finds_every_word_in_any_case_and_with_e_for_yo(text: str, found: int) -> None:
    shops = [("labirint", "Лабиринт"), ("perekrestok", "Перекрёсток"), ("piz", "Пицца")]
    offers = [offer_of(replace(partner("lab"), id=id_, name=name), NOW) for id_, name in shops]

    assert len(find(offers, text=text)) == found
    assert find(offers, text=text, category=Category.TRAVEL) == []
