"""The click-out as the composition root builds it, on the real Valkey, with a pinned clock and known chance."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientResponse, DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis

from tests.agents import DESKTOP
from tracker.core.click import Click
from tracker.core.facts import ClickFact
from tracker.core.partner import (
    Category,
    Origin,
    Partner,
    PostbackProfile,
    Programme,
    Reward,
    Terms,
    TermsVersion,
)
from tracker.redirect.click_id import SignedClickIds
from tracker.redirect.cookies import Cookies
from tracker.redirect.endpoint import ClickOutEndpoint
from tracker.redirect.pages import ToldPages
from tracker.redirect.record_click import RecordClick
from tracker.redirect.tokens import Tokens, make_link
from tracker.store.clicks import STREAMS, ClickStore, read_entry
from tracker.telemetry import Telemetry
from tracker.web.hashing import KeyedHash

KEY = "5a" * 32
NOW = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
SHOPPER = "shopper-42"


def partner(partner_id: str, *origins: Origin) -> Partner:
    return Partner(
        id=partner_id,
        name=partner_id.upper(),
        category=Category.ONLINE_SHOPS,
        link=f"https://ad.network.example/{partner_id}?subid4={{click_id}}&ulp={{url}}",
        home=f"https://{partner_id}.example/",
        hosts=frozenset({f"{partner_id}.example", f"www.{partner_id}.example"}),
        currencies=frozenset({"RUB"}),
        postback=PostbackProfile(dialect="generic", secrets=()),
        terms=TermsVersion(
            version=f"{partner_id}-1",
            partner_id=partner_id,
            timezone="Europe/Moscow",
            window_days=90,
            session_hours=Decimal(6),
            minimum_cashback=Decimal(1),
            origins=frozenset(origins or (Origin.WEB,)),
            terms=(Terms(datetime(2026, 1, 1, tzinfo=UTC), Reward(rate=Decimal("0.05"))),),
        ),
    )


PARTNERS = {one.id: one for one in (partner("lab"), partner("piz"), partner("ali", *Origin))}


@dataclass
class Setting:
    client: "TestClient[web.Request, web.Application]"
    store: ClickStore
    valkey: Redis
    tokens: Tokens
    click_ids: SignedClickIds
    cookies: Cookies
    telemetry: Telemetry
    now: float = NOW.timestamp()
    jar: dict[str, str] = field(default_factory=dict)

    def link(self, shopper: str = SHOPPER, for_partner: str = "lab") -> str:
        return make_link(KEY, shopper, for_partner, self.now)

    async def go(self, partner_id: str = "lab", *, agent: str = DESKTOP, **more: Any) -> "Gone":
        """One click-out; cookies are kept as a browser would."""
        method, headers = more.pop("method", "GET"), more.pop("headers", {})
        cookie = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        sent = {"User-Agent": agent} | ({"Cookie": cookie} if cookie else {}) | headers
        async with self.client.request(
            method, f"/go/{partner_id}", params=more, headers=sent, allow_redirects=False
        ) as answer:
            gone = Gone(answer, await answer.text())
        for header in gone.cookies:
            name, _, value = header.partition(";")[0].partition("=")
            self.jar[name] = value
        return gone

    async def facts(self) -> list[ClickFact]:
        """Everything that is on its way to ClickHouse."""
        found = [read_entry(entry[1]) for stream in STREAMS for entry in await _entries(self.valkey, stream)]
        return sorted(found, key=lambda fact: fact.clicked_at_us)

    async def find(self, click_id: str, at: str = "lab") -> Click | None:
        return await self.store.find(click_id, at)


@dataclass
class Gone:
    answer: ClientResponse
    text: str

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def location(self) -> str:
        return self.answer.headers.get("Location", "")

    @property
    def click_id(self) -> str:
        return parse_qs(urlsplit(self.location).query).get("subid4", [""])[0]

    @property
    def cookies(self) -> list[str]:
        return self.answer.headers.getall("Set-Cookie", [])


async def _entries(valkey: Redis, stream: str) -> list[Any]:
    found: Any = await valkey.xrange(stream)
    return list(found)


@asynccontextmanager
async def open_setting(
    valkey: Redis, *, public_url: str = "http://cashback.example", store: ClickStore | None = None
) -> AsyncIterator[Setting]:
    numbers = count(1)
    tokens = Tokens(KEY, KEY)
    cookies = Cookies(tokens, over_tls=public_url.startswith("https://"))
    click_ids = SignedClickIds([KEY], clock=lambda: setting.now)
    clicks = store or ClickStore(valkey, hot_days=3)
    telemetry = Telemetry()
    programme = Programme("Demo Cashback", "Europe/Moscow", "https://programme.example/sign-in", (), PARTNERS)
    record_click = RecordClick(
        partners=lambda: PARTNERS,
        clicks=clicks,
        click_ids=click_ids,
        tokens=tokens,
        cookies=cookies,
        hashes=KeyedHash(KEY),
        telemetry=telemetry,
        now=lambda: setting.now,
        random=lambda length: next(numbers).to_bytes(length, "big"),
    )
    endpoint = ClickOutEndpoint(
        record_click,
        ToldPages(programme, public_url),
        address=lambda request: request.headers.get("X-Address", "203.0.113.9"),
        request_id=lambda _: "request-1",
    )
    app = web.Application()
    app.add_routes(endpoint.routes())
    async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
        setting = Setting(client, clicks, valkey, tokens, click_ids, cookies, telemetry)
        yield setting
