"""A partner tests its own shop: what is shown there, on the shop's own pages."""

import pytest
from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import expect

from browser_tests.browser import SHOTS, Browser, Tab, until, until_at
from browser_tests.chromium import agent
from browser_tests.shop import OTHER_SHOP, PARTNER, Shop

_FOUND = """const test = document.getElementById("cashback-self-test")
    return test && Object.fromEntries([...test.shadowRoot.querySelectorAll("li")].map(
        row => [row.dataset.check, row.dataset.verdict + " " + row.textContent]))"""


async def found(tab: Tab, order_id: str = "") -> dict[str, str]:
    """What the test shows on this page, by check: its verdict and its words."""

    async def shown() -> dict[str, str] | None:
        rows: dict[str, str] | None = await tab.run(_FOUND)
        return rows if rows and order_id in rows["order"] else None

    return await until(shown) or {}


async def walk(browser: Browser, shop: Shop) -> dict[str, str]:
    """From the shop's first page to the confirmation, as the self-test page advises."""
    tab = await browser.open(shop.url("/?ct_test=1"))
    assert (await found(tab))["order"].startswith("note")
    await tab.click("#basket")
    await until_at(tab, shop.url("/basket"))
    await tab.click("#buy")
    await until_at(tab, shop.url("/done", shop.done_at))
    return await found(tab, "A-1")


def verdicts(rows: dict[str, str]) -> dict[str, str]:
    return {check: row.partition(" ")[0] for check, row in rows.items()}


GOOD = dict.fromkeys(("script", "channel", "origin", "storage", "cookie", "order", "connect", "baits"), "good")


async def test_a_shop_that_breaks_nothing_is_all_green(browser: Browser, shop: Shop) -> None:
    shop.baits = True
    shop.policy = f"default-src 'none'; script-src {shop.tracker} 'self'; connect-src {shop.tracker} 'self'"
    shop.policy = shop.policy.replace("script-src", "script-src 'unsafe-inline'")  # of the shop's own scripts

    assert verdicts(await walk(browser, shop)) == GOOD


async def test_a_shop_without_baits_is_told_what_it_misses(browser: Browser, shop: Shop) -> None:
    assert verdicts(await walk(browser, shop)) == GOOD | {"baits": "note"}


async def test_bait_files_that_are_not_there_are_named(browser: Browser, shop: Shop) -> None:
    shop.baits, shop.missing = True, {"front.json"}
    rows = await walk(browser, shop)

    assert verdicts(rows) == GOOD | {"baits": "bad"}
    assert rows["baits"].endswith(" front.json")


async def test_a_shop_that_clears_its_storage_is_found(browser: Browser, shop: Shop) -> None:
    shop.clears = True

    assert verdicts(await walk(browser, shop)) == GOOD | {"storage": "bad", "baits": "note"}


async def test_a_checkout_on_another_host_of_the_shop_is_found(browser: Browser, shop: Shop) -> None:
    shop.done_at = OTHER_SHOP
    rows = await walk(browser, shop)

    assert verdicts(rows) == GOOD | {"origin": "bad", "storage": "bad", "baits": "note"}
    assert rows["origin"].endswith(shop.url("", "shop"))


async def test_a_checkout_on_another_domain_is_found_once_the_page_is_asked(browser: Browser, shop: Shop) -> None:
    tab = await browser.open(shop.url("/?ct_test=1"))
    await found(tab)
    await tab.goto(shop.url("/done?order=A-1#ct-test", "elsewhere"))
    rows = await found(tab, "A-1")

    assert verdicts(rows)["origin"] == "bad"


async def test_a_policy_that_keeps_reports_in_is_found(browser: Browser, shop: Shop) -> None:
    shop.policy = f"script-src 'unsafe-inline' {shop.tracker}; connect-src 'self'"
    rows = await walk(browser, shop)

    assert verdicts(rows) == GOOD | {"connect": "bad", "baits": "note"}
    assert "connect-src" in rows["connect"]


async def test_nobody_else_sees_a_thing_of_it(browser: Browser, shop: Shop) -> None:
    tab = await browser.open(shop.landing(shop.click_id()))
    await tab.goto(shop.url("/done?order=A-1"))
    await shop.reported("A-1")

    assert "/tag/self-test.js" not in shop.asked
    assert await tab.run(_FOUND) is None


@pytest.mark.parametrize(("width", "language"), [(360, "ru"), (1280, "en")], ids=["phone-ru", "desktop-en"])
async def test_the_page_of_the_test_leads_into_the_shop(
    chromium: PlaywrightBrowser, shop: Shop, width: int, language: str
) -> None:
    context = await chromium.new_context(viewport={"width": width, "height": 800}, locale=language, user_agent=agent())
    page = await context.new_page()
    await page.goto(f"{shop.tracker}/tag/self-test?partner={PARTNER}")
    await page.screenshot(path=SHOTS / f"chromium-self-test-{language}.png", full_page=True)
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    await page.locator("main a.act").click()
    box = page.locator("#cashback-self-test section")
    await expect(box).to_have_attribute("lang", language)
    await page.screenshot(path=SHOTS / f"chromium-self-test-in-shop-{language}.png")

    await box.get_by_role("button").first.click()
    await expect(box).to_have_attribute("lang", "en" if language == "ru" else "ru")
    await box.get_by_role("button").last.click()
    await expect(box).to_have_count(0)
    await page.goto(shop.url("/done?order=A-1"))
    await shop.reported("A-1")
    await expect(box).to_have_count(0)
    await context.close()
