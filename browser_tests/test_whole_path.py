"""From the banner through the checks page to a demo shop that carries the tag, and to a credited order."""

import json
from typing import Any

import pytest
from playwright.async_api import Playwright

from browser_tests.browser import Browser, Tab, until, until_at
from browser_tests.chromium import ALLOW_THIRD_PARTY, chromium
from browser_tests.conftest import need_firefox
from browser_tests.firefox import STRICT, Firefox, firefox
from browser_tests.ublock import trust
from browser_tests.world import HOST, World


async def buy(tab: Tab) -> str:
    """In the demo shop, from any page of it to the order's. Its number."""
    shop = (await tab.address()).partition("?")[0].rstrip("/")
    await tab.click("form[action='/basket'] button")
    await until_at(tab, f"{shop}/basket")
    await tab.click("form[action='/orders'] button:last-of-type")
    return (await until_at(tab, f"{shop}/orders/")).rpartition("/")[2]


async def reports(world: World, **wanted: str) -> list[dict[str, Any]]:
    """Final ones of the tag, that the tracker took."""

    async def taken() -> list[dict[str, Any]]:
        bodies = [json.loads(one.body) for one in world.proxy.seen("POST", "/tag") if one.status == 204]
        return [one for one in bodies if one["final"] and wanted.items() <= one.items()]

    return await until(taken)


async def all_the_way(world: World, browser: Browser) -> None:
    tab = await browser.open(world.link())
    click_id = await world.until_at_shop(tab)
    [landing] = await reports(world, kind="landing", click=click_id)
    assert landing["tab"] == "same_tab"
    assert landing["blocker"]["fetch"] == landing["blocker"]["script"] == "ok"
    order_id = await buy(tab)
    [confirmation] = await reports(world, kind="confirmation", order=order_id)
    assert (confirmation["tab"], confirmation["click"], confirmation["storage"]) == ("same_tab", click_id, "ok")
    order = await world.order(click_id, order_id=order_id)
    assert (order["cashback"], order["reasons"]) == (50, [])


async def test_the_banner_leads_to_a_credited_order(browser: Browser, world: World) -> None:
    await all_the_way(world, browser)


@pytest.mark.parametrize(
    "preferences", [{"network.cookie.cookieBehavior": 1}, STRICT], ids=["third-party blocked", "strict"]
)
async def test_firefox_needs_no_third_party_cookies(world: World, preferences: dict[str, object]) -> None:
    need_firefox()
    async with firefox(preferences=preferences) as started:
        await all_the_way(world, started)


async def test_chromium_that_allows_third_party_cookies_goes_the_same_way(driver: Playwright, world: World) -> None:
    async with chromium(driver, preferences=ALLOW_THIRD_PARTY) as started:
        await all_the_way(world, started)


async def test_with_ublock_only_our_host_trusted_the_shop_still_tells_and_the_order_arrives(
    ublock: Firefox, world: World
) -> None:
    await trust(ublock, HOST)
    tab = await ublock.open()
    look = await world.look(tab, world.link())
    assert look.sent["blocker"]["fetch"] == look.sent["blocker"]["script"] == "ok", "our page is trusted"
    click_id = await world.until_at_shop(tab)
    [landing] = await reports(world, kind="landing", click=click_id)
    assert landing["blocker"]["fetch"] == landing["blocker"]["script"] == "blocked"
    assert landing["blocker"]["fetch_control"] == landing["blocker"]["script_control"] == "ok"
    order_id = await buy(tab)
    [confirmation] = await reports(world, kind="confirmation", order=order_id)
    assert confirmation["tab"] == "same_tab"
    assert confirmation["blocker"]["fetch"] == "blocked"
    # By default the shop's evidence is recorded only: partners.yaml says what refuses.
    assert (await world.order(click_id, order_id=order_id))["cashback"] == 50

    async def shown() -> list[dict[str, Any]]:
        return await world.query(
            f"SELECT finding, confidence FROM check_outcomes WHERE place = 'tag_confirmation' AND check = 'ad_blocker' "
            f"AND click_id = '{click_id}'"
        )

    assert await until(shown, 30) == [{"finding": "found", "confidence": "high"}]
