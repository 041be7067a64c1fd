"""The checks page in real browsers: what it says of each, and that nobody is stuck in it, whatever breaks."""

import time
from functools import partial

import pytest
from playwright.async_api import Playwright

from browser_tests.browser import Browser, Tab, opened_by, until, until_at
from browser_tests.chromium import Chromium, chromium
from browser_tests.conftest import need_firefox
from browser_tests.firefox import BLOCK_COOKIES, Firefox, firefox
from browser_tests.pages import Pages
from browser_tests.proxy import Fault
from browser_tests.world import World, click_id_in

BAITS = ("/ads-front.min.js", "/x_468x60_y.json")
CONTROLS = ("/checks/control.js", "/checks/control.json")
NO_SCRIPTS = {"profile": {"default_content_setting_values": {"javascript": 2}}}
SHOWN = "a => a && a.checkVisibility({visibilityProperty: true})"
WAY_OUT = f"return [...document.querySelectorAll('main a[href*=\".shop.localhost\"]')].some({SHOWN})"


async def test_the_next_click_of_a_browser_that_passed_is_one_redirect(shared: Browser, world: World) -> None:
    name = f"pass-{shared.name}"
    tab = await shared.open(world.link(name))
    assert await world.until_at_shop(tab)
    since = time.monotonic()
    await tab.goto(world.link(name, "piz"))
    assert await world.until_at_shop(tab, "piz")
    assert world.proxy.seen("POST", "/check", since) == []
    # The same shop again in the same tab: the page looks whose tab it is, and stops nobody. Within 2 s it is one click.
    await tab.goto(world.link(name))
    assert await world.until_at_shop(tab)
    assert len(world.proxy.seen("POST", "/check", since)) == 1


async def test_the_page_leaves_no_trace_in_the_history(shared: Browser, world: World, pages: Pages) -> None:
    banner = pages.show("cashback", "/", f"<!doctype html><title>Banner</title><a href='{world.link()}'>to LAB</a>")
    tab = await shared.open(banner)
    await tab.click("a")
    await world.until_at_shop(tab)
    await tab.back()
    await until_at(tab, banner)


@pytest.mark.parametrize(
    ("fault", "paths"),
    [
        (Fault(status=500), BAITS),
        (Fault(status=404), BAITS),
        (Fault(gone=True), BAITS + CONTROLS),
        (Fault(delay=10), BAITS + CONTROLS),
        (Fault(delay=10), BAITS),
        (Fault(gone=True), CONTROLS),
    ],
    ids=["500", "404", "all gone", "all slow", "slow", "controls gone"],
)
async def test_baits_that_cannot_be_had_are_no_blocker(
    shared: Browser, world: World, fault: Fault, paths: tuple[str, ...]
) -> None:
    tab = await shared.open()
    world.proxy.faults.update(dict.fromkeys(paths, fault))
    try:
        began = time.monotonic()
        await tab.goto(world.link(banner="no-baits"))
        click_id = await world.until_at_shop(tab)
        took = time.monotonic() - began
    finally:
        world.proxy.faults.clear()
    assert took < 3
    assert (await world.order(click_id))["reasons"] == []


@pytest.mark.parametrize("path", ["/checks/page.js", "/go/lab/check"], ids=["script", "answer"])
async def test_the_shop_is_one_link_away_within_3_seconds_when_we_fail(
    browser: Browser, world: World, path: str
) -> None:
    """In a new browser: another may have kept the script."""
    for fault in (Fault(delay=20), Fault(status=503), Fault(gone=True)):
        tab = await browser.open()
        with world.proxy.broken(path, fault):
            began = time.monotonic()
            # Not typed: a slow script would keep the driver waiting for the page's end.
            await tab.run(f"setTimeout(() => location.href = '{world.link()}')")
            await until(partial(tab.run, WAY_OUT))
            assert time.monotonic() - began < 3, fault
            await tab.shot(f"failed-{path.rpartition('/')[2]}")
            await tab.run(f"[...document.querySelectorAll('main a[href*=\".shop.localhost\"]')].find({SHOWN}).click()")
            assert await world.until_at_shop(tab) == "", "nothing was recorded, so no cashback is promised"


async def test_all_findings_are_told_together(ublock: Firefox, world: World) -> None:
    await ublock.set(BLOCK_COOKIES)
    try:
        tab = await ublock.open(world.link())
        words = await world.until_stopped(tab)
        await tab.shot("together")
    finally:
        await ublock.reset(BLOCK_COOKIES)
    assert "blocker" in words
    assert "ookies" in words
    assert await tab.run("return document.querySelectorAll('#result section').length") == 2


