"""Debian's Chromium as a shopper has it: started without a driver's switches, which change what is tested (they take
away bfcache and storage partitioning), and Playwright attached to it afterwards."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Browser as Attached
from playwright.async_api import BrowserContext, Error, Page, Playwright

from browser_tests.browser import SHOTS, Tab, until
from browser_tests.pages import Pages
from browser_tests.processes import BrowserProcess, profile_folder

CHROMIUM = shutil.which("chromium")
EXTENSIONS = Path(__file__).parent / "extensions"
TABS = EXTENSIONS / "tabs"
STAND_IN_BLOCKER = EXTENSIONS / "stand_in_blocker"

BLOCK_COOKIES = {"profile": {"default_content_setting_values": {"cookies": 2}}}
ALLOW_THIRD_PARTY = {"profile": {"cookie_controls_mode": 0}}  # Debian's default is 1: blocked

_SWITCHES = (
    "--headless",
    "--no-sandbox",  # there is none as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-search-engine-choice-screen",
    "--no-first-run",
    "--no-default-browser-check",
    "--remote-debugging-port=0",  # a free one, written into the profile
    "--window-size=1280,900",
)


@cache
def version() -> str:
    """Such as 156.0.8078.79."""
    assert CHROMIUM is not None
    told = subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"[0-9]+(\.[0-9]+)+", told)
    assert found is not None, told
    return found[0]


def agent(major: int | None = None) -> str:
    """Its own says HeadlessChrome, which is a bot to us, and rightly so. None: of the version that is installed."""
    major = major or int(version().partition(".")[0])
    return f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"


@asynccontextmanager
async def chromium(
    playwright: Playwright,
    profile: Path | None = None,
    *,
    preferences: dict[str, Any] | None = None,
    extensions: Sequence[Path] = (TABS,),
    switches: Sequence[str] = (),
) -> AsyncIterator["Chromium"]:
    """A started one. A profile that is given stays; else it is new and goes."""
    if profile is None:
        with profile_folder() as folder:
            async with chromium(
                playwright, folder, preferences=preferences, extensions=extensions, switches=switches
            ) as started:
                yield started
        return
    if preferences is not None:
        (profile / "Default").mkdir(exist_ok=True)
        (profile / "Default" / "Preferences").write_text(json.dumps(preferences))
    if extensions:
        listed = ",".join(str(each) for each in extensions)
        switches = [*switches, f"--load-extension={listed}", f"--disable-extensions-except={listed}"]
    started = await Chromium.start(playwright, profile, switches)
    try:
        yield started
    finally:
        await started.close()


class Chromium:
    name = "chromium"

    def __init__(self, process: BrowserProcess, attached: Attached) -> None:
        self._process = process
        self._attached = attached
        self._closed = False

    @classmethod
    async def start(cls, playwright: Playwright, profile: Path, switches: Sequence[str]) -> "Chromium":
        assert CHROMIUM is not None
        noted = profile / "DevToolsActivePort"
        noted.unlink(missing_ok=True)
        process = BrowserProcess(
            [CHROMIUM, *_SWITCHES, f"--user-agent={agent()}", f"--user-data-dir={profile}", *switches, "about:blank"],
            profile / "output.log",
            os.environ,
        )

        async def port() -> int:
            process.must_run()
            return int(noted.read_text().splitlines()[0])

        try:
            address = f"http://127.0.0.1:{await until(port, 60)}"
            attached = await playwright.chromium.connect_over_cdp(address)
        except BaseException:
            process.end()
            raise
        return cls(process, attached)

    @property
    def version(self) -> str:
        return version()

    @property
    def context(self) -> BrowserContext:
        return self._attached.contexts[0]

    async def open(self, url: str = "about:blank", *, private: bool = False) -> Tab:
        # Off the record, as an incognito window is.
        context = await self._attached.new_context() if private else self.context
        tab = ChromiumTab(await context.new_page())
        if url != "about:blank":
            await tab.goto(url)
        return tab

    async def tabs(self) -> list[Tab]:
        return [ChromiumTab(page) for context in self._attached.contexts for page in context.pages]

    async def duplicate(self, tab: Tab) -> None:
        await self.ask_extension(
            "tabs.js",
            "async url => { const [tab] = await chrome.tabs.query({url}); await chrome.tabs.duplicate(tab.id) }",
            await tab.address(),
        )

    async def reopen(self) -> None:
        await self.ask_extension("tabs.js", "async () => { await chrome.sessions.restore() }")

    async def clear_cookies(self) -> None:
        for context in self._attached.contexts:
            await context.clear_cookies()

    async def tidy(self) -> None:
        kept = await self.context.new_page()
        for context in self._attached.contexts:
            await context.clear_cookies()
            for page in context.pages:
                if page is not kept:
                    await page.close()

    async def ask_extension(self, worker: str, script: str, argument: object = None) -> None:
        """Runs it in one of our own in `extensions`, for what only the browser itself can do."""

        async def asked() -> bool:
            [running] = [each for each in self.context.service_workers if each.url.endswith(f"/{worker}")]
            await running.evaluate(script, argument)
            return True

        await until(asked)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(Error):
            session = await self._attached.new_browser_cdp_session()
            await session.send("Browser.close")
        with contextlib.suppress(Error):
            await self._attached.close()
        await asyncio.to_thread(self._process.end, 10)

    def kill(self) -> None:
        """As a power cut does it."""
        self._closed = True
        self._process.end()


@dataclass(frozen=True)
class ChromiumTab:
    page: Page

    async def goto(self, url: str) -> None:
        try:
            await self.page.goto(url)
        except Error as error:
            if "interrupted by another navigation" not in str(error) and "ERR_ABORTED" not in str(error):
                raise  # a page that sends us on while it loads is what we test

    async def run(self, script: str) -> Any:
        return await self.page.evaluate(f"async () => {{ {script} }}")

    async def address(self) -> str:
        return self.page.url

    async def click(self, selector: str, *, ctrl: bool = False) -> None:
        await self.page.locator(selector).first.click(modifiers=["Control"] if ctrl else [], no_wait_after=True)

    async def back(self) -> None:
        # Not go_back(): it waits for an event that a page out of bfcache never gives.
        await self.page.evaluate("void setTimeout(() => history.back())")  # or the page may be gone before it answers

    async def reload(self) -> None:
        await self.page.reload()

    async def close(self) -> None:
        await self.page.close()

    async def shot(self, name: str) -> None:
        SHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SHOTS / f"chromium-{name}.png", full_page=True)


async def until_stand_in_blocks(started: Chromium, pages: Pages) -> None:
    """Rules are not at work at once when the browser starts."""
    tab = await started.open(pages.show("readiness", "/", "<!doctype html><title>Readiness</title>"))

    async def blocks() -> bool:
        ask = "return fetch('/x_468x60_y.json?' + Math.random()).then(() => false, () => true)"
        return bool(await tab.run(ask))

    await until(blocks)
    await tab.close()
