"""Debian's Firefox, driven over Marionette: no driver of its own is needed, and private windows, add-ons and the
browser's own menus can be used."""

import asyncio
import base64
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browser_tests.browser import SHOTS, Tab, until
from browser_tests.firefox_profile import write_preferences
from browser_tests.marionette import Marionette, MarionetteError
from browser_tests.processes import BrowserProcess, profile_folder

FIREFOX = shutil.which("firefox-esr")
UBLOCK = Path("/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/uBlock0@raymondhill.net")

BLOCK_COOKIES = {"network.cookie.cookieBehavior": 2}
# What Settings > Privacy > Strict sets. Marionette itself switches tracking protection off.
STRICT = {
    "browser.contentblocking.category": "strict",
    "privacy.trackingprotection.enabled": True,
    "privacy.trackingprotection.socialtracking.enabled": True,
    "privacy.trackingprotection.cryptomining.enabled": True,
    "privacy.trackingprotection.fingerprinting.enabled": True,
    "privacy.trackingprotection.emailtracking.enabled": True,
    "privacy.fingerprintingProtection": True,
    "privacy.query_stripping.enabled": True,
    "privacy.bounceTrackingProtection.mode": 1,
    "network.cookie.cookieBehavior": 5,
}


@asynccontextmanager
async def firefox(
    profile: Path | None = None, preferences: Mapping[str, object] | None = None
) -> AsyncIterator["Firefox"]:
    """A started one. A profile that is given stays; else it is new and goes."""
    if profile is not None:
        started = await Firefox.start(profile, preferences or {})
        try:
            yield started
        finally:
            await started.close()
        return
    with profile_folder() as folder:
        async with firefox(folder, preferences) as started:
            yield started


class Firefox:
    name = "firefox"

    def __init__(self, process: BrowserProcess, marionette: Marionette, version: str) -> None:
        self.version = version
        self._process = process
        self._marionette = marionette
        self._turn = asyncio.Lock()  # a command is for the tab that was switched to just before
        self._closed = False

    @classmethod
    async def start(cls, profile: Path, preferences: Mapping[str, object]) -> "Firefox":
        assert FIREFOX is not None
        write_preferences(profile, preferences)
        noted = profile / "MarionetteActivePort"
        noted.unlink(missing_ok=True)
        process = BrowserProcess(
            [
                FIREFOX,
                "--headless",
                "--no-remote",
                "--marionette",
                "-remote-allow-system-access",
                "--profile",
                str(profile),
            ],
            profile / "output.log",
            os.environ | {"MOZ_CRASHREPORTER_DISABLE": "1", "MOZ_HEADLESS_WIDTH": "1280", "MOZ_HEADLESS_HEIGHT": "900"},
        )

        async def connected() -> Marionette:
            process.must_run()
            return await Marionette.connect(int(noted.read_text()))

        try:
            marionette = await until(connected, 60)
            session = await marionette.command("WebDriver:NewSession", capabilities={"alwaysMatch": {}})
            await marionette.command("WebDriver:SetTimeouts", script=30_000, pageLoad=30_000)
        except BaseException:
            process.end()
            raise
        return cls(process, marionette, session["capabilities"]["browserVersion"])

    async def open(self, url: str = "about:blank", *, private: bool = False) -> Tab:
        kind = "window" if private else "tab"
        async with self._turn:
            await self._to_any_window()
            made = await self._marionette.command("WebDriver:NewWindow", type=kind, private=private, focus=True)
        tab = FirefoxTab(self, made["handle"])
        if url != "about:blank":
            await tab.goto(url)
        return tab

    async def tabs(self) -> list[Tab]:
        return [FirefoxTab(self, handle) for handle in await self.handles()]

    async def handles(self) -> list[str]:
        async with self._turn:
            found: list[str] = await self._marionette.command("WebDriver:GetWindowHandles")
        return found

    async def duplicate(self, tab: Tab) -> None:
        assert isinstance(tab, FirefoxTab)
        await self.chrome("gBrowser.duplicateTab(gBrowser.selectedTab)", tab.handle)

    async def reopen(self) -> None:
        await self.chrome("SessionStore.undoCloseTab(window, 0)")

    async def clear_cookies(self) -> None:
        """Those of private windows too."""
        await self.chrome(
            "Services.cookies.removeAll(); "
            "Services.cookies.removeCookiesWithOriginAttributes(JSON.stringify({privateBrowsingId: 1}))"
        )

    async def tidy(self) -> None:
        kept = await self.open()
        for tab in await self.tabs():
            if tab != kept:
                await tab.close()
        await self.clear_cookies()
        await self.chrome(
            "return new Promise(done => Services.clearData.deleteData("
            "Ci.nsIClearDataService.CLEAR_ALL_CACHES | Ci.nsIClearDataService.CLEAR_COOKIES "
            "| Ci.nsIClearDataService.CLEAR_DOM_STORAGES, {onDataDeleted: done}))"
        )

    async def set(self, preferences: Mapping[str, object]) -> None:
        """While it runs."""
        for name, value in preferences.items():
            kind = {bool: "Bool", int: "Int", str: "Char"}[type(value)]
            await self.chrome(f"Services.prefs.set{kind}Pref({json.dumps(name)}, {json.dumps(value)})")

    async def reset(self, preferences: Mapping[str, object]) -> None:
        for name in preferences:
            await self.chrome(f"Services.prefs.clearUserPref({json.dumps(name)})")

    async def install(self, folder: Path) -> None:
        """An add-on, until the browser closes; what it does after that is its own time."""
        async with self._turn:
            await self._marionette.command("Addon:Install", path=str(folder), temporary=True)

    async def chrome(self, script: str, handle: str | None = None) -> Any:
        """Runs it as the browser itself, in the window of that tab."""
        async with self._turn:
            if handle is None:
                await self._to_any_window()
            else:
                await self._marionette.command("WebDriver:SwitchToWindow", handle=handle, focus=True)
            await self._marionette.command("Marionette:SetContext", value="chrome")
            try:
                return await self._marionette.command("WebDriver:ExecuteScript", script=script, args=[])
            finally:
                await self._marionette.command("Marionette:SetContext", value="content")

    async def in_tab(self, handle: str, command: str, **parameters: Any) -> Any:
        async with self._turn:
            await self._marionette.command("WebDriver:SwitchToWindow", handle=handle, focus=True)
            return await self._marionette.command(command, **parameters)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(5):
                await self._marionette.command("Marionette:Quit", flags=["eForceQuit"])
        except (MarionetteError, OSError, TimeoutError):
            pass
        finally:
            self._marionette.close()
            await asyncio.to_thread(self._process.end, 10)

    def kill(self) -> None:
        """As a power cut does it."""
        self._closed = True
        self._marionette.close()
        self._process.end()

    async def _to_any_window(self) -> None:
        """The tab that we were in may have been closed."""
        [handle, *_] = await self._marionette.command("WebDriver:GetWindowHandles")
        await self._marionette.command("WebDriver:SwitchToWindow", handle=handle, focus=True)


