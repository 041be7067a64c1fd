"""The same seed plans the same traffic, and the traffic is what shoppers and partners really do."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from tests.running import ROOT
from tracker.errors import TrackerError
from tracker.simulate.clicks import PlannedClick, plan_visits
from tracker.simulate.looks import LOOKS
from tracker.simulate.orders import Planner, Sending, second_of
from tracker.simulate.outcome import Clicked
from tracker.simulate.questions import ANSWERS, read_questions
from tracker.simulate.shop import read_shops

SHOPS = read_shops(ROOT / "partners.yaml")
NOON = 1_795_521_600  # 24 November 2026, 12:00 UTC


def clicks(seed: int, number: int = 2000) -> list[PlannedClick]:
    random = Random(seed)  # noqa: S311 - it must be repeatable
    return [click for visit in plan_visits(random, list(SHOPS.values()), number, "run") for click in visit]


def sendings(seed: int, number: int = 2000) -> list[Sending]:
    """As if every click had been sent on at noon."""
    planner = Planner(seed, "run", SHOPS)
    found: list[Sending] = []
    for click in clicks(seed, number):
        made = Clicked(f"c{click.number:029}", NOON, click.shopper, click.phone, SHOPS[click.partner_id].deal_at(NOON))
        found += planner.sendings(click, made)
    return found


def test_a_seed_plans_the_same_clicks_and_orders_again_and_another_one_does_not() -> None:
    assert clicks(1) == clicks(1)
    assert sendings(1) == sendings(1)
    assert clicks(1) != clicks(2)
    assert sendings(1) != sendings(2)


def test_there_are_as_many_clicks_as_asked_for_each_with_a_number_of_its_own() -> None:
    planned = clicks(1, 1000)

    assert 1000 <= len(planned) <= 1001  # the last one may be a double click
    assert [click.number for click in planned] == list(range(1, len(planned) + 1))


def test_nobody_clicks_twice_by_chance() -> None:
    once = [click for click in clicks(1, 5000) if click.shopper and not click.after]
    visitors = Counter((click.shopper, click.agent, click.partner_id) for click in once)

    assert max(visitors.values()) == 1


def test_every_look_of_a_browser_is_planned_and_a_second_tab_is_of_the_same_browser_and_partner() -> None:
    planned = clicks(1, 5000)
    others = [(before, click) for before, click in pairwise(planned) if not LOOKS[click.look].same_tab]

    assert {click.look for click in planned} == LOOKS.keys()
    assert len(others) > 50
    for before, click in others:
        assert (before.shopper, before.agent, before.partner_id) == (click.shopper, click.agent, click.partner_id)
        assert LOOKS[before.look].goes


def test_some_shoppers_click_much_more_than_most() -> None:
    counts = sorted(Counter(click.shopper for click in clicks(1, 5000) if click.shopper).values())

    assert counts[-1] >= 5 * counts[len(counts) // 2]


def test_orders_come_repeated_in_disorder_and_all_at_once() -> None:
    planned = [sending.order for sending in sendings(1, 5000)]

    assert any(len(order.arrivals) > len(set(order.arrivals)) for order in planned)
    assert any([said.at for said in order.arrivals] != sorted(said.at for said in order.arrivals) for order in planned)
    assert any(order.at_once for order in planned)


def test_a_repetition_is_the_same_request() -> None:
    for sending in sendings(1):
        for said, message in zip(sending.order.arrivals, sending.messages, strict=True):
            first = sending.order.arrivals.index(said)
            assert sending.messages[first] == message


def test_every_partner_is_promised_what_its_file_says() -> None:
    lamoda = SHOPS["lamoda"].deal_at(NOON)

    assert lamoda.reward.rate is not None
    assert f"{lamoda.reward.rate:f}" == "0.04"
    assert [f"{boost.rate:f}" for boost in lamoda.promotions] == ["0.1"]
    assert SHOPS["lamoda"].deal_at(NOON + 7 * 86_400).promotions == ()


def test_a_click_id_names_its_second() -> None:
    """The vector in tracker/core/click_id.py: version and key, then second, shard and random bits, then the MAC."""
    assert second_of("sd5avj00180000c1sjykmyet5bz23t") == 1_767_225_600


def test_every_question_of_the_analysts_page_has_an_answer_to_compare_with() -> None:
    assert read_questions().keys() == ANSWERS.keys()


def test_a_question_that_nobody_can_answer_is_told(tmp_path: Path) -> None:
    page = tmp_path / "analysts.md"
    page.write_text("```sql\n-- question: meaning-of-life\nSELECT 42\n```\n")

    with pytest.raises(TrackerError, match="meaning-of-life"):
        read_questions(page)
