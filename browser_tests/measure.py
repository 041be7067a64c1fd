"""What the checks page says of one browser in many loads, as analysts see it, written down for docs/browsers.md."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from browser_tests.browser import SHOTS, Browser, Tab, until
from browser_tests.world import World
from tracker.core.click import Check

MEASURED = SHOTS / "matrix.json"


@dataclass(frozen=True)
class Counted:
    """Of one check: how often it found something, how often it could not know, and its own milliseconds."""

    found: int
    unknown: int
    median_ms: int
    max_ms: int


@dataclass(frozen=True)
class Measured:
    browser: str  # with its version
    state: str
    really: list[str]  # what is so in this state, and ought to be found
    loads: int
    checks: dict[str, Counted]
    median_ms: int  # from the request for the page to the arrival of what it found
    max_ms: int

    def write(self, path: Path = MEASURED) -> None:
        """Beside what is there of other states."""
        path.parent.mkdir(exist_ok=True)
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(known | {f"{self.browser}: {self.state}": asdict(self)}, indent=1))

    def false_alarms(self, check: Check) -> int:
        return 0 if check in self.really else self.checks[check].found

    def hits(self, check: Check) -> int:
        return self.checks[check].found if check in self.really else 0


async def measure(
    world: World,
    browser: Browser,
    state: str,
    *,
    really: Sequence[Check] = (),
    loads: int = 20,
    private: bool = False,
) -> Measured:
    """Each load is another shopper in a new tab and without cookies: whoever passed would not be asked again."""
    banner = f"matrix-{browser.name}-{state.replace(' ', '-').replace(',', '')}"
    totals: list[int] = []
    for load in range(loads):
        tab = await browser.open(private=private)
        totals.append((await world.look(tab, world.link(banner=banner))).milliseconds)
        await _until_answered(world, tab)
        if load == 0:
            await tab.shot(banner)
        await tab.close()
        await browser.clear_cookies()
    clicks = await world.clicks(banner, loads)
    measured = Measured(
        browser=f"{browser.name.title()} {browser.version}",
        state=state,
        really=[str(check) for check in really],
        loads=loads,
        checks={str(check): _counted(clicks, check) for check in Check if check is not Check.SECOND_TAB},
        median_ms=round(median(totals)),
        max_ms=max(totals),
    )
    measured.write()
    return measured


async def _until_answered(world: World, tab: Tab) -> None:
    async def answered() -> bool:
        if (await tab.address()).startswith(world.shop()):
            return True
        return bool(await tab.run("return !!document.querySelector('#result:not([hidden]) .acts')"))

    await until(answered)


def _counted(clicks: list[dict[str, Any]], check: Check) -> Counted:
    findings, milliseconds = [], []
    for click in clicks:
        for said, ms in zip(click["checks"], click["check_ms"], strict=True):
            name, finding, _ = said.split(":")
            if name == check:
                findings.append(finding)
                milliseconds.append(int(ms))
    assert len(findings) == len(clicks)
    return Counted(findings.count("found"), findings.count("unknown"), round(median(milliseconds)), max(milliseconds))