async def test_a_guess_only_warns_and_the_shopper_may_overrule_it(driver: Playwright, world: World) -> None:
    """Chromium off the record, as an incognito window is. The guess may fail; one retry."""
    async with chromium(driver) as started:
        for attempt in ("first", "second"):
            tab = await started.open(private=True)
            look = await world.look(tab, world.link())
            if look.sent["private"]["verdict"] == "private" or attempt == "second":
                break
        words = await world.until_stopped(tab, "overrule")
        await tab.shot("warned")
        assert "incognito" in words.lower() or "private" in words.lower()
        await tab.click("#result [data-act=overrule]")
        order = await world.order(await world.until_at_shop(tab))
    assert (order["cashback"], order["reasons"]) == (50, [])


async def test_a_copy_of_the_tab_is_seen_as_a_copy(shared: Browser, world: World) -> None:
    name = f"copy-{shared.name}"
    await world.until_at_shop(await shared.open(world.link(name)))
    second = await shared.open()
    original = await world.look(second, world.link(name))
    await world.until_stopped(second, "over")
    since = time.monotonic()
    await opened_by(shared, lambda: shared.duplicate(second))
    copy = await world.next_look(since)
    assert copy.sent["copied"]
    assert copy.sent["tab"] not in ("", original.sent["tab"])


async def without_script(world: World, tab: Tab, name: str) -> None:
    await tab.goto(world.link(banner=f"no-script-{name}"))
    await tab.shot("no-script")
    await tab.click("a.act")

    async def arrived() -> str:
        address = await tab.address()  # nothing can be asked of a page without script
        return address if address.startswith(world.shop()) else ""

    click_id = click_id_in(await until(arrived))
    assert (await world.order(click_id))["reasons"] == ["not_checked"]
    [click] = await world.clicks(f"no-script-{name}", 1)
    assert (click["outcome"], click["refusals"]) == ("go", ["not_checked"])


async def test_without_script_chromium_goes_on_without_cashback(driver: Playwright, world: World) -> None:
    async with chromium(driver, preferences=NO_SCRIPTS) as started:
        await without_script(world, await started.open(), "chromium")


async def test_without_script_firefox_goes_on_without_cashback(world: World) -> None:
    need_firefox()
    async with firefox(preferences={"javascript.enabled": False}) as started:
        await without_script(world, await started.open(), "firefox")


async def test_what_is_no_click_records_none(driver: Playwright, world: World, pages: Pages) -> None:
    """Prefetch, speculation, frames and pictures; then a click by hand."""
    link = world.link(banner="no-click")
    rules = f'{{"prefetch": [{{"source": "list", "urls": ["{link}"], "eagerness": "immediate"}}]}}'
    address = pages.show(
        "cashback",
        "/ahead",
        f"<!doctype html><title>Ahead</title><link rel=prefetch href='{link}'>"
        f"<script type=speculationrules>{rules}</script>"
        f"<iframe src='{link}'></iframe><img src='{link}' alt=''><a id=go href='{link}'>go</a>",
    )
    async with chromium(driver) as started:
        tab = await started.open()
        since = time.monotonic()
        await tab.goto(address)

        async def all_asked() -> bool:
            asked = {
                (one.headers.get("Sec-Fetch-Dest", ""), one.headers.get("Sec-Purpose", ""))
                for one in world.proxy.seen("GET", "/go/lab", since)
            }
            return {("empty", "prefetch"), ("document", "prefetch"), ("iframe", ""), ("image", "")} <= asked

        await until(all_asked)
        assert {one.status for one in world.proxy.seen("GET", "/go/lab", since)} <= {302, 503}
        assert world.proxy.seen("POST", "/check", since) == []
        await tab.click("#go")
        assert await world.until_at_shop(tab)

    async def shipped() -> list[str]:
        rows = await world.query("SELECT outcome FROM clicks WHERE banner = 'no-click'")
        outcomes = [row["outcome"] for row in rows]
        return outcomes if len(outcomes) >= 5 else []

    assert sorted(await until(shipped, 30))[:5] == ["again", "again", "go", "plain", "plain"]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["ru-RU", "en-GB"])
async def test_the_page_fits_and_can_be_used_by_keyboard(
    driver: Playwright, world: World, language: str, width: int
) -> None:
    async with chromium(driver, preferences={"intl": {"accept_languages": language}}) as started:
        await world.until_at_shop(await started.open(world.link(f"looks-{language}-{width}")))
        tab = await sized(started, width)
        await tab.goto(world.link(f"looks-{language}-{width}"))
        await world.until_stopped(tab, "over")
        await tab.shot(f"second-tab-{language}-{width}")
        assert await tab.run("return document.documentElement.scrollWidth <= innerWidth")
        assert await tab.run("return [...document.querySelectorAll('h1')].filter(h => h.checkVisibility()).length") == 1
        assert await tab.run("return document.activeElement.tagName") == "H1", "a reader hears what was found"
        assert await tab.run("return document.documentElement.lang") == language[:2]


async def sized(started: Chromium, width: int) -> Tab:
    page = await started.context.new_page()
    await page.set_viewport_size({"width": width, "height": 800})
    return next(tab for tab in await started.tabs() if getattr(tab, "page", None) is page)