@dataclass(frozen=True)
class FirefoxTab:
    browser: Firefox
    handle: str

    async def goto(self, url: str) -> None:
        await self._do("WebDriver:Navigate", url=url)

    async def run(self, script: str) -> Any:
        # Without a sandbox: among the page's own globals.
        return await self._do(
            "WebDriver:ExecuteScript", script=f"return (async () => {{ {script} }})()", args=[], sandbox=None
        )

    async def address(self) -> str:
        return str(await self._do("WebDriver:GetCurrentURL"))

    async def click(self, selector: str, *, ctrl: bool = False) -> None:
        async def found() -> Any:
            return await self._do("WebDriver:FindElement", using="css selector", value=selector)

        [(_, element)] = (await until(found)).items()
        if not ctrl:
            await self._do("WebDriver:ElementClick", id=element)
            return
        reference = {"element-6066-11e4-a52e-4f735466cecf": element}
        control, pause = "\ue009", {"type": "pause"}
        keys = [{"type": "keyDown", "value": control}, pause, pause, pause, {"type": "keyUp", "value": control}]
        mouse = [
            pause,
            {"type": "pointerMove", "origin": reference, "x": 0, "y": 0},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        actions = [{"type": "key", "id": "keys", "actions": keys}, {"type": "pointer", "id": "mouse", "actions": mouse}]
        await self._do("WebDriver:PerformActions", actions=actions)

    async def back(self) -> None:
        await self._do("WebDriver:Back")

    async def reload(self) -> None:
        await self._do("WebDriver:Refresh")

    async def close(self) -> None:
        await self._do("WebDriver:CloseWindow")

    async def shot(self, name: str) -> None:
        SHOTS.mkdir(exist_ok=True)
        picture = await self._do("WebDriver:TakeScreenshot", id=None, full=True, hash=False, scroll=False)
        (SHOTS / f"firefox-{name}.png").write_bytes(base64.b64decode(picture))

    async def _do(self, command: str, **parameters: Any) -> Any:
        return await self.browser.in_tab(self.handle, command, **parameters)
