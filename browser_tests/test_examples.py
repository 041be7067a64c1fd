"""programme.md section 4, "Click-out and session", as a shopper's own browser goes through it: AE-33 to AE-42."""

import time
from datetime import UTC, datetime, timedelta

from playwright.async_api import Playwright

from browser_tests.browser import Browser, Tab, until
from browser_tests.chromium import BLOCK_COOKIES as CHROMIUM_BLOCKS_COOKIES
from browser_tests.chromium import STAND_IN_BLOCKER, chromium, until_stand_in_blocks
from browser_tests.conftest import need_firefox
from browser_tests.firefox import BLOCK_COOKIES as FIREFOX_BLOCKS_COOKIES
from browser_tests.firefox import Firefox, firefox
from browser_tests.pages import Pages
from browser_tests.processes import profile_folder
from browser_tests.proxy import Fault
from browser_tests.ublock import trust
from browser_tests.world import HOST, World
from tracker.core.click_id import parts
from tracker.redirect.ask_browser import UNDER_WAY_SECONDS as UNDER_WAY

YANDEX = (
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 YaBrowser/26.10.0.0 Safari/537.36"
)


async def refused_until_without(world: World, tab: Tab, banner: str, reason: str) -> str:
    """The page stops; "continue without cashback" leads on, and the order earns nothing. Returns the page's words."""
    await tab.goto(world.link(banner=banner))
    words = await world.until_stopped(tab)
    await tab.shot(f"{banner}")
    assert await tab.run("return !!document.querySelector('#result [data-act=check]')"), "Retry is offered"
    await tab.click("#result [data-act=anyway]")
    click_id = await world.until_at_shop(tab)
    order = await world.order(click_id)
    assert (order["cashback"], order["reasons"]) == (0, [reason])
    stopped, went = await world.clicks(banner, 2)
    assert (stopped["outcome"], went["outcome"]) == ("stopped", "go")
    assert stopped["refusals"] == went["refusals"] == [reason]
    assert went["click_id"] == click_id
    return words


async def test_ae_33_an_ad_blocker_is_told_before_leaving(ublock: Firefox, world: World) -> None:
    words = await refused_until_without(world, await ublock.open(), "ae-33", "ad_blocker")
    assert "Firefox" in words
    assert "uBlock Origin" in words


async def test_ae_33_a_stand_in_for_a_blocker_in_chromium_as_yandex_browser(
    driver: Playwright, world: World, pages: Pages
) -> None:
    async with chromium(driver, extensions=[STAND_IN_BLOCKER], switches=[YANDEX]) as started:
        await until_stand_in_blocks(started, pages)
        words = await refused_until_without(world, await started.open(), "ae-33-stand-in", "ad_blocker")
    assert "Yandex Browser" in words


async def test_ae_34_the_blocker_is_switched_off_and_retry_leads_on(ublock: Firefox, world: World) -> None:
    tab = await ublock.open(world.link(banner="ae-34"))
    await world.until_stopped(tab)
    await trust(ublock, HOST)
    # It takes effect within a moment of being told.
    click_id = await retry_until_at_shop(world, tab)
    order = await world.order(click_id)
    assert (order["cashback"], order["reasons"]) == (50, [])


async def test_ae_34_the_stand_in_is_switched_off_in_chromium(driver: Playwright, world: World, pages: Pages) -> None:
    async with chromium(driver, extensions=[STAND_IN_BLOCKER]) as started:
        await until_stand_in_blocks(started, pages)
        tab = await started.open(world.link(banner="ae-34-stand-in"))
        await world.until_stopped(tab)
        await started.ask_extension(
            "blocker.js", "() => chrome.declarativeNetRequest.updateEnabledRulesets({disableRulesetIds: ['rules']})"
        )
        order = await world.order(await retry_until_at_shop(world, tab))
    assert (order["cashback"], order["reasons"]) == (50, [])


async def test_ae_35_blocked_cookies_are_told_before_leaving(driver: Playwright, world: World) -> None:
    need_firefox()
    async with chromium(driver, preferences=CHROMIUM_BLOCKS_COOKIES) as started:
        await refused_until_without(world, await started.open(), "ae-35-chromium", "cookies_blocked")
    async with firefox(preferences=FIREFOX_BLOCKS_COOKIES) as other:
        await refused_until_without(world, await other.open(), "ae-35-firefox", "cookies_blocked")


async def test_ae_36_a_private_window_is_told_before_leaving(world: World) -> None:
    need_firefox()
    async with firefox() as started:
        await refused_until_without(world, await started.open(private=True), "ae-36", "private_mode")


