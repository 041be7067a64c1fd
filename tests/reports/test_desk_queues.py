"""The desk's queues over a ledger of the test's own: pages, counts, what waits, and one order's history."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.core.factories import CLICK
from tests.postback.setting import Setting, open_setting
from tests.reports.test_desk import CANARY
from tracker import keys
from tracker.app.pages import desk_pages
from tracker.core.partner import Programme
from tracker.core.reasons import Flag
from tracker.reports.desk import endpoint
from tracker.reports.desk.endpoint import ORDER_QUEUES, WAITING
from tracker.reports.desk.texts import TEXTS
from tracker.store.desk_orders import MOST_COUNTED, DeskOrders


async def test_a_long_queue_is_read_by_pages_and_counted_so_far(postgres_dsn: str) -> None:
    async with open_setting(postgres_dsn) as setting:
        for number in range(5):
            setting.wait(seconds=1)
            await setting.send(f"order_id=Q-{number}&promo_code=P-{number}&click_id=x{number}")
        await setting.send(f"order_id=MATCHED&click_id={CLICK.click_id}&status=approved&amount=100")
        orders, now = DeskOrders(setting.ledger.fetch), setting.now
        seen: list[str] = []
        after = None
        while found := await orders.page("unmatched", now, after=after, limit=2):
            seen += [f"{one.order_id} {one.promo_code} {one.click_as_sent}" for one in found]
            after = found[-1].first_seen_at, found[-1].partner_id, found[-1].order_id
        assert seen == [f"Q-{number} P-{number} x{number}" for number in range(5)]
        assert [await orders.count(queue, now) for queue in (*ORDER_QUEUES, WAITING)] == [0, 0, 5, 0]
        assert orders.most_counted == MOST_COUNTED
        assert [one.order_id for one in await orders.named("MATCHED", limit=10)] == ["MATCHED"]

        setting.wait(days=91)
        await setting.send(f"order_id=OPEN&click_id={CLICK.click_id}&status=pending&amount=100&event_time=1551441600")
        assert [one.order_id for one in await orders.page("late", setting.now, after=None, limit=10)] == ["OPEN"]
        file = await orders.file("lab", "MATCHED")
        assert file is not None
        assert [(one.verdict, one.status) for one in file.messages] == [("decided", "approved")]
        assert [(one.status, one.by_message) for one in file.revisions] == [("approved", True)]


@asynccontextmanager
async def desk_of(setting: Setting, data: Path) -> AsyncIterator["TestClient[web.Request, web.Application]"]:
    """The desk over a ledger of the test's own, opened."""
    secrets = keys.load_or_make(data, [])
    programme = Programme("Demo", "Europe/Moscow", None, (), setting.partners)
    pages = desk_pages(lambda: programme, setting.ledger, setting.staff, secrets, public_url="http://desk.example")
    app = web.Application()
    app.add_routes(pages.routes())
    async with TestClient(TestServer(app), cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        await (await client.get("/desk", params={"token": secrets.desk})).release()
        yield client


async def read(client: "TestClient[web.Request, web.Application]", path: str) -> str:
    async with client.get(path) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_every_page_of_a_queue_leads_to_the_next(
    postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "PAGE", 2)
    async with open_setting(postgres_dsn) as setting, desk_of(setting, tmp_path) as client:
        for number in range(5):
            await setting.send(f"order_id=Q-{number}")  # at one instant: the id decides
        path, pages = "/desk/unmatched", []
        while path:
            shown = await read(client, path)
            pages.append(re.findall(r">(Q-\d)</a>", shown))
            following = re.search(r'rel="next" href="([^"]*)"', shown)
            path = html.unescape(following[1]) if following else ""
    assert pages == [["Q-0", "Q-1"], ["Q-2", "Q-3"], ["Q-4"]]
    assert 'href="/desk/unmatched">' in shown


async def test_what_waits_to_be_decided_is_listed_with_its_request(postgres_dsn: str, tmp_path: Path) -> None:
    async with open_setting(postgres_dsn) as setting, desk_of(setting, tmp_path) as client:
        setting.clicks.away = True
        await setting.send(
            f"order_id={quote(CANARY)}&click_id={CLICK.click_id}&status=approved&amount=100&token=not-to-be-seen"
        )
        shown = await read(client, "/desk/waiting?lang=en")
        assert '<b class="rate number">1</b>' in await read(client, "/desk")
    for said in (CANARY, "LAB", "its click cannot be looked up yet", "token=***"):
        assert said in html.unescape(shown), said
    assert "<script" not in shown
    assert "not-to-be-seen" not in shown


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_flag_has_words(language: str) -> None:
    assert TEXTS[language].flags.keys() == set(Flag)
