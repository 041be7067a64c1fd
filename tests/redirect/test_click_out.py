"""What happens to a shopper who clicks a banner, and to whatever else asks for the same address."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from redis.asyncio import Redis

from tests.agents import DESKTOP, PHONE
from tests.redirect.setting import NOW, SHOPPER, Setting, open_setting
from tracker.core.click import Check, Device, Finding, Surface
from tracker.core.reasons import ClickReason, Reason
from tracker.telemetry import CLICK_PAGES, DOUBLE_CLICKS


async def test_a_signed_link_leads_to_the_partner_with_a_signed_click_id_that_is_found_again(setting: Setting) -> None:
    gone = await setting.go(s=setting.link(), b="top-1", surface="app")

    assert gone.status == 302
    assert gone.answer.headers["Cache-Control"] == "no-store"
    assert gone.location == f"https://ad.network.example/lab?subid4={gone.click_id}&ulp=https%3A%2F%2Flab.example%2F"
    assert setting.click_ids.read(gone.click_id, "lab") == gone.click_id
    assert setting.click_ids.read(gone.click_id, "piz") is None
    click = await setting.find(gone.click_id)
    assert click is not None
    assert (click.partner_id, click.shopper_id, click.clicked_at) == ("lab", SHOPPER, NOW)
    assert (click.terms_version, click.surface, click.device) == ("lab-1", Surface.APP, Device.DESKTOP)
    assert (click.refusals, click.traffic, click.superseded_at) == ((), (), None)
    assert {(result.check, result.finding) for result in click.checks} == {(one, Finding.OK) for one in Check}


async def test_the_fact_for_analysts_holds_no_address_no_agent_and_no_address_of_the_page_before(
    setting: Setting,
) -> None:
    await setting.go(s=setting.link(), b="top-1", headers={"Referer": "https://news.example/story?session=secret"})

    [fact] = await setting.facts()
    assert (fact.outcome, fact.banner, fact.rate, fact.address_net) == (
        "go",
        "top-1",
        Decimal("0.05"),
        "203.0.113.0/24",
    )
    assert (fact.referer_host, fact.browser_family, fact.os_family) == ("news.example", "Chrome", "Windows")
    assert fact.address_hash != 0
    assert fact.user_agent_hash != 0
    assert "203.0.113.9" not in repr(fact)
    assert "Mozilla" not in repr(fact)
    assert "secret" not in repr(fact)


async def test_a_deep_link_is_handed_on_byte_for_byte(setting: Setting) -> None:
    deep = "https://www.lab.example/p/1?a=b%20c&d=%2F..%2F#x"
    gone = await setting.go(s=setting.link(), url=deep)

    assert parse_qs(urlsplit(gone.location).query)["ulp"] == [deep]


async def test_without_an_id_a_deep_link_is_the_location_byte_for_byte(setting: Setting) -> None:
    """As aiohttp's own redirects write it, it would be another one: `/c`, `'`."""
    deep = "https://www.lab.example/a%2Fb/../c?x=%27&y=%7E#z"
    gone = await setting.go(s=setting.link(), url=deep, agent="curl/8.5.0")

    assert gone.location == deep


@pytest.mark.parametrize(
    "deep", ["https://evil.example/", "//evil.example", "https://lab.example\\@evil.example", "https://lab.example:8/"]
)
async def test_a_deep_link_to_elsewhere_is_refused_and_leads_nowhere(setting: Setting, deep: str) -> None:
    gone = await setting.go(s=setting.link(), url=deep)

    assert (gone.status, gone.location) == (400, "")
    assert "evil" not in gone.text.partition("<main>")[2]
    assert await setting.facts() == []


async def test_a_parameter_that_stands_twice_is_refused(setting: Setting) -> None:
    async with setting.client.get(
        f"/go/lab?s={setting.link()}&url=https://lab.example/&url=https://lab.example/2", allow_redirects=False
    ) as answer:
        assert answer.status == 400
        assert (await answer.json())["code"] == "ambiguous"


async def test_an_unknown_partner_is_a_page_that_says_so(setting: Setting) -> None:
    gone = await setting.go("nobody")

    assert (gone.status, gone.location) == (404, "")
    assert "Такого магазина у нас нет" in gone.text


# Who goes


async def test_the_second_click_needs_no_link(setting: Setting) -> None:
    await setting.go(s=setting.link())
    setting.now += 60
    gone = await setting.go("piz")

    assert gone.status == 302
    click = await setting.find(gone.click_id, "piz")
    assert click is not None
    assert click.shopper_id == SHOPPER
    browsers = {fact.browser_id for fact in await setting.facts()}
    assert len(browsers) == 1


async def test_without_a_shopper_the_page_offers_to_sign_in_or_to_go_on_without_cashback(setting: Setting) -> None:
    page = await setting.go(b="top-1", url="https://lab.example/p")
    assert (page.status, page.location, page.cookies) == (200, "", [])
    assert "Войти и получить кэшбэк" in page.text
    back = "http%3A%2F%2Fcashback.example%2Fgo%2Flab%3Furl%3Dhttps%253A%252F%252Flab.example%252Fp%26b%3Dtop-1"
    assert f"https://programme.example/sign-in?back={back}" in page.text
    assert await setting.facts() == []

    gone = await setting.go(b="top-1", url="https://lab.example/p", go="1")
    assert gone.status == 302
    click = await setting.find(gone.click_id)
    assert click is not None
    assert (click.shopper_id, click.refusals) == (None, (Reason.NO_SHOPPER,))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda link: link[:-1] + ("A" if link[-1] != "A" else "B"),
        lambda link: "x" + link,
        lambda link: link.split(".")[0],
        lambda _: "forged",
    ],
)
async def test_ae_43_a_link_with_one_character_changed_goes_nowhere(setting: Setting, spoil: object) -> None:
    assert callable(spoil)
    page = await setting.go(s=spoil(setting.link()))

    assert (page.status, page.location) == (200, "")
    assert "Ссылка больше не действует" in page.text


async def test_ae_43_a_cookie_with_one_character_changed_is_no_cookie(setting: Setting) -> None:
    await setting.go(s=setting.link())
    token = setting.jar["shopper"]
    setting.jar["shopper"] = token[:-1] + ("A" if token[-1] != "A" else "B")

    page = await setting.go()
    assert (page.status, page.location) == (200, "")


async def test_a_link_of_another_partner_or_older_than_a_day_is_told_to_be_no_longer_valid(setting: Setting) -> None:
    assert "Ссылка больше не действует" in (await setting.go("piz", s=setting.link(for_partner="lab"))).text
    link = setting.link()
    setting.now += timedelta(hours=24, seconds=1).total_seconds()
    assert "Ссылка больше не действует" in (await setting.go(s=link)).text


async def test_a_link_never_replaces_another_shopper_who_is_signed_in(setting: Setting) -> None:
    await setting.go(s=setting.link())
    setting.now += 60

    page = await setting.go(s=setting.link("thief"))
    assert "Ссылка другого участника" in page.text
    assert (page.location, page.cookies) == ("", [])

    gone = await setting.go(s=setting.link("thief"), go="1")
    click = await setting.find(gone.click_id)
    assert click is not None
    assert click.shopper_id == SHOPPER


@pytest.mark.parametrize(("site", "becomes"), [("same-origin", "second"), ("cross-site", None), ("", None)])
async def test_only_our_own_page_can_switch_the_shopper(setting: Setting, site: str, becomes: str | None) -> None:
    await setting.go(s=setting.link())
    setting.now += 60

    gone = await setting.go(s=setting.link("second"), switch="1", headers={"Sec-Fetch-Site": site})
    if becomes is None:
        assert (gone.status, gone.location) == (200, "")
    else:
        click = await setting.find(gone.click_id)
        assert click is not None
        assert click.shopper_id == becomes
        setting.now += 60
        assert (await setting.go("piz")).status == 302


# Cookies


@pytest.mark.parametrize(
    ("public_url", "prefix", "secure"), [("https://cashback.example", "__Host-", "; Secure"), ("http://x", "", "")]
)
async def test_cookies_have_exactly_these_attributes(valkey: Redis, public_url: str, prefix: str, secure: str) -> None:
    async with open_setting(valkey, public_url=public_url) as setting:
        page = await setting.go(s=setting.link(), stay=True)
        cookies = page.cookies + (await setting.check(page)).cookies

    assert [cookie.partition(";")[2] for cookie in cookies] == [
        f" Max-Age=7776000; Path=/; HttpOnly; SameSite=Lax{secure}",
        f" Max-Age=86400; Path=/; HttpOnly; SameSite=Lax{secure}",
        f" Path=/; HttpOnly; SameSite=Lax{secure}",  # ends with the browser
    ]
    names = [cookie.partition("=")[0] for cookie in cookies]
    assert names == [f"{prefix}browser", f"{prefix}shopper", f"{prefix}pass"]


async def test_a_click_without_a_link_sets_no_cookie_again(setting: Setting) -> None:
    await setting.go(s=setting.link())
    setting.now += 60
    assert (await setting.go("piz")).cookies == []


@pytest.mark.parametrize("link", ["expired", "forged", "another partner's"])
async def test_a_link_that_is_not_valid_prolongs_no_sign_in(setting: Setting, link: str) -> None:
    old = setting.link()
    await setting.go(s=old)
    other = setting.link(for_partner="piz")
    for _ in range(2):  # as long as one sign-in lasts
        setting.now += timedelta(hours=11).total_seconds()
        gone = await setting.go(s=setting.link())
        assert [cookie.partition("=")[0] for cookie in gone.cookies] == ["shopper", "pass"]
    setting.now += timedelta(hours=3).total_seconds()

    gone = await setting.go(s={"expired": old, "forged": "forged", "another partner's": other}[link])
    assert gone.status == 302
    assert [cookie.partition("=")[0] for cookie in gone.cookies] == ["pass"]


# Double clicks


async def test_a_double_click_is_one_click_with_one_id(setting: Setting) -> None:
    first = await setting.go(s=setting.link())
    setting.now += 1.9
    second = await setting.go(s=setting.link())

    assert second.status == 302
    assert second.click_id == first.click_id
    assert len(await setting.facts()) == 1
    assert setting.telemetry.value(DOUBLE_CLICKS) == 1


async def test_a_double_click_is_one_also_when_the_first_answer_never_arrived(setting: Setting) -> None:
    page = await setting.go(s=setting.link(), stay=True)
    first = await setting.check(page)
    assert (await setting.check(page)).click_id == first.click_id


async def test_a_double_click_on_a_banner_is_one_click_when_the_browser_has_passed(setting: Setting) -> None:
    await setting.go("piz", s=setting.link(for_partner="*"))
    setting.now += 60
    first, second = await setting.go("lab", stay=True), await setting.go("lab", stay=True)
    assert (first.status, first.asked) == (302, False)
    assert second.click_id == first.click_id


async def test_a_browser_goes_by_the_name_of_its_pass_and_keeps_that_name(setting: Setting) -> None:
    """Two first tabs were given two: the one that passed stays, and its cookie is written with the next page."""
    setting.passed("b" * 20)
    setting.jar["browser"] = setting.tokens.make_browser_cookie("c" * 20, setting.now)
    gone = await setting.go(s=setting.link(), stay=True)
    assert ([fact.browser_id for fact in await setting.facts()], gone.asked) == (["b" * 20], False)
    setting.now += 901
    await setting.go(s=setting.link(), stay=True)
    renewed = setting.tokens.read_browser_cookie(setting.jar["browser"], setting.now)
    assert renewed is not None
    assert renewed.b == "b" * 20


async def test_a_double_click_of_a_browser_without_a_cookie_is_one_click(setting: Setting) -> None:
    """The second request left before the first one's answer came. Many addresses: each has its own shard."""
    for number in range(20):
        from_there = {"X-Address": f"203.0.113.{number}"}
        first = await setting.go(go="1", headers=from_there)
        setting.jar.clear()
        setting.now += 0.3
        second = await setting.go(go="1", headers=from_there)
        setting.jar.clear()
        assert (first.status, second.status) == (302, 302)
        assert second.click_id == first.click_id
    assert len(await setting.facts()) == 20


async def test_a_repeat_within_ten_seconds_is_marked_and_still_earns(setting: Setting) -> None:
    first = await setting.go(s=setting.link())
    setting.now += 3
    second = await setting.go(s=setting.link())

    assert second.click_id != first.click_id
    assert [fact.traffic for fact in await setting.facts()] == [[], [ClickReason.REPEAT]]
    click = await setting.find(second.click_id)
    assert click is not None
    assert click.refusals == ()


async def test_clicks_to_two_partners_are_two_clicks(setting: Setting) -> None:
    first = await setting.go("lab", s=setting.link(for_partner="*"))
    second = await setting.go("piz", s=setting.link(for_partner="*"))
    assert first.click_id != second.click_id
    assert len(await setting.facts()) == 2


# What is no person's click (reliability.md 2.2)


@pytest.mark.parametrize(
    ("agent", "headers", "status", "outcome", "reason"),
    [
        ("curl/8.5.0", {}, 302, "plain", ClickReason.BOT_UA),
        ("", {}, 302, "plain", ClickReason.BOT_UA),
        ("TelegramBot (like TwitterBot)", {}, 302, "plain", ClickReason.BOT_UA),
        (DESKTOP, {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 302, "plain", ClickReason.NOT_NAVIGATION),
        (DESKTOP, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 302, "plain", ClickReason.NOT_NAVIGATION),
        (DESKTOP, {"Sec-Purpose": "prefetch;prerender"}, 503, "again", ClickReason.PREFETCH),
        (DESKTOP, {"Purpose": "prefetch"}, 503, "again", ClickReason.PREFETCH),
        (DESKTOP, {"X-Moz": "prefetch"}, 503, "again", ClickReason.PREFETCH),
    ],
)
async def test_what_is_no_person_is_recorded_marked_and_gets_no_id(
    setting: Setting, agent: str, headers: dict[str, str], status: int, outcome: str, reason: ClickReason
) -> None:
    gone = await setting.go(s=setting.link(), url="https://lab.example/p", agent=agent, headers=headers)

    assert gone.status == status
    assert gone.answer.headers["Cache-Control"] == "no-store"
    assert gone.location == ("" if status == 503 else "https://lab.example/p")
    assert gone.cookies == []
    [fact] = await setting.facts()
    assert (fact.outcome, fact.traffic) == (outcome, [reason])
    assert Reason.INVALID_TRAFFIC in fact.refusals
    assert await setting.find(fact.click_id) is None


async def test_head_gets_the_redirect_without_an_id_and_is_no_click(setting: Setting) -> None:
    gone = await setting.go(s=setting.link(), method="HEAD")

    assert (gone.status, gone.location, gone.cookies) == (302, "https://lab.example/", [])
    assert await setting.facts() == []


async def test_other_methods_are_refused(setting: Setting) -> None:
    assert (await setting.go(s=setting.link(), method="POST")).status == 405


# What a shopper is told before leaving


async def test_a_phone_is_told_that_the_partner_needs_the_full_site(setting: Setting) -> None:
    page = await setting.go(s=setting.link(), agent=PHONE)
    assert "Нужна полная версия сайта" in page.text

    gone = await setting.go(s=setting.link(), agent=PHONE, go="1")
    click = await setting.find(gone.click_id)
    assert click is not None
    assert (click.device, click.refusals) == (Device.PHONE, ())


async def test_a_phone_goes_straight_to_a_partner_whose_mobile_orders_earn(setting: Setting) -> None:
    assert (await setting.go("ali", s=setting.link(for_partner="ali"), agent=PHONE)).status == 302


async def test_everything_is_told_at_once(setting: Setting) -> None:
    page = await setting.go(agent=PHONE)

    assert "Кэшбэк некому начислить" in page.text
    assert "Нужна полная версия сайта" in page.text
    assert setting.telemetry.value(CLICK_PAGES, "no_shopper") == 1
    assert setting.telemetry.value(CLICK_PAGES, "phone_orders") == 1


@pytest.mark.parametrize(
    ("accept", "wanted", "language"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "", "ru"),
        ("en-GB,en;q=0.9", "", "en"),
        ("de-DE,de", "", "en"),
        ("", "", "ru"),
        ("ru", "en", "en"),
        ("en", "ru", "ru"),
    ],
)
async def test_pages_are_russian_or_english(setting: Setting, accept: str, wanted: str, language: str) -> None:
    chosen: dict[str, Any] = {"lang": wanted} if wanted else {}
    page = await setting.go(headers={"Accept-Language": accept}, **chosen)

    assert page.answer.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in page.text


async def test_a_page_runs_no_script_loads_nothing_and_escapes_what_it_was_sent(setting: Setting) -> None:
    page = await setting.go(b='"><script>alert(1)</script>', s="<b>")

    assert "<script" not in page.text
    assert "<b>" not in page.text
    policy = page.answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert page.answer.headers["Referrer-Policy"] == "no-referrer"
    assert len(page.text.encode()) < 20_000
