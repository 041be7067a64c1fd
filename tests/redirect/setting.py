"""The click-out as the composition root builds it, on the real Valkey, with a pinned clock and known chance."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientResponse, DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis
from yarl import URL

from tests.agents import DESKTOP
from tests.browsing import TAB, check_of, is_checks_page, said
from tracker.app.click_out import ClickOutParts, click_out
from tracker.core.click import Check, Click
from tracker.core.facts import ClickFact
from tracker.core.partner import (
    Category,
    CheckPolicy,
    Origin,
    Partner,
    PostbackProfile,
    Programme,
    Reward,
    Terms,
    TermsVersion,
)
from tracker.core.reasons import Reason
from tracker.core.signing_keys import since_ever
from tracker.redirect.checks.baits import Baits
from tracker.redirect.click_id import SignedClickIds
from tracker.redirect.cookies import Cookies
from tracker.redirect.tokens import PassClaim, Tokens, make_link
from tracker.store.clicks import STREAMS, ClickStore, read_entry
from tracker.store.journal import Journal, JournaledClicks, JournalFolder
from tracker.telemetry import Telemetry
from tracker.web import TrustedProxies, Watch, make_runner
from tracker.web.front_door import FRONT_DOOR, FrontDoor
from tracker.web.hashing import KeyedHash
from tracker.web.limits import Exempt, Kind

KEY = "5a" * 32
NOW = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
SHOPPER = "shopper-42"
REQUEST = "request-1"
FOR_YEARS = 3_650  # days: Valkey's clock is not pinned


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
        return make_link(since_ever(KEY), shopper, for_partner, self.now)

    def passed(self, browser_id: str = "b" * 20) -> None:
        """This browser was found clean a moment ago."""
        self.jar["browser"] = self.tokens.make_browser_cookie(browser_id, self.now)
        checks = [(str(check), "ok", "high") for check in Check if check is not Check.SECOND_TAB]
        self.jar["pass"] = self.tokens.make_pass_cookie(PassClaim(browser_id, int(self.now), int(self.now), checks))

    async def go(
        self, partner_id: str = "lab", *, agent: str = DESKTOP, tab: str = TAB, stay: bool = False, **more: Any
    ) -> "Gone":
        """One click-out of a clean browser, through the checks page if it is asked; cookies are kept as a browser
        would. `stay`: it stays on that page."""
        method, headers = more.pop("method", "GET"), more.pop("headers", {})
        gone = await self._ask(method, f"/go/{partner_id}", agent, headers, params=more)
        if stay or not is_checks_page(gone.text):
            return gone
        return await self.check(gone, agent=agent, tab=tab, headers=headers)

    async def check(
        self, page: "Gone", *, act: str = "check", tab: str = TAB, agent: str = DESKTOP, **more: Any
    ) -> "Gone":
        """What that page's script sends, and its answer. `more` is evidence."""
        headers, address_and_token = more.pop("headers", {}), check_of(page.text)
        address, token = address_and_token
        gone = await self._ask(
            "POST", URL(address, encoded=True), agent, headers, json=said(token, act=act, tab=tab, **more)
        )
        found = json.loads(gone.text)
        return replace(gone, text=found.get("html", ""), location=found.get("go", ""), asked=True)

    async def _ask(self, method: str, address: str | URL, agent: str, headers: dict[str, str], **more: Any) -> "Gone":
        cookie = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        sent = {"User-Agent": agent} | ({"Cookie": cookie} if cookie else {}) | headers
        async with self.client.request(method, address, headers=sent, allow_redirects=False, **more) as answer:
            gone = Gone(answer, await answer.text(), answer.headers.get("Location", ""))
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

    async def refusals(self, click_id: str) -> tuple[Reason, ...]:
        click = await self.find(click_id)
        assert click is not None
        return click.refusals


class _ByHeader(TrustedProxies):
    """Everybody may say where they are."""

    def sender(self, peer: str, headers: Mapping[str, str]) -> str:  # noqa: ARG002
        return headers.get("X-Address", "203.0.113.9")


_PROXIES = _ByHeader()


class _Guarded(TestServer):
    """Serves as a web worker does."""

    async def _make_runner(self, **_: Any) -> web.AppRunner:
        return make_runner(self.app, Telemetry())


@dataclass
class Gone:
    answer: ClientResponse
    text: str
    location: str
    asked: bool = False  # the checks page was shown

    @property
    def status(self) -> int:
        return 302 if self.asked and self.location else self.answer.status

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
    valkey: Redis,
    *,
    public_url: str = "http://cashback.example",
    store: ClickStore | None = None,
    journal: Path | None = None,
    policies: Mapping[Check, CheckPolicy] = MappingProxyType({}),
    door: bool = True,
) -> AsyncIterator[Setting]:
    """`door`: whether there is a short way for those who are sent on."""
    numbers = count(1)
    tokens = Tokens(since_ever(KEY), since_ever(KEY))
    cookies = Cookies(tokens, over_tls=public_url.startswith("https://"))
    click_ids = SignedClickIds(since_ever(KEY), clock=lambda: setting.now)
    clicks = store or ClickStore(valkey, hot_days=FOR_YEARS)
    telemetry = Telemetry()
    journaled = JournaledClicks(clicks, Journal(JournalFolder(journal)), telemetry) if journal else None
    checks = tuple(policies.items())
    programme = Programme("Demo Cashback", "Europe/Moscow", "https://programme.example/sign-in", checks, PARTNERS)
    parts = ClickOutParts(
        clicks=journaled or clicks,
        click_ids=click_ids,
        tokens=tokens,
        cookies=cookies,
        baits=Baits("/ads-front.min.js", "/x_468x60_y.json"),
        hashes=KeyedHash(KEY),
        telemetry=telemetry,
        now=lambda: setting.now,
        random=lambda length: next(numbers).to_bytes(length, "big"),
        address=_PROXIES.address_of,
        request_id=lambda _: REQUEST,
    )
    endpoint = click_out(lambda: programme, parts, public_url=public_url, timed=[range(83, 200)])
    app = web.Application()
    app.add_routes(endpoint.routes())
    if door:
        app[FRONT_DOOR] = FrontDoor(
            "/go", endpoint, kind="click_out", watch=Watch(telemetry, _PROXIES, ["click_out"]), proxies=_PROXIES,
            limit=Kind.of("clicks", 0), exempt=Exempt(()), new_request_id=lambda: REQUEST, now=lambda: setting.now,
        )  # fmt: skip
    async with TestClient(_Guarded(app), cookie_jar=DummyCookieJar()) as client:
        setting = Setting(client, clicks, valkey, tokens, click_ids, cookies, telemetry)
        yield setting
    if journaled:
        await journaled._journal.close()
