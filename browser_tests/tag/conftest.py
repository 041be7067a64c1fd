"""A shop for each test, and one browser of each kind for them all: starting one is what takes long."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from browser_tests.browser import Browser
from browser_tests.chromium import chromium
from browser_tests.conftest import need_firefox
from browser_tests.firefox import firefox
from browser_tests.shop import Shop, open_shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


@pytest_asyncio.fixture(name="_browser", params=["chromium", "firefox"], scope="session", loop_scope="session")
async def started_browser(request: pytest.FixtureRequest, driver: Playwright) -> AsyncIterator[Browser]:
    if request.param == "firefox":
        need_firefox()
        async with firefox() as started:
            yield started
        return
    async with chromium(driver) as started_chromium:
        yield started_chromium


@pytest.fixture
async def browser(_browser: Browser) -> AsyncIterator[Browser]:
    """As it comes: cleaned of what a test leaves."""
    yield _browser
    [first, *others] = await _browser.tabs()
    for tab in others:
        await tab.close()
    await first.goto("about:blank")
    await _browser.clear_cookies()
