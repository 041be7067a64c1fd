"""The shopper's pages on a running tracker: catalogue, a partner's page, their own clicks and purchases."""

import asyncio
import re
import time

import aiohttp
import pytest

from tests.agents import DESKTOP
from tests.journeys.test_staff_work import click_out, report
from tests.running import RunningTracker, secrets_of
from tracker.redirect.tokens import make_link

PAGES = ("/", "/?q=lab", "/?category=online-shops", "/partners/piz", "/my")


def browser(**headers: str) -> aiohttp.ClientSession:
    jar = aiohttp.CookieJar(unsafe=True)  # an address of numbers has cookies too
    return aiohttp.ClientSession(headers={"User-Agent": DESKTOP, "Accept-Language": "ru"} | headers, cookie_jar=jar)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


async def sign_in(client: aiohttp.ClientSession, tracker: RunningTracker, shopper: str) -> str:
    token = make_link(secrets_of(tracker).link, shopper, "*", time.time())
    async with client.get(f"{tracker.url}/my?s={token}") as answer:
        assert "s=" not in str(answer.url), "the token does not stay in the address"
        return plain(await answer.text())


async def test_the_catalogue_shows_each_partner_with_its_rate_and_conditions(tracker: RunningTracker) -> None:
    async with browser() as client, client.get(f"{tracker.url}/") as answer:
        page = plain(await answer.text())

    assert answer.status == 200
    for said in ("PIZ", "10 %", "покупка от 1 000 ₽", "только полная версия сайта", "BNK", "300 ₽", "один раз"):
        assert said in page, said
    assert 'href="/go/piz?b=catalogue"' in page


async def test_a_partner_s_page_has_the_seven_steps(tracker: RunningTracker) -> None:
    async with browser() as client, client.get(f"{tracker.url}/partners/piz") as answer:
        page = await answer.text()

    assert page.count("<li>") == 7
    assert "Яндекс Браузере" in page
    async with browser() as client, client.get(f"{tracker.url}/partners/nobody") as missing:
        assert missing.status == 404


async def test_a_shopper_sees_their_own_purchases_with_sums_reasons_and_history(tracker: RunningTracker) -> None:
    click_id = await click_out(tracker, "reader-1")
    await report(tracker, click_id=click_id, order_id="SEEN-1", status="pending")
    await report(tracker, click_id=click_id, order_id="SEEN-1", amount="1200.00")
    await report(tracker, click_id=click_id, order_id="SEEN-2", origin="app")

    async with browser() as client:
        page = await sign_in(client, tracker, "reader-1")
        assert "60 ₽" in page
        assert "Заказ сделан в приложении магазина." in page
        async with client.get(f"{tracker.url}/my?state=rejected") as answer:
            rejected = await answer.text()
        assert "SEEN-2" in rejected
        assert "SEEN-1" not in rejected
        async with client.get(f"{tracker.url}/my/lab/SEEN-1") as answer:
            history = plain(await answer.text())
        assert re.search(r"60 ₽.*будет 50 ₽", history, re.DOTALL)
        assert "+10 ₽" in history
        async with asyncio.timeout(20):
            while click_id not in page:  # the click arrives in ClickHouse a moment later
                async with client.get(f"{tracker.url}/my") as answer:
                    page = await answer.text()
        async with client.post(f"{tracker.url}/my/sign-out") as answer:
            assert "Войдите, чтобы увидеть" in await answer.text()

    async with browser() as other:
        await sign_in(other, tracker, "reader-2")
        async with other.get(f"{tracker.url}/my/lab/SEEN-1") as answer:
            assert answer.status == 404
        async with other.get(f"{tracker.url}/my") as answer:
            assert "SEEN-" not in await answer.text()


async def test_nobody_signed_in_sees_where_to_sign_in(tracker: RunningTracker) -> None:
    async with browser() as client, client.get(f"{tracker.url}/my") as answer:
        page = await answer.text()

    assert f"https://programme.example/sign-in?back={'http%3A%2F%2F127.0.0.1%3A'}{tracker.port}%2Fmy" in page


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_in_both_languages_need_no_script_and_load_nothing_from_elsewhere(
    tracker: RunningTracker, path: str
) -> None:
    separator = "&" if "?" in path else "?"
    for language in ("ru", "en"):
        async with browser() as client, client.get(f"{tracker.url}{path}{separator}lang={language}") as answer:
            page = await answer.text()
        assert (answer.status, answer.headers["Content-Language"]) == (200, language)
        assert f'<html lang="{language}">' in page
        assert "<script" not in page
        assert re.findall(r"""(?:src|<link[^>]+href)=["']https?:""", page) == []
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/no-such-page", "/partners/nobody", "/my/sign-out", "/go/lab/"])
async def test_a_person_is_told_in_a_page_what_a_program_is_told_in_json(tracker: RunningTracker, path: str) -> None:
    async with browser(Accept="text/html,*/*;q=0.8") as client, client.get(f"{tracker.url}{path}") as answer:
        page = await answer.text()
    assert answer.status in (404, 405)
    assert 'href="/"' in page
    assert '<html lang="ru">' in page
    async with browser(Accept="*/*") as client, client.get(f"{tracker.url}{path}") as told:
        assert (told.status, told.content_type) == (answer.status, "application/json")


async def test_a_chosen_language_stays(tracker: RunningTracker) -> None:
    async with browser() as client:
        await (await client.get(f"{tracker.url}/?lang=en")).release()
        async with client.get(f"{tracker.url}/partners/piz") as answer:
            assert answer.headers["Content-Language"] == "en"
