"""The shopper's pages over the real ledger: no address, however odd, is a fault of ours."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.redirect.setting import NOW, PARTNERS, SHOPPER
from tracker.core.partner import Programme
from tracker.ports import ShopperClick
from tracker.reports.shopper.endpoint import ShopperPages
from tracker.store.ledger import open_ledger

Client = TestClient[web.Request, web.Application]


class SignedIn:
    """Everybody is."""

    def shopper(self, _: web.Request) -> str:
        return SHOPPER

    def take_link(self, _: web.Request) -> web.Response | None:
        return None

    def address(self, path: str) -> str:
        return path

    def sign_out(self, response: web.Response) -> None: ...


class NoClicks:
    async def clicks(self, _shopper: str, _since: datetime, _until: datetime, *, limit: int) -> list[ShopperClick]:
        return [][:limit]


@pytest.fixture
async def client(postgres_dsn: str) -> AsyncIterator[Client]:
    async with open_ledger(postgres_dsn) as ledger:
        pages = ShopperPages(
            lambda: Programme("Demo", "Europe/Moscow", None, (), PARTNERS),
            name="Demo",
            sign_in=SignedIn(),
            purchases=ledger,
            clicks=NoClicks(),
            now=lambda: NOW,
        )
        app = web.Application()
        app.add_routes(pages.routes())
        async with TestClient(TestServer(app)) as opened:
            yield opened


@pytest.mark.parametrize("said", ["from=0001-01-01", "until=0001-01-01&from=2026-01-01", "from=9999-12-31"])
async def test_a_day_that_no_calendar_of_ours_has_is_as_if_it_were_not_said(client: Client, said: str) -> None:
    async with client.get(f"/my?{said}") as answer:
        assert answer.status == 200
        assert 'value="2026-11-24"' in await answer.text()


@pytest.mark.parametrize("path", ["/my/lab/%00", "/my/%00/A-1", "/my/lab/A%0A1", "/my/lab/A%C2%851", "/my/lab/%7F"])
async def test_no_purchase_has_a_control_character_in_its_key(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        assert answer.status == 404
