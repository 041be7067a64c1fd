"""From a banner to credited cashback, by hand, as a newcomer goes it after `make run`."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Playwright, expect

from browser_tests.chromium import CHROMIUM, ChromiumTab, agent
from browser_tests.conftest import ARGUMENTS
from browser_tests.processes import profile_folder
from tests.running import RunningTracker

WORDS = {
    "ru": {"shops": "Магазины", "my": "Мой кэшбэк", "sign_in": "Войти и получить кэшбэк", "accrued": "Начислен",
           "pending": "В ожидании", "rejected": "Отклонён", "app": "Заказ сделан в приложении магазина."},
    "en": {"shops": "Shops", "my": "My cashback", "sign_in": "Sign in and earn cashback", "accrued": "Credited",
           "pending": "Pending", "rejected": "Rejected", "app": "The order was made in the shop's app."},
}  # fmt: skip


@pytest.fixture(params=[(360, "ru"), (1280, "ru"), (360, "en"), (1280, "en")], ids=lambda case: f"{case[0]}-{case[1]}")
async def visit(request: pytest.FixtureRequest, driver: Playwright) -> AsyncIterator[tuple[BrowserContext, str]]:
    """With a profile on a disk: without one it would be a private window, and the shopper be warned."""
    width, language = request.param
    with profile_folder() as profile:
        context = await driver.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            args=ARGUMENTS,
            viewport={"width": width, "height": 800},
            locale={"ru": "ru-RU", "en": "en-GB"}[language],
            user_agent=agent(),
        )
        yield context, language
        await context.close()


async def fits(page: Page) -> None:
    """Nothing is wider than the screen, and there is one heading."""
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url
    assert await page.locator("h1").count() == 1, page.url


async def buy(page: Page, *, origin: str = "web") -> None:
    """In the demo shop, from its first page to the order's."""
    await fits(page)
    await page.locator("form[action='/basket'] button").first.click()
    await page.goto(re.match(r"https?://[^/]+", page.url)[0] + "/basket")  # type: ignore[index] # it is an address
    await fits(page)
    await page.locator(f"input[name=origin][value={origin}]").check()
    await page.locator("form[action='/orders'] button").last.click()
    await expect(page).to_have_url(re.compile("/orders/"))
    await fits(page)


async def act(page: Page, name: str) -> None:
    await page.locator(f"button[name=act][value={name}]").click()
    await expect(page.locator("details.log").first).to_be_visible()


async def test_from_the_banner_to_credited_cashback(visit: tuple[BrowserContext, str], demo: RunningTracker) -> None:
    context, language = visit
    words = WORDS[language]
    page = await context.new_page()
    failures: list[str] = []
    page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: failures.append(str(error)))

    await page.goto(demo.url)
    await expect(page.locator("h1")).to_have_text(words["shops"])
    await fits(page)
    await page.locator("a[href^='/go/labirint']").click()
    # Nobody is signed in: we are told before leaving, sign in, and come back to where we wanted to go.
    await fits(page)
    await page.get_by_role("link", name=words["sign_in"]).click()
    await fits(page)
    await page.locator("button[name=shopper]").first.click()
    # The checks page finds nothing to say, and goes on by itself.
    await expect(page).to_have_url(re.compile(r"^http://labirint\.shop\.localhost"))

    await buy(page)
    await act(page, "approve")
    await page.goto(f"{demo.url}/my")
    await fits(page)
    first = page.locator("ul.rows li").first
    await expect(first.locator(".tag")).to_have_text(words["accrued"])
    await expect(first.locator("b")).to_have_text(re.compile(r"^[1-9][\d\s,]*\s₽$"))
    await first.get_by_role("link").last.click()
    await fits(page)
    await expect(page.locator("ul.rows li")).to_have_count(2)

    # The shop is open in this tab, which may click again; an order in the app earns nothing, and we are told why.
    await ChromiumTab(page).goto(f"{demo.url}/go/labirint")
    await expect(page).to_have_url(re.compile(r"^http://labirint\.shop\.localhost"))
    await buy(page, origin="app")
    await act(page, "approve")
    await page.goto(f"{demo.url}/my?state=rejected")
    await expect(page.get_by_text(words["app"]).first).to_be_visible()
    assert failures == []


async def test_pages_can_be_used_with_the_keyboard_alone(chromium: Browser, demo: RunningTracker) -> None:
    context = await chromium.new_context(user_agent=agent(), locale="en-GB")
    page = await context.new_page()
    await page.goto(demo.url)
    await page.locator("#q").focus()
    await page.keyboard.type("lamoda")
    await page.keyboard.press("Enter")
    await expect(page.locator("ul.cards > li")).to_have_count(1)
    await page.locator("a[href^='/go/lamoda']").focus()
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("Lamoda")
    await context.close()