async def test_ae_37_what_cannot_be_decided_does_not_refuse(shared: Browser, world: World) -> None:
    banner = f"ae-37-{shared.name}"
    tab = await shared.open()
    with world.proxy.broken("/checks/control", Fault(status=500)):
        await tab.goto(world.link(banner=banner))
        click_id = await world.until_at_shop(tab)
    order = await world.order(click_id)
    assert (order["cashback"], order["reasons"]) == (50, [])
    [click] = await world.clicks(banner, 1)
    assert (click["outcome"], click["refusals"]) == ("go", [])
    assert "ad_blocker:unknown:low" in click["checks"]


async def test_ae_38_a_second_tab_is_not_sent_on_and_the_first_stays_good(shared: Browser, world: World) -> None:
    name = f"ae-38-{shared.name}"
    first = await click(shared, world, name)
    second = await shared.open(world.link(name, banner=name))
    await world.until_stopped(second, "over")
    await second.shot("ae-38")
    order = await world.order(first)
    assert (order["cashback"], order["reasons"]) == (50, [])


async def test_ae_39_starting_over_ends_the_first_click(shared: Browser, world: World) -> None:
    name = f"ae-39-{shared.name}"
    first = await click(shared, world, name)
    tab = await shared.open(world.link(name, banner=name))
    await world.until_stopped(tab, "over")
    await tab.click("#result [data-act=over]")
    second = await world.until_at_shop(tab)
    assert second != first
    later = stated(datetime.now(UTC) + timedelta(seconds=1))
    lost, earned = await world.order(first, order_time=later), await world.order(second, order_time=later)
    assert (lost["cashback"], lost["reasons"]) == (0, ["second_tab"])
    assert (earned["cashback"], earned["reasons"]) == (50, [])


async def test_ae_40_another_partner_in_another_tab_is_fine(shared: Browser, world: World) -> None:
    name = f"ae-40-{shared.name}"
    first = await click(shared, world, name)
    tab = await shared.open(world.link(name, "piz"))
    second = await world.until_at_shop(tab, "piz")
    assert (await world.order(first))["cashback"] == 50
    assert (await world.order(second, "piz"))["cashback"] == 100


async def test_ae_41_six_hours_are_inside_the_session(shared: Browser, world: World) -> None:
    click_id = await click(shared, world, f"ae-41-{shared.name}")
    end = datetime.fromtimestamp(parts(click_id).second, UTC) + timedelta(hours=6)
    inside = await world.order(click_id, order_time=stated(end))
    outside = await world.order(click_id, order_time=stated(end + timedelta(seconds=1)))
    assert (inside["cashback"], inside["reasons"]) == (50, [])
    assert (outside["cashback"], outside["reasons"]) == (0, ["session_ended"])


async def test_ae_42_a_browser_that_was_closed_may_click_again_in_chromium(driver: Playwright, world: World) -> None:
    with profile_folder() as profile:
        async with chromium(driver, profile) as started:
            first = await click(started, world, "ae-42-chromium")
            await until_later(first)
        async with chromium(driver, profile) as again:
            second = await click(again, world, "ae-42-chromium")
    await both_are_good(world, first, second)


async def test_ae_42_a_browser_that_was_closed_may_click_again_in_firefox(world: World) -> None:
    need_firefox()
    with profile_folder() as profile:
        async with firefox(profile) as started:
            first = await click(started, world, "ae-42-firefox")
            await until_later(first)
        async with firefox(profile) as again:
            second = await click(again, world, "ae-42-firefox")
    await both_are_good(world, first, second)


async def until_later(click_id: str) -> None:
    """Not the next day, but later than what may have been under way when the browser was closed."""

    async def later() -> bool:
        return time.time() > parts(click_id).second + UNDER_WAY + 2

    await until(later)


async def both_are_good(world: World, first: str, second: str) -> None:
    assert second != first
    order = await world.order(second, order_time=stated(datetime.now(UTC) + timedelta(seconds=1)))
    assert (order["cashback"], order["reasons"]) == (50, [])


async def click(browser: Browser, world: World, shopper: str) -> str:
    """In a new tab. The click id that it arrives with."""
    return await world.until_at_shop(await browser.open(world.link(shopper, banner=shopper)))


async def retry_until_at_shop(world: World, tab: Tab) -> str:
    async def there() -> bool:
        if (await tab.address()).startswith(world.shop()):
            return True
        await tab.run("document.querySelector('#result:not([hidden]) [data-act=check]')?.click()")
        return False

    await until(there)
    return await world.until_at_shop(tab)


def stated(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
