"""One tab and one session, as a browser meets them at the click-out (docs/rules.md, S-01 and S-02)."""

from datetime import timedelta

import pytest

from tests.browsing import BLOCKER_ON, is_checks_page
from tests.redirect.setting import Setting
from tracker.core.reasons import Reason

TAB_B = "b" * 16


async def test_ae_38_a_second_tab_is_not_sent_on_and_the_first_click_stays_good(setting: Setting) -> None:
    first = await setting.go(s=setting.link())
    setting.now += 300
    page = await setting.go(stay=True)
    assert is_checks_page(page.text)
    stopped = await setting.check(page, tab=TAB_B)
    assert (stopped.location, 'data-act="over"' in stopped.text) == ("", True)
    click = await setting.find(first.click_id)
    assert click is not None
    assert (click.refusals, click.superseded_at) == ((), None)

    without = await setting.check(page, tab=TAB_B, act="anyway")
    assert await setting.refusals(without.click_id) == (Reason.SECOND_TAB,)
    assert (await setting.check(page)).click_id  # the first tab is still free to click again


async def test_ae_39_starting_over_supersedes_the_first_click(setting: Setting) -> None:
    first = await setting.go(s=setting.link())
    setting.now += 300
    page = await setting.go(stay=True)
    second = await setting.check(page, tab=TAB_B, act="over")
    superseded, current = await setting.find(first.click_id), await setting.find(second.click_id)
    assert superseded is not None
    assert current is not None
    assert superseded.superseded_at == current.clicked_at
    assert (current.refusals, current.superseded_at) == ((), None)
    assert (await setting.facts())[-1].supersedes == [first.click_id]


async def test_starting_over_never_skips_what_else_was_found(setting: Setting) -> None:
    await setting.go(s=setting.link())
    setting.now += 300
    page = await setting.go(stay=True)
    assert (await setting.check(page, tab=TAB_B, act="over", **BLOCKER_ON)).location == ""


async def test_ae_40_another_partner_in_another_tab_is_fine(setting: Setting) -> None:
    first = await setting.go("lab", s=setting.link(for_partner="*"))
    second = await setting.go("piz", tab=TAB_B)
    for click_id, partner_id in ((first.click_id, "lab"), (second.click_id, "piz")):
        click = await setting.find(click_id, partner_id)
        assert click is not None
        assert (click.refusals, click.superseded_at) == ((), None)


async def test_the_same_tab_may_click_again(setting: Setting) -> None:
    first = await setting.go(s=setting.link())
    setting.now += 300
    second = await setting.go()
    assert second.asked
    assert second.click_id not in ("", first.click_id)
    click = await setting.find(first.click_id)
    assert click is not None
    assert click.superseded_at is None


async def test_ae_42_what_was_open_ended_with_the_browser(setting: Setting) -> None:
    first = await setting.go(s=setting.link())
    setting.now += timedelta(hours=1).total_seconds()
    del setting.jar["pass"]  # as a browser forgets it when it is closed
    second = await setting.go(tab=TAB_B)
    assert second.click_id not in ("", first.click_id)
    click = await setting.find(first.click_id)
    assert click is not None
    assert click.superseded_at is None


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_tab_that_was_opened_before_the_first_one_s_answer_came_is_a_second_tab(
    setting: Setting, arrived: bool
) -> None:
    setting.jar["browser"] = setting.tokens.make_browser_cookie("b" * 20, setting.now)
    first = await setting.go(s=setting.link(), stay=True)
    setting.now += 0.7
    assert (await setting.check(first)).click_id
    pass_ = setting.jar.pop("pass")  # the other tab's request was sent before
    setting.now += 0.1  # a second has begun
    second = await setting.go(s=setting.link(), stay=True)
    if arrived:
        setting.jar["pass"] = pass_
    assert (await setting.check(second, tab=TAB_B)).location == ""


async def test_ae_42_it_ended_with_the_browser_also_when_another_shop_was_opened_first(setting: Setting) -> None:
    await setting.go("lab", s=setting.link(for_partner="*"))
    setting.now += timedelta(hours=1).total_seconds()
    del setting.jar["pass"]
    await setting.go("piz", tab=TAB_B)
    setting.now += 60
    assert (await setting.go("lab", stay=True)).click_id  # and one redirect is enough


async def test_two_first_tabs_of_a_new_browser_are_one_browser(setting: Setting) -> None:
    link = setting.link()
    first = await setting.go(s=link, stay=True)
    named = dict(setting.jar)
    setting.jar.clear()  # the second tab asked before that answer came
    second = await setting.go(s=link, stay=True)
    later = dict(setting.jar)
    setting.jar = named
    assert (await setting.check(first)).click_id
    setting.jar |= later
    setting.now += 1
    assert (await setting.check(second, tab=TAB_B)).location == ""
