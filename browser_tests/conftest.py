"""A whole tracker with its demo shops, and a real Chromium: names below localhost lead it to this machine."""

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.running import ROOT, RunningTracker, data_folder, free_port

CHROMIUM = shutil.which("chromium")
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
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()
