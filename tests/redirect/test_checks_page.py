"""The checks page: small, of our own origin, useful without script; all that was found together, each with its fix."""

import dataclasses
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import escape, unescape
from itertools import product

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.agents import DESKTOP
from tests.redirect.setting import PARTNERS
from tracker.core.click import Check, CheckResult, Confidence, Finding
from tracker.core.partner import Programme
from tracker.core.reasons import Reason
from tracker.redirect.answer import Asked, Stopped
from tracker.redirect.checks.baits import CONTROL_FETCH, CONTROL_SCRIPT, PAGE_SCRIPT, PRIVATE_MODE, Baits
from tracker.redirect.checks.fixes import FIXES, Browser, browser_of
from tracker.redirect.checks.page import ChecksPages
from tracker.redirect.checks.texts import TEXTS, ago
from tracker.redirect.click_out import read_click_out

BAITS = Baits("/ads-front.min.js", "/x_468x60_y.json")
SHOP = replace(PARTNERS["lab"], name='<b>"Shop" & {0}</b>')
PAGES = ChecksPages(Programme("Demo Cashback", "Europe/Moscow", None, (), PARTNERS), BAITS)
QUERY = "s=token.of-a-link&url=https%3A%2F%2Flab.example%2Fcatalogue%2Fitem%3Fa%3D1%26b%3D2&b=main-page&surface=app"
REFUSED = {
    Check.AD_BLOCKER: Reason.AD_BLOCKER, Check.COOKIES: Reason.COOKIES_BLOCKED,
    Check.PRIVATE_MODE: Reason.PRIVATE_MODE, Check.SECOND_TAB: Reason.SECOND_TAB,
}  # fmt: skip
AGENTS = {
    Browser.YANDEX: "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 YaBrowser/25.8.0 Safari/537.36",
    Browser.CHROME: DESKTOP,
    Browser.FIREFOX: "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    Browser.SAFARI: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.1 Safari/605.1.15",
    Browser.EDGE: "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    Browser.OPERA: "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0",
    Browser.OTHER: "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 SamsungBrowser/29.0 Chrome/136.0 Safari/537.36",
}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def client() -> AsyncIterator["TestClient[web.Request, web.Application]"]:
    async def page(request: web.Request) -> web.Response:
        asked = Asked(SHOP, "t" * 150, "8a5b6c7d8a5b6c7d", request.query.get("b") != "untimed")
        click_out = read_click_out(request, request.match_info["partner"])
        assert click_out is not None
        return PAGES.page(request, asked, click_out)

    app = web.Application()
    app.add_routes([*BAITS.routes(), web.get("/go/{partner}", page)])
    async with TestClient(TestServer(app)) as client:
        yield client


async def html_of(client: "TestClient[web.Request, web.Application]", query: str = "", **headers: str) -> str:
    async with client.get(f"/go/lab?{query}", headers=headers) as answer:
        return await answer.text()


def data(html: str, name: str) -> str:
    found = re.search(f'data-{name}="([^"]*)"', html)
    assert found, name
    return unescape(found[1])


def stopped(*found: Check, warned: tuple[Check, ...] = (), minutes: int = 5) -> Stopped:
    results = [CheckResult(check, Finding.FOUND, Confidence.HIGH) for check in found]
    results += [CheckResult(check, Finding.FOUND, Confidence.MEDIUM) for check in warned]
    return Stopped(SHOP, tuple(results), tuple(REFUSED[check] for check in found), minutes)


def findings(stopped: Stopped, language: str = "en", user_agent: str = DESKTOP) -> str:
    return PAGES.findings(stopped, language=language, user_agent=user_agent)


def acts(html: str) -> list[str]:
    return re.findall('data-act="([a-z]+)"', html)


async def test_the_page_with_everything_it_loads_is_under_20_000_bytes(
    client: "TestClient[web.Request, web.Application]",
) -> None:
    for language in ("ru", "en"):
        html = await html_of(client, f"{QUERY}&lang={language}")
        loaded = [html.encode()]
        for address in (BAITS.address(PAGE_SCRIPT), BAITS.address(PRIVATE_MODE)):
            assert address in html
            async with client.get(address) as answer:
                loaded.append(await answer.read())
        for path in (BAITS.script, BAITS.fetch, CONTROL_SCRIPT, CONTROL_FETCH):
            async with client.get(path, params={"n": "8a5b6c7d8a5b6c7d0"}) as answer:
                loaded.append(await answer.read())

        assert sum(map(len, loaded)) < 20_000, [len(one) for one in loaded]


async def test_it_runs_our_own_script_and_nothing_else(client: "TestClient[web.Request, web.Application]") -> None:
    async with client.get("/go/lab") as answer:
        html, policy = await answer.text(), answer.headers["Content-Security-Policy"]

    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in policy
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script[^>]*>", html) == [f'<script src="{BAITS.address(PAGE_SCRIPT)}" defer>']
    assert " style=" not in html
    assert " on" not in re.sub(r'"[^"]*"|>[^<]*<', "", html)  # no handler in the HTML
    assert re.findall(r'(?:src|action)="https?:', html) == []


