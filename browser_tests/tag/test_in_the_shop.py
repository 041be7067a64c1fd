"""The tag as a guest of the shop: what it finds there, what it survives, and that it breaks nothing."""

import os
import time

import pytest

from browser_tests.browser import Browser, opened_by, until, until_at
from browser_tests.chromium import CHROMIUM, agent
from browser_tests.firefox import Firefox
from browser_tests.processes import BrowserProcess, profile_folder
from browser_tests.shop import PARTNER, Shop, buy, land
from browser_tests.ublock import trust
from tracker.core.click import TabFinding


async def test_the_same_text_inline_reports_the_same(browser: Browser, shop: Shop) -> None:
    shop.inline = True
    tab = await land(browser, shop)

    assert await buy(tab, shop, "A-1") == TabFinding.SAME_TAB


async def test_the_shop_without_a_blocker_says_so_and_with_the_time(browser: Browser, shop: Shop) -> None:
    shop.baits = True
    tab = await land(browser, shop)
    await buy(tab, shop, "A-1")

    blocker, cookies = (await shop.reported("A-1")).checks
    assert blocker[:4] == ("ad_blocker", "ok", "medium", "script:ok fetch:ok controls:ok")
    assert 0 < blocker[4] < 1500
    assert cookies[:4] == ("cookies", "ok", "high", "script:ok")


async def test_baits_that_the_shop_does_not_serve_are_no_blocker(browser: Browser, shop: Shop) -> None:
    shop.baits = True
    shop.missing = {"ads-front.min.js", "x_468x60_y.json"}
    tab = await land(browser, shop)
    await buy(tab, shop, "A-1")

    assert (await shop.reported("A-1")).checks[0][1] == "unknown"


async def test_ublock_is_seen_on_the_shop_s_own_pages_and_the_report_arrives(ublock: Firefox, shop: Shop) -> None:
    """Also when the shopper trusts our host, so that the checks before the click saw nothing."""
    shop.baits = True
    await trust(ublock, "tracker.localhost")
    tab = await land(ublock, shop)

    assert await buy(tab, shop, "A-1") == TabFinding.SAME_TAB
    assert (await shop.reported("A-1")).checks[0][:4] == (
        "ad_blocker", "found", "high", "script:blocked fetch:blocked controls:ok",
    )  # fmt: skip


async def test_a_blocker_at_landing_still_counts_when_it_is_switched_off_for_the_order(
    ublock: Firefox, shop: Shop
) -> None:
    shop.baits = True
    tab = await land(ublock, shop)
    await trust(ublock, "shop.localhost")
    await tab.goto(shop.url())
    await buy(tab, shop, "A-1")

    assert (await shop.reported("A-1", final=False)).checks[0][1] == "found"
    assert (await shop.reported("A-1")).checks[0][1] == "found"


