"""What a test can do in a browser, whichever it is."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

Value = TypeVar("Value")

SHOTS = Path(__file__).parent / "shots"
PATIENCE = 15.0  # seconds for what takes a fraction of one on an idle machine


class Tab(Protocol):
    async def goto(self, url: str) -> None:
        """As if typed, until the page has loaded."""

    async def run(self, script: str) -> Any:
        """The value of `return` in the body of an async function, run among the page's own globals."""

    async def address(self) -> str: ...

    async def click(self, selector: str, *, ctrl: bool = False) -> None:
        """By the mouse, once it is there."""

    async def back(self) -> None: ...

    async def reload(self) -> None: ...

    async def close(self) -> None: ...

    async def shot(self, name: str) -> None:
        """A picture of the whole page in `shots`."""


class Browser(Protocol):
    name: str

    @property
    def version(self) -> str: ...

    async def open(self, url: str = "about:blank", *, private: bool = False) -> Tab: ...

    async def tabs(self) -> list[Tab]: ...

    async def duplicate(self, tab: Tab) -> None:
        """By the browser's own Duplicate Tab."""

    async def reopen(self) -> None:
        """The tab that was closed last: Undo Close Tab."""

    async def clear_cookies(self) -> None: ...

    async def tidy(self) -> None:
        """No cookies, and one empty tab: as good as new, and sooner had."""

    async def close(self) -> None: ...


async def until(condition: Callable[[], Awaitable[Value]], seconds: float = PATIENCE) -> Value:
    """The first true value. While a page is being left, asking it may fail: the last failure is told if all do."""
    deadline = time.monotonic() + seconds
    failure: Exception | None = None
    value: object = None
    while time.monotonic() < deadline:
        try:
            if value := await condition():
                return value
            failure = None
        except Exception as error:  # noqa: BLE001 # each driver has its own, and any may pass
            failure = error
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds} s; last seen {value!r}") from failure


async def until_at(tab: Tab, beginning: str, seconds: float = PATIENCE) -> str:
    """Its address, once it begins so and the page can be asked."""
    last = ""

    async def there() -> str:
        nonlocal last
        last = await tab.address()
        if not last.startswith(beginning):
            return ""
        # A tab that is restored has its address before its page.
        last, state = await tab.run("return [location.href, document.readyState]")
        return last if last.startswith(beginning) and state == "complete" else ""

    try:
        return await until(there, seconds)
    except AssertionError as error:
        shown = await tab.run("return document.body.innerText.slice(0, 500)")
        raise AssertionError(f"{last} is not {beginning} after {seconds} s, but says: {shown}") from error


async def opened_by(browser: Browser, act: Callable[[], Awaitable[object]]) -> Tab:
    """The one tab that an act opens."""
    before = await browser.tabs()
    await act()

    async def new() -> list[Tab]:
        return [tab for tab in await browser.tabs() if tab not in before]

    [tab] = await until(new)
    return tab
