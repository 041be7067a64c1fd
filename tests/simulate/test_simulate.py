"""`tracker simulate` against a whole running tracker on the programme's own partners, and that it can fail."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.running import ROOT, RunningTracker, data_folder
from tracker import app, keys
from tracker.errors import TrackerError
from tracker.partners import secret_names
from tracker.settings import read_settings
from tracker.simulate import browser
from tracker.simulate.looks import LOOKS
from tracker.simulate.run import simulate
from tracker.simulate.shop import Shop, read_shops
from tracker.simulate.traces import Plan

PARTNERS = ROOT / "partners.yaml"
MONEY = ("postbacks", "conversion_revisions", "conversion_lines", "tag_reports", "reconciliation_lines")


@pytest_asyncio.fixture(name="simulated", scope="module", loop_scope="session")
async def simulated_tracker() -> AsyncIterator[tuple[RunningTracker, dict[str, Any]]]:
    """A tracker that has served one run, and what that run found."""
    with data_folder() as data:
        async with RunningTracker(data, partners=PARTNERS) as tracker:
            checks = json.loads(tracker.command("simulate", "--clicks", "300", "--seed", "1", "--json"))
            yield tracker, {check["name"]: check for check in checks}


async def test_everything_is_as_it_must_be(simulated: tuple[RunningTracker, dict[str, Any]]) -> None:
    _, checks = simulated

    assert [name for name, check in checks.items() if not check["passed"]] == []
    assert checks["answers to click-outs"]["found"] >= 300
    assert checks["conversions"]["found"] > 40
    assert checks["ledger accounts"]["found"] > 10
    assert len([name for name in checks if name.startswith("question ")]) == 10


async def test_the_money_tables_of_a_simulated_history_are_rebuilt_with_equal_hashes(
    simulated: tuple[RunningTracker, dict[str, Any]],
) -> None:
    tracker, _ = simulated
    conversions = tracker.query("SELECT * FROM analytics.conversions ORDER BY partner_id, order_id")

    rebuilt = {one["table"]: one for one in json.loads(tracker.command("rebuild", "--json"))}

    assert rebuilt.keys() == {f"tracker.{name}" for name in MONEY}
    assert [name for name, one in rebuilt.items() if one["before"] != one["after"]] == []
    assert all(rebuilt[f"tracker.{name}"]["after"]["rows"] > 40 for name in MONEY[:3])
    assert tracker.query("SELECT * FROM analytics.conversions ORDER BY partner_id, order_id") == conversions
    assert "equal\n" in tracker.command("rebuild")


async def test_on_a_tracker_that_is_not_empty_only_the_run_s_own_rows_can_be_judged(
    simulated: tuple[RunningTracker, dict[str, Any]],
) -> None:
    tracker, _ = simulated

    refused = tracker.try_command("simulate", "--clicks", "50", "--seed", "1")
    assert refused.returncode == 1
    assert "--partial" in refused.stderr

    partial = tracker.command("simulate", "--clicks", "50", "--seed", "2", "--partial")
    assert "conversions" in partial
    assert "ledger" not in partial


async def test_a_rate_that_is_off_by_a_hundredth_of_itself_is_found(
    simulated: tuple[RunningTracker, dict[str, Any]],
) -> None:
    tracker, _ = simulated
    shops = {id_: falsified(shop) for id_, shop in read_shops(PARTNERS).items()}

    checks = await judged(tracker, shops, seed=3)

    assert {name for name, differences in checks.items() if differences} == {"clicks", "conversions"}
    assert any("cashback should be" in difference for difference in checks["conversions"])


async def test_a_limit_that_is_off_by_a_little_is_found(simulated: tuple[RunningTracker, dict[str, Any]]) -> None:
    """The last moment that counts belongs to the ninetieth day."""
    tracker, _ = simulated
    shops = {id_: replace(shop, rules={**shop.rules, "window_days": 89}) for id_, shop in read_shops(PARTNERS).items()}

    checks = await judged(tracker, shops, seed=4, clicks=1000)

    assert "conversions" in {name for name, differences in checks.items() if differences}
    assert any("reasons should be 'late" in difference for difference in checks["conversions"])


async def test_a_browser_that_is_judged_otherwise_is_found(
    simulated: tuple[RunningTracker, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if an ad blocker were only recorded: whoever has one would be sent on, and earn."""
    tracker, _ = simulated
    let_by = LOOKS["blocker"]._replace(found=(), refused=())
    monkeypatch.setattr(browser, "LOOKS", dict(LOOKS))  # what browsers do stays
    monkeypatch.setitem(LOOKS, "blocker", let_by)

    checks = await judged(tracker, read_shops(PARTNERS), seed=5, clicks=600)

    assert {"answers to click-outs", "clicks", "conversions"} <= {name for name, found in checks.items() if found}
    assert any(
        "in turn should be 'checks sent', is 'checks stopped sent'" in told for told in checks["answers to click-outs"]
    )
    assert any("'ad_blocker'" in told for told in checks["clicks"])


async def test_a_programme_that_only_warns_is_none_that_can_be_judged(
    simulated: tuple[RunningTracker, dict[str, Any]],
) -> None:
    tracker, _ = simulated
    rules = {"checks": {"ad_blocker": "warn"}}
    shops = {id_: replace(shop, rules={**shop.rules, **rules}) for id_, shop in read_shops(PARTNERS).items()}

    with pytest.raises(TrackerError, match="refuse"):
        await judged(tracker, shops, seed=6)


async def judged(
    tracker: RunningTracker, shops: dict[str, Shop], *, seed: int, clicks: int = 300
) -> dict[str, tuple[str, ...]]:
    """The differences of each comparison."""
    service = app.simulated_service(read_settings(tracker.environment))
    checks = await simulate(Plan(clicks=clicks, seed=seed, name=f"falsified-{seed}", alone=False), shops, service)
    return {check.name: check.differences for check in checks}


def falsified(shop: Shop) -> Shop:
    """5 % becomes 5.05 %."""
    return replace(shop, terms=tuple((since, {**entry, **_raised(entry)}) for since, entry in shop.terms))


def _raised(entry: Mapping[str, Any]) -> dict[str, str]:
    if "rate" not in entry:
        return {}
    percent = Decimal(entry["rate"].removesuffix("%"))
    return {"rate": f"{percent * Decimal('1.01')}%"}


async def test_without_a_tracker_it_says_so(tmp_path: Path) -> None:
    """Made once, and stopped since."""
    keys.load_or_make(tmp_path, secret_names(PARTNERS))

    done = RunningTracker(tmp_path, partners=PARTNERS).try_command("simulate")

    assert done.returncode == 1
    assert "start `tracker serve` first" in done.stderr
