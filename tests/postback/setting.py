"""The postback part as the composition root builds it, on the real PostgreSQL. Only the place where clicks are kept,
and their signatures, are played by doubles."""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.core.factories import CLICK, CLICKED_AT, LAB, OTHER_CLICK
from tracker.core.click import Click
from tracker.core.partner import Amounts, Category, Partner, PostbackProfile, TermsVersion
from tracker.errors import StoreUnavailableError
from tracker.ports import KnownOrder
from tracker.postback.endpoint import PostbackEndpoint
from tracker.postback.ingest import Ingest
from tracker.postback.receive import Receive
from tracker.postback.replay import Replayed, replay
from tracker.postback.staff import Staff
from tracker.store.ledger import Ledger, open_ledger
from tracker.web.gate import Gates, Width
from tracker.web.limits import Exempt, Kind
from tracker.web.strangers import Strangers

SECRET = "a-secret-of-the-lab-partner-0123"
ORDER = "A-1"
ADDRESS = "203.0.113.7"
WIDE = Width(at_once=1_000, waiting=10_000, patience=60)  # these tests are not about floods


@dataclass
class Clicks:
    """Both ports: an id is signed if it is in `signed`, and recorded if it is in `recorded`."""

    signed: dict[str, str] = field(default_factory=dict)
    recorded: dict[str, Click] = field(default_factory=dict)
    away: bool = False
    lookups: int = 0

    def record(self, click: Click) -> Click:
        self.signed[click.click_id] = click.partner_id
        self.recorded[click.click_id] = click
        return click

    def read(self, text: str, partner_id: str) -> str | None:
        canonical = text.strip().lower()
        return canonical if self.signed.get(canonical) == partner_id else None

    async def find(self, click_id: str, partner_id: str) -> Click | None:
        self.lookups += 1
        if self.away:
            message = "The warehouse is away."
            raise StoreUnavailableError(message)
        click = self.recorded.get(click_id)
        return click if click is not None and click.partner_id == partner_id else None


def partner(partner_id: str = "lab", dialect: str = "generic", **profile: Any) -> Partner:
    return Partner(
        id=partner_id,
        name="LAB",
        category=next(iter(Category)),
        link="https://lab.example/?sub={click_id}",
        home="https://lab.example/",
        hosts=frozenset({"lab.example"}),
        currencies=frozenset({"RUB"}),
        postback=PostbackProfile(dialect=dialect, secrets=(SECRET,), **profile),
        terms=LAB,
    )


@dataclass
class Setting:
    dsn: str
    ledger: Ledger
    ingest: Ingest
    staff: Staff
    clicks: Clicks
    client: "TestClient[web.Request, web.Application]"
    partners: dict[str, Partner]
    counted: list[tuple[str, str]]
    words_unknown: list[str]  # whose
    now: datetime = CLICKED_AT + timedelta(hours=1)
    address: str = ADDRESS  # from which is sent

    async def send(self, query: str = "", *, partner_id: str = "lab", **more: Any) -> tuple[int, dict[str, Any]]:
        """GET by default; the status and the JSON that was answered."""
        method = more.pop("method", "GET")
        response = await self.client.request(method, f"/pb/{partner_id}/{SECRET}?{query}", **more)
        return response.status, await response.json()

    async def report(self, **said: str) -> str:
        """One message about the order, with the click; the verdict that was answered."""
        said = {"order_id": ORDER, "click_id": CLICK.click_id} | said
        status, answer = await self.send("&".join(f"{name}={value}" for name, value in said.items()))
        assert status == 200, answer
        return str(answer["verdict"])

    async def known(self, order_id: str = ORDER, partner_id: str = "lab") -> KnownOrder:
        return await self.ledger.load(partner_id, order_id)

    async def replay(self) -> Replayed:
        return await replay(self.ledger, self.ingest, self.partners)

    async def rows(self, sql: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    async def value(self, sql: str, *values: object) -> Any:
        return (await self.rows(sql, *values))[0][0]

    async def balances(self) -> dict[str, int]:
        """Accounts that are not empty, in kopecks."""
        rows = await self.rows(
            "SELECT account, sum(amount_kopecks)::bigint AS kopecks FROM ledger_entries GROUP BY account"
        )
        return {row["account"]: row["kopecks"] for row in rows if row["kopecks"]}

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)


def gates() -> Gates:
    return Gates(WIDE, clock=time.monotonic, worked=time.thread_time)


@asynccontextmanager
async def open_setting(dsn: str, *, refused_a_minute: int = 0) -> AsyncIterator[Setting]:
    partners = {
        "lab": partner(),
        "gross": partner("gross", amounts=Amounts(include_delivery=True)),
        "admi": partner("admi", "admitad"),
    }
    clicks = Clicks()
    clicks.record(CLICK)
    clicks.record(OTHER_CLICK)
    counted: list[tuple[str, str]] = []
    words_unknown: list[str] = []
    async with open_ledger(dsn) as ledger:
        await ledger.put_in_force([LAB])
        ingest = Ingest(ledger, clicks, clicks)
        receive = Receive(
            partners=lambda: partners,
            books=ledger,
            ingest=ingest,
            now=lambda: setting.now,
            random=os.urandom,
            count=lambda who, verdict: counted.append((who, verdict)),
            word_unknown=words_unknown.append,
            gates=gates(),
            strangers=Strangers(gates(), Kind.of("refused", refused_a_minute), Exempt(()), clock=time.monotonic),
        )
        app = web.Application()
        endpoint = PostbackEndpoint(
            receive, address=lambda _: setting.address, address_hash=lambda _: 7, request_id=lambda _: "request-1"
        )
        app.add_routes(endpoint.routes())
        async with TestClient(TestServer(app)) as client:
            staff = Staff(ledger, clicks, clicks, now=lambda: setting.now)
            setting = Setting(dsn, ledger, ingest, staff, clicks, client, partners, counted, words_unknown)
            yield setting


def other_terms(version: str, **changes: Any) -> TermsVersion:
    """LAB's terms, changed."""
    return replace(LAB, version=version, terms=(replace(LAB.terms[0], **changes),))
