"""The partner's tag in real browsers: which tab an order was placed in, as the shop's own pages can see it."""

from playwright.async_api import Playwright

from browser_tests.browser import Browser, opened_by, until_at
from browser_tests.chromium import BLOCK_COOKIES as CHROMIUM_BLOCKS
from browser_tests.chromium import chromium
from browser_tests.conftest import need_firefox
from browser_tests.firefox import BLOCK_COOKIES as FIREFOX_BLOCKS
from browser_tests.firefox import firefox
from browser_tests.shop import BANK, OTHER_SHOP, Shop, buy, land
from tracker.core.click import TabFinding


async def test_the_tab_that_landed_buys_in_the_same_tab(browser: Browser, shop: Shop) -> None:
    click_id = shop.click_id()
    tab = await land(browser, shop, click_id)
    await tab.click("#basket")
    await until_at(tab, shop.url("/basket"))
    await tab.click("#buy")

    report = await shop.reported("A-1")

    assert (report.tab, report.click_id, report.cookie_click_id) == (TabFinding.SAME_TAB, click_id, click_id)
    assert report.script


async def test_paying_at_the_bank_in_between_changes_nothing(browser: Browser, shop: Shop) -> None:
    tab = await land(browser, shop)
    await tab.click("#bank")

    assert (await shop.reported("A-1")).tab == TabFinding.SAME_TAB
    assert shop.url("", BANK) not in await tab.address()


async def test_reload_and_back_are_no_copies(browser: Browser, shop: Shop) -> None:
    tab = await land(browser, shop)
    for _ in range(3):
        await tab.reload()
    await tab.click("#basket")
    await until_at(tab, shop.url("/basket"))
    await tab.back()
    await until_at(tab, shop.url("/?"))

    assert await buy(tab, shop, "A-2") == TabFinding.SAME_TAB


async def test_a_link_into_a_new_tab_is_another_tab(browser: Browser, shop: Shop) -> None:
    tab = await land(browser, shop)
    other = await opened_by(browser, lambda: tab.click("#blank"))
    await until_at(other, shop.url("/basket"))

    assert await buy(other, shop, "A-1") == TabFinding.OTHER_TAB
    assert await buy(tab, shop, "A-2") == TabFinding.SAME_TAB


async def test_a_typed_address_is_another_tab(browser: Browser, shop: Shop) -> None:
    await land(browser, shop)
    other = await browser.open(shop.url())

    assert await buy(other, shop, "A-1") == TabFinding.OTHER_TAB


async def test_a_copy_with_the_storage_of_the_tab_is_seen(browser: Browser, shop: Shop) -> None:
    tab = await land(browser, shop)
    copy = await opened_by(browser, lambda: tab.click("#opener"))
    await until_at(copy, shop.url("/basket"))

    assert await buy(copy, shop, "A-1") == TabFinding.COPIED
    assert await buy(tab, shop, "A-2") == TabFinding.SAME_TAB


async def test_a_duplicated_landing_page_does_not_land_again(browser: Browser, shop: Shop) -> None:
    tab = await land(browser, shop)
    copy = await opened_by(browser, lambda: browser.duplicate(tab))
    await until_at(copy, shop.url("/?"))

    assert await buy(copy, shop, "A-1") == TabFinding.COPIED
    assert await buy(tab, shop, "A-2") == TabFinding.SAME_TAB
    assert len([one for one in shop.reports if one.kind == "landing"]) == 1


async def test_a_closed_tab_that_is_opened_again_is_the_same(browser: Browser, shop: Shop) -> None:
    await browser.open(shop.url())
    tab = await land(browser, shop)
    await tab.close()
    again = await opened_by(browser, browser.reopen)
    await until_at(again, shop.url("/?"))

    assert await buy(again, shop, "A-1") == TabFinding.SAME_TAB


async def test_a_pasted_landing_address_does_not_land_again(browser: Browser, shop: Shop) -> None:
    older, newer = shop.click_id(), shop.click_id()
    await land(browser, shop, older)
    await land(browser, shop, newer)
    pasted = await browser.open(shop.landing(older))
    report_of = await buy(pasted, shop, "A-1")

    assert report_of == TabFinding.OTHER_TAB
    assert (await shop.reported("A-1")).cookie_click_id == newer
    assert len([one for one in shop.reports if one.kind == "landing"]) == 2


async def test_a_second_click_in_another_tab_supersedes_the_first(browser: Browser, shop: Shop) -> None:
    older, newer = shop.click_id(), shop.click_id()
    first = await land(browser, shop, older)
    second = await land(browser, shop, newer)

    assert await buy(first, shop, "A-1") == TabFinding.SUPERSEDED
    assert await buy(second, shop, "A-2") == TabFinding.SAME_TAB
    report = await shop.reported("A-1")
    assert (report.click_id, report.cookie_click_id) == (older, newer)


async def test_cookies_cleared_in_between_are_told(browser: Browser, shop: Shop) -> None:
    tab = await land(browser, shop)
    await tab.run("document.cookie = 'ct=; max-age=0; path=/'")

    assert await buy(tab, shop, "A-1") == TabFinding.COOKIE_LOST


async def test_blocked_cookies_are_told_and_nothing_is_thrown(driver: Playwright, shop: Shop) -> None:
    need_firefox()
    async with chromium(driver, preferences=CHROMIUM_BLOCKS) as one, firefox(preferences=FIREFOX_BLOCKS) as other:
        browsers: tuple[Browser, ...] = (one, other)
        for number, browser in enumerate(browsers):
            shop.reports.clear()
            click_id = shop.click_id()
            tab = await land(browser, shop, click_id)

            assert await buy(tab, shop, f"A-{number}") == TabFinding.COOKIES_BLOCKED
            assert (await shop.landed(click_id)).checks[1][:3] == ("cookies", "found", "high")


async def test_a_shop_that_clears_its_storage_looks_like_another_tab(browser: Browser, shop: Shop) -> None:
    """Nobody can tell them apart: that is why `other_tab` alone is not sure, and why there is a self-test."""
    tab = await land(browser, shop)
    shop.clears = True

    assert await buy(tab, shop, "A-1") == TabFinding.OTHER_TAB


async def test_a_checkout_on_another_origin_knows_no_click(browser: Browser, shop: Shop) -> None:
    tab = await land(browser, shop)
    shop.done_at = OTHER_SHOP

    assert await buy(tab, shop, "A-1") == TabFinding.OTHER_SESSION


async def test_an_order_without_a_click_is_another_session(browser: Browser, shop: Shop) -> None:
    tab = await browser.open(shop.url())

    assert await buy(tab, shop, "A-1") == TabFinding.OTHER_SESSION