async def test_the_script_posts_the_same_click_out_that_was_asked_for(
    client: "TestClient[web.Request, web.Application]",
) -> None:
    html = await html_of(client, f"{QUERY}&lang=en&go=1&other=x")

    assert data(html, "check") == f"/go/lab/check?{QUERY}&go=1&lang=en"
    assert data(html, "token") == "t" * 150
    assert data(html, "nonce") == "8a5b6c7d8a5b6c7d"
    assert (data(html, "bait-script"), data(html, "bait-fetch")) == ("/ads-front.min.js", "/x_468x60_y.json")
    assert f'href="{escape(f"/go/lab?{QUERY}&go=1&lang=ru")}"' in html
    assert data(await html_of(client), "check") == "/go/lab/check"


async def test_a_link_that_somebody_sent_cannot_switch_the_shopper_by_the_page_s_own_request(
    client: "TestClient[web.Request, web.Application]",
) -> None:
    """The page asks from our own site, where a switch is honoured."""
    assert "switch" not in await html_of(client, "switch=1", **{"Sec-Fetch-Site": "cross-site"})
    assert data(await html_of(client, "switch=1", **{"Sec-Fetch-Site": "same-origin"}), "check").endswith("?switch=1")


async def test_without_script_it_explains_itself_and_leads_on_without_cashback(
    client: "TestClient[web.Request, web.Application]",
) -> None:
    html = await html_of(client, f"{QUERY}&lang=en")
    without = re.search(r"<noscript>.*?</noscript>", html, re.DOTALL)

    assert without
    assert "Turn JavaScript on" in without[0]
    token = "t" * 150
    assert f'href="{escape(f"/go/lab?{QUERY}&lang=en&page={token}&without=1")}"' in without[0]


async def test_whoever_gets_no_answer_from_us_has_a_link_to_the_shop_itself(
    client: "TestClient[web.Request, web.Application]",
) -> None:
    links = re.findall(r'href="(https://[^"]*)"', await html_of(client, QUERY))

    assert links == [escape("https://lab.example/catalogue/item?a=1&b=2")] * 2
    assert re.findall(r'href="(https://[^"]*)"', await html_of(client, "url=https://evil.example/")) == [SHOP.home] * 2


async def test_a_private_window_is_guessed_only_where_the_caller_says_so(
    client: "TestClient[web.Request, web.Application]",
) -> None:
    assert data(await html_of(client), "timing") == BAITS.address(PRIVATE_MODE)
    html = await html_of(client, "b=untimed")
    assert data(html, "timing") == ""
    assert PRIVATE_MODE not in html


async def test_what_is_not_ours_is_escaped(client: "TestClient[web.Request, web.Application]") -> None:
    html = await html_of(client, "s=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&b=%22%3E%3Ci%3E&url=javascript:alert(1)")

    assert "alert(1)<" not in html
    assert "<i>" not in html
    assert 'href="javascript' not in html
    for shown in (html, findings(stopped(*Check, minutes=61))):
        assert "<b>" not in shown
        assert "&lt;b&gt;&#34;Shop&#34; &amp; {0}&lt;/b&gt;" in shown


@pytest.mark.parametrize("path", [BAITS.script, CONTROL_SCRIPT])
async def test_a_script_repeats_the_number_that_it_was_asked_with(
    client: "TestClient[web.Request, web.Application]", path: str
) -> None:
    async with client.get(path, params={"n": "abc-1_2"}) as answer:
        assert await answer.text() == 'served["abc-1_2"]=1'
        assert answer.content_type == "text/javascript"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", [BAITS.fetch, CONTROL_FETCH])
async def test_data_repeats_it_too(client: "TestClient[web.Request, web.Application]", path: str) -> None:
    async with client.get(path, params={"n": "abc-1_2"}) as answer:
        assert await answer.json() == {"n": "abc-1_2"}
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("number", ['"]=1;alert(1)//', "", "a" * 81, "é", "a\n"])
@pytest.mark.parametrize("path", [BAITS.script, CONTROL_SCRIPT, BAITS.fetch, CONTROL_FETCH])
async def test_and_nothing_but_a_number(
    client: "TestClient[web.Request, web.Application]", path: str, number: str
) -> None:
    async with client.get(path, params={"n": number}) as answer:
        assert answer.status == 400
        assert json.loads(await answer.text())["code"] == "malformed"


async def test_scripts_are_kept_for_a_year_under_the_address_of_their_version_alone(
    client: "TestClient[web.Request, web.Application]",
) -> None:
    for path in (PAGE_SCRIPT, PRIVATE_MODE):
        async with client.get(BAITS.address(path)) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
        async with client.get(f"{path}?v=older") as answer:
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "no-store"
    assert BAITS.address(PAGE_SCRIPT).endswith(BAITS.version)


async def test_the_module_comes_with_its_licence(client: "TestClient[web.Request, web.Application]") -> None:
    async with client.get(PRIVATE_MODE) as answer:
        text = await answer.text()

    assert text.count("Permission is hereby granted, free of charge") == 1
    assert "detectIncognito v1.9.0" in text
    assert "as detectIncognito}" in text