async def test_a_page_that_is_only_prerendered_reports_nothing_until_it_is_shown(shop: Shop) -> None:
    """In Chromium without a driver: with one it prerenders nothing. The landing page walks on by itself."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    shop.prerenders = True
    switches = [f"--user-agent={agent()}", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    with profile_folder() as folder:
        command = [CHROMIUM, *switches, f"--user-data-dir={folder}", shop.landing(shop.click_id())]
        process = BrowserProcess(command, folder / "output.log", os.environ)
        try:
            report = await shop.reported("A-1")
        finally:
            process.end()

    assert report.tab == TabFinding.SAME_TAB
    assert shop.asked.index("/prerendering") < shop.asked.index("/leaving")
    reported = [place for place, path in enumerate(shop.asked) if path == "/tag"]
    assert len(reported) == len(shop.reports) == 3  # the landing, the order at once, the order finally
    assert reported[0] < shop.asked.index("/leaving") < reported[1]


async def test_the_report_survives_closing_the_page_at_once(browser: Browser, shop: Shop) -> None:
    shop.inline = True
    tab = await land(browser, shop)
    await tab.goto(shop.url("/done?order=A-1"))
    await tab.close()

    assert (await shop.reported("A-1", final=False)).tab == TabFinding.UNKNOWN


async def test_a_report_without_an_answer_is_sent_once_more_when_the_page_goes(browser: Browser, shop: Shop) -> None:
    tab = await land(browser, shop)
    shop.state = "silent"
    await tab.goto(shop.url("/done?order=A-1"))

    async def both() -> bool:
        return [one.final for one in shop.sent if one.order_id] == [False, True]

    await until(both)
    shop.state = "up"
    await tab.goto(shop.url("/basket"))

    await shop.reported("A-1")
    await shop.reported("A-1", final=False)
    ids = [one.report_id for one in shop.sent if one.order_id]
    assert len(ids) == 4
    assert len(set(ids)) == 2


async def test_a_page_that_confirms_without_loading_inserts_the_tag_again(browser: Browser, shop: Shop) -> None:
    tab = await land(browser, shop)
    await tab.run(
        f"""const tag = document.createElement("script")
        tag.src = "{shop.tracker}/tag.js"
        Object.assign(tag.dataset, {{ partner: "{PARTNER}", order: "A-1" }})
        history.pushState(null, "", "/done")
        document.head.append(tag)"""
    )

    assert (await shop.reported("A-1")).tab == TabFinding.SAME_TAB
    assert len([one for one in shop.reports if one.kind == "landing"]) == 1


async def test_a_click_id_is_found_after_the_shop_s_router_cleaned_the_address(browser: Browser, shop: Shop) -> None:
    shop.cleans = True
    tab = await land(browser, shop)

    assert await tab.address() == shop.url()
    assert await buy(tab, shop, "A-1") == TabFinding.SAME_TAB


@pytest.mark.parametrize("state", ["silent", "failing", "gone"])
@pytest.mark.parametrize("inline", [True, False], ids=["inline", "external"])
async def test_the_shop_does_not_notice_that_we_are_away(
    browser: Browser, shop: Shop, state: str, *, inline: bool
) -> None:
    shop.state, shop.inline = state, inline
    began = time.monotonic()
    tab = await browser.open(shop.landing(shop.click_id()))
    await tab.goto(shop.url("/done?order=A-1"))

    assert time.monotonic() - began < 3
    assert await tab.run("return document.querySelector('h1').textContent") == "/done A-1"
    assert await tab.run("return document.body.children.length") == 7  # it shows nothing of its own
    assert shop.reports == []


async def test_the_page_stays_in_the_back_forward_cache(browser: Browser, shop: Shop) -> None:
    """Typed, not clicked: a click of Marionette's alone keeps a page out of that cache. A busy browser may drop a page
    from it all the same, once; a page that may not be in it never is."""
    tab = await land(browser, shop)
    for _ in range(3):
        await tab.goto(shop.url("/basket"))
        await tab.back()
        await until_at(tab, shop.url("/?"))
        if await tab.run("return restored"):
            break

    assert await tab.run("return restored")
    copy = await opened_by(browser, lambda: tab.click("#opener"))  # and it answers again
    await until_at(copy, shop.url("/basket"))
    assert await buy(copy, shop, "A-1") == TabFinding.COPIED


async def test_a_policy_that_names_us_lets_the_tag_work(browser: Browser, shop: Shop) -> None:
    shop.policy = f"default-src 'none'; script-src {shop.tracker} 'self'; connect-src {shop.tracker} 'self'"
    shop.baits = True
    tab = await land(browser, shop)

    assert await buy(tab, shop, "A-1") == TabFinding.SAME_TAB
    assert (await shop.reported("A-1")).checks[0][1] == "ok"


async def test_a_policy_that_forbids_us_breaks_nothing(browser: Browser, shop: Shop) -> None:
    shop.policy = "script-src 'self'; connect-src 'none'"
    tab = await browser.open(shop.landing(shop.click_id()))
    await tab.goto(shop.url("/done?order=A-1"))

    assert await tab.run("return document.querySelector('h1').textContent") == "/done A-1"
    assert shop.reports == []
