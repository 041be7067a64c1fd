"""The browsers themselves: what the checks and the tag rest on is still so in the versions that are installed."""

from functools import partial

import pytest
from aiohttp import web
from playwright.async_api import Playwright

from browser_tests.browser import Browser, opened_by, until, until_at
from browser_tests.chromium import BLOCK_COOKIES as CHROMIUM_BLOCKS_COOKIES
from browser_tests.chromium import STAND_IN_BLOCKER, chromium
from browser_tests.conftest import need_firefox
from browser_tests.firefox import BLOCK_COOKIES as FIREFOX_BLOCKS_COOKIES
from browser_tests.firefox import Firefox, firefox
from browser_tests.pages import Pages
from browser_tests.ublock import trust

EMPTY = "<!doctype html><title>Empty</title><a href='/next'>next</a>"
WRITE_AND_READ = "document.cookie = 'probe=1'; return document.cookie.includes('probe=1')"
FETCH_BAIT = "return fetch('/x_468x60_y.json?' + Math.random()).then(() => 'ok', () => 'blocked')"


async def test_ublock_drops_a_beacon_silently_and_lets_a_keepalive_fetch_through(ublock: Firefox, pages: Pages) -> None:
    pages.asked.clear()
    tab = await ublock.open(pages.show("shop", "/", EMPTY))
    there = pages.url("tracker", "")
    assert await tab.run(f"return navigator.sendBeacon('{there}/beacon', 'x')"), "so it tells the page"
    await tab.run(f"fetch('{there}/kept', {{method: 'POST', mode: 'no-cors', keepalive: true, body: 'x'}})")
    assert (await pages.until_asked("/kept")).body == "x"
    assert pages.hits("/beacon") == []


async def test_a_beacon_arrives_where_nothing_blocks_it(shared: Browser, pages: Pages) -> None:
    pages.asked.clear()
    tab = await shared.open(pages.show("shop", "/", EMPTY))
    await tab.run(f"return navigator.sendBeacon('{pages.url('tracker', '/beacon')}', 'x')")
    await pages.until_asked("/beacon")


async def test_ublock_trusts_whom_it_is_told_to_trust(ublock: Firefox, pages: Pages) -> None:
    tab = await ublock.open(pages.show("tracker", "/", EMPTY))
    other = await ublock.open(pages.show("shop", "/", EMPTY))
    assert await tab.run(FETCH_BAIT) == "blocked"
    await trust(ublock, "tracker.localhost")

    async def clear() -> bool:
        return bool(await tab.run(FETCH_BAIT) == "ok")

    await until(clear)
    assert await other.run(FETCH_BAIT) == "blocked"


async def test_nothing_is_blocked_in_a_browser_as_it_comes(shared: Browser, pages: Pages) -> None:
    tab = await shared.open(pages.show("shop", "/", EMPTY))
    assert await tab.run(FETCH_BAIT) == "ok"
    assert await tab.run(WRITE_AND_READ)


async def test_the_stand_in_blocks_in_chromium(driver: Playwright, pages: Pages) -> None:
    async with chromium(driver, extensions=[STAND_IN_BLOCKER]) as started:
        tab = await started.open(pages.show("shop", "/", EMPTY))

        async def blocked() -> bool:
            return bool(await tab.run(FETCH_BAIT) == "blocked")

        await until(blocked)


async def test_blocked_cookies_are_really_blocked(driver: Playwright, pages: Pages) -> None:
    def with_cookie(_: web.Request) -> web.Response:
        answer = web.Response(text=EMPTY, content_type="text/html")
        answer.set_cookie("theirs", "1")
        return answer

    address = pages.show("shop", "/cookie", with_cookie)
    need_firefox()
    async with (
        chromium(driver, preferences=CHROMIUM_BLOCKS_COOKIES) as one,
        firefox(preferences=FIREFOX_BLOCKS_COOKIES) as other,
    ):
        for started in (one, other):
            pages.asked.clear()
            tab = await started.open(address)
            assert not await tab.run(WRITE_AND_READ)
            await tab.reload()
            first, second = pages.hits("/cookie")
            assert "Cookie" not in first.headers
            assert "Cookie" not in second.headers
            with pytest.raises(Exception, match=r"SecurityError|insecure|denied"):
                await tab.run("return sessionStorage.length")
        assert await (await one.open(address)).run("return navigator.cookieEnabled"), "Chromium tells so"


async def test_a_private_window_of_firefox_keeps_no_files(pages: Pages) -> None:
    need_firefox()
    ask = "return navigator.storage.getDirectory().then(() => 'normal', error => error.name)"
    address = pages.show("shop", "/", EMPTY)
    async with firefox() as started:
        assert await (await started.open(address)).run(ask) == "normal"
        private = await started.open(address, private=True)
        assert await private.run(ask) == "SecurityError"


async def test_a_duplicate_tab_copies_the_storage_of_a_session_and_a_new_tab_does_not(
    shared: Browser, pages: Pages
) -> None:
    address = pages.show("shop", "/", EMPTY)
    tab = await shared.open(address)
    await tab.run("sessionStorage.mine = 'kept'")
    copy = await opened_by(shared, lambda: shared.duplicate(tab))
    await until_at(copy, address)
    assert await until(partial(copy.run, "return sessionStorage.mine")) == "kept"

    by_key = await opened_by(shared, lambda: tab.click("a", ctrl=True))
    await until_at(by_key, pages.url("shop", "/next"))
    assert await by_key.run("return sessionStorage.mine || null") is None

    await copy.close()
    again = await opened_by(shared, shared.reopen)
    await until_at(again, address)
    assert await until(partial(again.run, "return sessionStorage.mine")) == "kept"


async def test_a_page_comes_back_from_memory(shared: Browser, pages: Pages) -> None:
    address = pages.show("shop", "/", EMPTY + "<script>addEventListener('pageshow', e => kept = e.persisted)</script>")
    tab = await shared.open(address)
    await tab.goto(pages.show("shop", "/next", EMPTY))
    await tab.back()
    await until_at(tab, address)
    assert await tab.run("return kept")
