"""Two tabs race to one partner, in many browsers at once and over several workers: one session a browser, never two and
never none (docs/rules.md, S-01 and S-02)."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from hashlib import blake2b

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from tests.agents import DESKTOP
from tests.browsing import check_of, new_browser, said
from tests.passes import Passes
from tests.running import RunningTracker, data_folder
from tracker.store.clicks import ClickStore
from tracker.store.valkey_node import open_node

BROWSERS = 200
TABS = ("a" * 16, "b" * 16)
_CLICK_ID = re.compile(r"[?&]sub=([a-z][0-9a-z]{29})")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowded() -> AsyncIterator[RunningTracker]:
    """Two tabs of a browser have a connection each, and so mostly a worker each."""
    with data_folder() as data:
        async with RunningTracker(data, workers=4) as running:
            yield running


class Tab:
    """One of the tabs of a browser, on the way to one partner."""

    def __init__(self, browser: aiohttp.ClientSession, link: str, name: str) -> None:
        self._browser = browser
        self._link = link
        self._name = name
        self._check = URL()
        self._token = ""
        self.click_ids: list[str] = []
        self.told = ""

    async def open(self) -> None:
        """The page, and what its script sends at once."""
        async with self._browser.get(self._link, allow_redirects=False) as answer:
            assert answer.status == 200, await answer.text()
            address, self._token = check_of(await answer.text())
            self._check = answer.url.join(URL(address, encoded=True))
        await self.press("check")

    async def press(self, act: str) -> None:
        async with self._browser.post(self._check, json=said(self._token, act=act, tab=self._name)) as answer:
            found = await answer.json()
        assert answer.status == 200, found
        self.told = found.get("html", "")
        if "go" in found:
            self.click_ids += _CLICK_ID.findall(found["go"])


@pytest.mark.parametrize("shoppers", [BROWSERS, 20], ids=["each_its_own_shopper", "ten_browsers_a_shopper"])
async def test_of_two_tabs_that_race_one_is_sent_on_and_starting_over_leaves_one_click_good(
    crowded: RunningTracker, shoppers: int
) -> None:
    one_each = {f"racer-{shoppers}-{number % shoppers}/lab/browser-{shoppers}-{number}" for number in range(BROWSERS)}
    async with AsyncExitStack() as browsers:
        races = [await _two_tabs(browsers, crowded, session) for session in sorted(one_each)]
        tabs = [tab for race in races for tab in race]
        await asyncio.gather(*(tab.open() for tab in tabs))
        assert [len(first.click_ids) + len(second.click_ids) for first, second in races] == [1] * BROWSERS
        assert all('data-act="over"' in first.told + second.told for first, second in races)
        assert await _sessions(crowded, one_each) == dict.fromkeys(one_each, 1)

        await asyncio.gather(*(tab.press("over") for tab in tabs))
    assert [tab.told for tab in tabs if tab.told] == []
    assert await _sessions(crowded, one_each) == dict.fromkeys(one_each, 1)
    valkey = open_node(crowded.valkey_url)
    store = ClickStore(valkey, hot_days=3)
    for race in races:
        found = [await store.find(click_id, "lab") for click_id in {one for tab in race for one in tab.click_ids}]
        assert [click.superseded_at if click else "lost" for click in found].count(None) == 1, found
    await valkey.aclose()


async def _two_tabs(browsers: AsyncExitStack, tracker: RunningTracker, session: str) -> tuple[Tab, Tab]:
    """Of a browser that has been here before."""
    shopper, partner, browser_id = session.split("/")
    browser = await browsers.enter_async_context(new_browser(headers={"User-Agent": DESKTOP}))
    browser.cookie_jar.update_cookies(Passes(tracker).known(browser_id), URL(tracker.url))
    link = tracker.link(shopper, partner)
    return Tab(browser, link, TABS[0]), Tab(browser, link, TABS[1])


async def _sessions(tracker: RunningTracker, among: set[str]) -> Counter[str]:
    """How many are open, by shopper, partner and browser: keys hold a digest of the three."""
    names = {blake2b(name.encode(), digest_size=8).digest(): name for name in among}
    valkey = open_node(tracker.valkey_url)
    found = [key async for key in valkey.scan_iter("s{*}*", count=1000)]
    await valkey.aclose()
    return Counter(names[key[5:]] for key in found if key[5:] in names)
