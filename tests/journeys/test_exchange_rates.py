"""An order in dollars, from its hold to its cashback, on a running tracker (AE-19)."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg

from tests import browsing
from tests.agents import DESKTOP
from tests.running import RunningTracker, secrets_of

ORDER = "USD-1"


async def dollars(tracker: RunningTracker, at: datetime) -> str:
    """Reports 12.34 dollars paid at the 7 % partner by a new click; the verdict."""
    async with browsing.new_browser(headers={"User-Agent": DESKTOP}) as browser:
        gone = await browsing.click_out(browser, tracker.link("abroad-1", "ali"))
    click_id = gone.location.partition("sub=")[2].partition("&")[0]
    said = {"click_id": click_id, "order_id": ORDER, "status": "approved", "amount": "12.34", "currency": "USD"}
    said["order_time"] = at.isoformat(timespec="seconds")
    async with aiohttp.ClientSession() as client, client.post(tracker.postback_url("ali"), data=said) as answer:
        return str((await answer.json())["verdict"])


async def of_the_order(tracker: RunningTracker, columns: str) -> str:
    connection = await asyncpg.connect(tracker.postgres_dsn)
    try:
        return str(await connection.fetchval(f"SELECT {columns} FROM conversions WHERE order_id = $1", ORDER))
    finally:
        await connection.close()


async def on_the_desk(tracker: RunningTracker) -> str:
    """What staff see of it; there is nothing to release."""
    token = secrets_of(tracker).desk
    address = f"{tracker.url}/desk/order?partner=ali&order={ORDER}&lang=en"
    async with browsing.new_browser() as browser:
        async with browser.get(f"{tracker.url}/desk?token={token}") as opened:
            assert opened.status == 200
        async with browser.get(address) as answer:
            page = await answer.text()
    assert "Release the hold" not in page
    return page


async def test_an_order_in_dollars_is_held_until_its_rate_is_imported(tracker: RunningTracker, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert await dollars(tracker, now) == "decided"
    assert await of_the_order(tracker, "status || cashback || held_by_us[1]") == "pending0rate_missing"

    waits = tracker.try_command("held", "release", "ali", ORDER, "--reason", "it is theirs", "--staff", "Anna")
    assert (waits.returncode, "`tracker rates import` releases it" in waits.stderr) == (1, True)
    assert "12.34 USD" in await on_the_desk(tracker)

    rates = tmp_path / "rates.csv"
    day = now.astimezone(ZoneInfo("Europe/Moscow")).date()
    rates.write_text(f"date;currency;nominal;rubles\n{day:%d.%m.%Y};USD;1;64,50\n")
    assert tracker.command("rates", "import", str(rates)) == (
        "1 rates added, 0 days between them filled; 0 were known.\n"
    )
    assert tracker.command("rates", "list") == f"USD {day}  1 = 64.50 rubles  (rates.csv)\n"
    tracker.command("replay")

    assert await of_the_order(tracker, "status || cashback || hold") == "approved56false"

    rates.write_text(f"date;currency;nominal;rubles\n{day};USD;1;65\n")
    refused = tracker.try_command("rates", "import", str(rates))
    assert (refused.returncode, refused.stderr.partition(" is known as ")[0]) == (
        2, f"rates.csv: line 2: USD of {day}",
    )  # fmt: skip