def test_everything_found_is_shown_together_each_with_its_fix() -> None:
    html = findings(stopped(Check.AD_BLOCKER, Check.COOKIES, Check.SECOND_TAB, warned=(Check.PRIVATE_MODE,)))

    assert re.findall("<h1>(.*)</h1>", html) == ["This purchase would earn no cashback"]
    assert [unescape(one).replace(SHOP.name, "Shop") for one in re.findall("<h2>(.*)</h2>", html)] == [
        "An ad blocker is on", "Cookies are blocked", "Shop is already open in another tab",
        "This seems to be a private window",
    ]  # fmt: skip
    assert re.findall('class="tag(?: bad)?">(.*)</span>', html) == ["No cashback"] * 3 + ["Warning"]
    assert html.count("<ol>") == 3
    assert acts(html) == ["check", "anyway"]


@pytest.mark.parametrize(
    ("refused", "warned", "offered"),
    [
        ([Check.AD_BLOCKER], [], ["check", "anyway"]),
        ([], [Check.PRIVATE_MODE], ["check", "overrule"]),
        ([Check.COOKIES], [Check.PRIVATE_MODE], ["check", "anyway"]),
        ([Check.SECOND_TAB], [], ["over", "anyway"]),
        ([], [Check.SECOND_TAB], ["over", "overrule"]),
        ([Check.SECOND_TAB], [Check.PRIVATE_MODE], ["over", "check", "anyway"]),
        ([Check.SECOND_TAB, Check.AD_BLOCKER], [], ["check", "anyway"]),
    ],
)
def test_what_can_be_done_depends_on_what_was_found(
    refused: list[Check], warned: list[Check], offered: list[str]
) -> None:
    assert acts(findings(stopped(*refused, warned=tuple(warned)))) == offered


def test_a_shop_that_is_open_elsewhere_is_said_with_the_time_and_the_price_of_starting_over() -> None:
    html = unescape(findings(stopped(Check.SECOND_TAB, minutes=125), "ru"))

    assert f"<h1>Магазин «{SHOP.name}» уже открыт в другой вкладке</h1>" in html
    assert "Вы перешли в него 2\u00a0ч\u00a05\u00a0мин\u00a0назад" in html
    assert "покупку по первому переходу кэшбэк тогда не начислят" in html
    assert "<h2>" not in html


@pytest.mark.parametrize(
    "result",
    [
        CheckResult(Check.SECOND_TAB, Finding.FOUND, Confidence.MEDIUM),
        CheckResult(
            Check.SECOND_TAB, Finding.FOUND, Confidence.HIGH, "open:c0000000000000000000000000000x tab:unknown"
        ),
    ],
)
def test_a_shop_that_may_be_open_in_this_very_tab_asks_for_nothing_but_to_start_over(result: CheckResult) -> None:
    html = unescape(findings(Stopped(SHOP, (result,), (Reason.SECOND_TAB,), 5)))

    assert "If that was in this very tab, just start over here." in html
    assert acts(html) == ["over", "anyway"]


@pytest.mark.parametrize(
    ("minutes", "ru", "en"),
    [(0, "только что", "just now"), (1, "1 мин назад", "1 min ago"), (60, "1 ч 0 мин назад", "1 h 0 min ago")],
)
def test_a_time_is_said_in_words(minutes: int, ru: str, en: str) -> None:
    assert [ago(minutes, TEXTS[language]).replace("\u00a0", " ") for language in ("ru", "en")] == [ru, en]


@pytest.mark.parametrize(("browser", "agent"), AGENTS.items())
def test_each_browser_gets_its_own_fix(browser: Browser, agent: str) -> None:
    assert browser_of(agent) is browser
    for language, check in product(TEXTS, (Check.AD_BLOCKER, Check.COOKIES, Check.PRIVATE_MODE)):
        html = unescape(findings(stopped(check), language, agent))
        steps = FIXES[language][check][browser]
        assert [step.format(partner=SHOP.name) for step in steps] == re.findall("<li>(.*)</li>", html)


@pytest.mark.parametrize("agent", ["", "curl/8", "Mozilla/5.0", "Safari/605", "\ud800"])
def test_a_browser_that_we_do_not_know_gets_words_that_fit_any(agent: str) -> None:
    assert browser_of(agent) is Browser.OTHER


def test_both_languages_say_everything() -> None:
    for check in Check:
        assert all(check in text.findings for text in TEXTS.values())
    assert FIXES.keys() == TEXTS.keys()
    for fixes in FIXES.values():
        assert fixes.keys() == set(Check) - {Check.SECOND_TAB}
        assert all(steps.keys() == set(Browser) for steps in fixes.values())
    ru, en = (dataclasses.asdict(text) for text in (TEXTS["ru"], TEXTS["en"]))
    assert [name for name in ru if ru[name] == en[name]] == []
    assert re.findall("[А-Яа-я]", str(en) + str(FIXES["en"])) == []


def test_a_fragment_is_small_too() -> None:
    assert len(findings(stopped(*Check), "ru").encode()) < 8_000
