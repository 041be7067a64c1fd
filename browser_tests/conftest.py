"""A whole tracker with its demo shops, and real browsers: names below localhost lead them to this machine.

A browser of one's own starts in a second or two, so each test has a new one; only uBlock Origin's lists take longer.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import Playwright, async_playwright

from browser_tests.browser import Browser
from browser_tests.chromium import CHROMIUM, chromium
from browser_tests.firefox import FIREFOX, UBLOCK, Firefox, firefox
from browser_tests.pages import Pages, serve_pages
from browser_tests.ublock import install_ublock, trust
from browser_tests.world import World, open_world
from tests.running import ROOT, RunningTracker, data_folder, free_port

# As root there is no sandbox; without the others Chromium calls home at every start.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo() -> AsyncIterator[RunningTracker]:
    """What `make run` starts."""
    with data_folder() as data:
        settings = {"TRACKER_DEMO": "1", "TRACKER_DEMO_PORT": str(free_port())}
        async with RunningTracker(data, ROOT / "partners.yaml", more=settings) as running:
            yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def driver() -> AsyncIterator[Playwright]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    async with async_playwright() as playwright:
        yield playwright


@pytest_asyncio.fixture(name="chromium", scope="session", loop_scope="session")
async def plain_chromium(driver: Playwright) -> AsyncIterator[PlaywrightBrowser]:
    """With Playwright's switches, for pages whose looks are tested: its every context is off the record."""
    browser = await driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pages() -> AsyncIterator[Pages]:
    async with serve_pages() as served:
        yield served


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world() -> AsyncIterator[World]:
    async with open_world() as opened:
        yield opened


@asynccontextmanager
async def as_it_comes(name: str, driver: Playwright) -> AsyncIterator[Browser]:
    if name == "firefox":
        need_firefox()
        async with firefox() as started:
            yield started
        return
    async with chromium(driver) as started_chromium:
        yield started_chromium


@pytest_asyncio.fixture(params=["chromium", "firefox"])
async def browser(request: pytest.FixtureRequest, driver: Playwright) -> AsyncIterator[Browser]:
    """Each of the two, as it comes: a new profile on a disk, nothing blocked but what it blocks by itself."""
    async with as_it_comes(request.param, driver) as started:
        yield started


@pytest_asyncio.fixture(name="_shared", params=["chromium", "firefox"], scope="session", loop_scope="session")
async def started_shared(request: pytest.FixtureRequest, driver: Playwright) -> AsyncIterator[Browser]:
    async with as_it_comes(request.param, driver) as started:
        yield started


@pytest_asyncio.fixture
async def shared(_shared: Browser) -> AsyncIterator[Browser]:
    """Each of the two, as it comes: one for all tests, cleaned of what a test leaves."""
    yield _shared
    await _shared.tidy()


@pytest_asyncio.fixture(name="_ublock", scope="session", loop_scope="session")
async def started_ublock(pages: Pages) -> AsyncIterator[Firefox]:
    need_firefox()
    async with firefox() as started:
        await install_ublock(started, pages)
        yield started


@pytest_asyncio.fixture
async def ublock(_ublock: Firefox) -> AsyncIterator[Firefox]:
    """Firefox with the real uBlock Origin, which is at work and trusts nobody. Cleaned of what a test leaves."""
    yield _ublock
    await trust(_ublock)
    await _ublock.tidy()


def need_firefox() -> None:
    if FIREFOX is None or not UBLOCK.exists():
        pytest.skip("there is no firefox-esr with uBlock Origin here")
