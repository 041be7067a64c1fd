"""A click is looked for where it is young, then where it is old; "not there" is said only when both have answered."""

from dataclasses import dataclass, field, replace

import pytest

from tests.core.factories import CLICK
from tracker.core.click import Click
from tracker.core.click_id import parts
from tracker.errors import StoreUnavailableError
from tracker.store.find_click import FindClick, OldClicks, YoungClicks

OTHERS = replace(CLICK, partner_id="another")


@dataclass
class Young:
    """Valkey: a click, nothing, or away."""

    holds: Click | None = None
    away: bool = False
    backlog: bool = False  # it may still have what is not shipped yet
    asked_for_backlog: int = 0

    async def may_wait(self, _click_id: str) -> bool:
        self.asked_for_backlog += 1
        return self.backlog

    async def find(self, click_id: str, partner_id: str) -> Click | None:
        if self.away:
            raise StoreUnavailableError("Valkey is away")
        known = self.holds is not None and (self.holds.click_id, self.holds.partner_id) == (click_id, partner_id)
        return self.holds if known else None


@dataclass
class Old:
    """ClickHouse, asked with the second that the id names."""

    holds: Click | None = None
    away: bool = False
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def find(self, click_id: str, clicked_at_seconds: int) -> Click | None:
        self.asked.append((click_id, clicked_at_seconds))
        if self.away:
            raise StoreUnavailableError("ClickHouse is away")
        return self.holds if self.holds is not None and self.holds.click_id == click_id else None


def find_click(young: YoungClicks, old: OldClicks, *, journaled: bool = False) -> FindClick:
    return FindClick(young, old, in_journal=lambda _: journaled)


@pytest.mark.parametrize(
    ("young", "old"),
    [
        (Young(CLICK), Old()),
        (Young(CLICK), Old(away=True)),
        (Young(), Old(CLICK)),
        (Young(away=True), Old(CLICK)),
    ],
)
async def test_a_click_that_one_store_has_is_found(young: Young, old: Old) -> None:
    assert await find_click(young, old).find(CLICK.click_id, "lab") == CLICK


async def test_a_young_click_costs_one_lookup() -> None:
    old = Old(CLICK)
    await find_click(Young(CLICK), old).find(CLICK.click_id, "lab")
    assert old.asked == []


async def test_an_old_click_is_looked_for_at_the_second_that_its_id_names() -> None:
    old = Old(CLICK)
    await find_click(Young(), old).find(CLICK.click_id, "lab")
    assert old.asked == [(CLICK.click_id, parts(CLICK.click_id).second)]


@pytest.mark.parametrize("old", [Old(), Old(OTHERS)], ids=["nowhere", "of another partner"])
async def test_a_click_that_neither_has_for_this_partner_is_none(old: Old) -> None:
    assert await find_click(Young(), old).find(CLICK.click_id, "lab") is None


async def test_nobody_says_that_it_is_not_there_while_it_may_wait_to_be_shipped() -> None:
    with pytest.raises(StoreUnavailableError, match="not shipped"):
        await find_click(Young(backlog=True), Old()).find(CLICK.click_id, "lab")


@pytest.mark.parametrize(("young", "old"), [(Young(CLICK), Old()), (Young(), Old(CLICK)), (Young(), Old(OTHERS))])
async def test_what_waits_to_be_shipped_is_asked_for_only_when_neither_has_the_click(young: Young, old: Old) -> None:
    await find_click(young, old).find(CLICK.click_id, "lab")
    assert young.asked_for_backlog == 0


async def test_a_click_that_is_shipped_while_it_is_looked_for_is_found() -> None:
    old = Old()

    class ShippedMeanwhile(Young):
        async def may_wait(self, _click_id: str) -> bool:
            old.holds = CLICK
            return False

    assert await find_click(ShippedMeanwhile(), old).find(CLICK.click_id, "lab") == CLICK


@pytest.mark.parametrize(
    ("young", "old", "who"),
    [
        (Young(away=True), Old(), "Valkey"),
        (Young(), Old(away=True), "ClickHouse"),
        (Young(away=True), Old(away=True), "ClickHouse"),
    ],
)
async def test_nobody_says_that_it_is_not_there_while_a_store_is_away(young: Young, old: Old, who: str) -> None:
    with pytest.raises(StoreUnavailableError, match=f"{who} is away"):
        await find_click(young, old).find(CLICK.click_id, "lab")


async def test_a_click_that_may_be_in_a_journal_is_not_called_unknown() -> None:
    with pytest.raises(StoreUnavailableError, match="journal"):
        await find_click(Young(), Old(), journaled=True).find(CLICK.click_id, "lab")
    assert await find_click(Young(CLICK), Old(), journaled=True).find(CLICK.click_id, "lab") == CLICK


async def test_the_journal_is_asked_before_the_stores_since_a_click_may_move_meanwhile() -> None:
    young = Young()

    def moves_it(_: str) -> bool:
        young.holds = CLICK
        return False

    assert await FindClick(young, Old(), moves_it).find(CLICK.click_id, "lab") == CLICK
