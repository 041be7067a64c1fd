"""The pages of what was compared: who gets in, what they show in both languages, the filters, and the file."""

import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from tests.postback.setting import partner
from tests.reconcile.month import plan, reconcile
from tests.reconcile.month_books import fill_books, write_statement
from tracker.core.differences import COLUMNS
from tracker.core.partner import Programme
from tracker.core.reconciliation import Cause, Kind, Run
from tracker.errors import StoreUnavailableError
from tracker.redirect.tokens import OpenedTokens
from tracker.reports.access import Access
from tracker.reports.reconciliation.endpoint import SHOWN_LINES, ReconciliationPages, Runs
from tracker.reports.reconciliation.texts import TEXTS
from tracker.store.ledger import open_ledger
from tracker.store.reconciliation_runs import ReconciliationRuns

TOKEN = "7e" * 32
PATH = "/reports/reconciliations"
PROGRAMME = Programme("Demo", "Europe/Moscow", None, (), {"lab": partner()})


@dataclass
class Browser:
    client: "TestClient[web.Request, web.Application]"

    async def page(self, path: str, status: int = 200) -> str:
        async with self.client.get(path) as answer:
            assert answer.status == status, await answer.text()
            return (await answer.text()).replace("\u00a0", " ")


@asynccontextmanager
async def serving(runs: Runs) -> AsyncIterator[Browser]:
    access = Access(TOKEN, OpenedTokens(TOKEN), over_tls=False, now=lambda: 1_800_000_000)
    pages = ReconciliationPages(lambda: PROGRAMME, name="Demo", access=access, runs=runs)
    app = web.Application()
    app.add_routes(pages.routes())
    async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as client:
        yield Browser(client)


class Away:
    async def latest(self, *, limit: int, before: Run | None = None) -> list[Run]:  # noqa: ARG002 - it never answers
        raise StoreUnavailableError("away")

    async def one(self, run_id: str) -> Run | None:  # noqa: ARG002 - likewise
        raise StoreUnavailableError("away")

    async def differences(self, run: Run, *, kind: str, cause: str, after: str, limit: int) -> list[Any]:  # noqa: ARG002
        raise AssertionError("asked without a run")


async def test_without_the_token_every_address_says_only_how_to_get_in() -> None:
    async with serving(Away()) as browser:
        for path in (PATH, f"{PATH}/1", f"{PATH}/1.csv"):
            assert "tracker reports-url" in await browser.page(path, 401)
        await browser.page(f"{PATH}?token={TOKEN}", 503)


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_a_run_is_shown_with_its_differences_filtered_and_as_a_file(
    postgres_dsn: str, tmp_path: Path, language: str
) -> None:
    planted = plan(1_000)
    await fill_books(postgres_dsn, planted)
    write_statement(tmp_path / "<june>.csv", planted)
    found, seen = await reconcile(postgres_dsn, tmp_path / "<june>.csv")
    text = TEXTS[language]
    async with open_ledger(postgres_dsn) as ledger, serving(ReconciliationRuns(ledger.fetch)) as browser:
        await browser.page(f"{PATH}?token={TOKEN}")
        listed = await browser.page(f"{PATH}?lang={language}")
        assert "&lt;june&gt;.csv" in listed
        [address] = re.findall(rf'href="({PATH}/[0-9a-f-]+)"', listed)
        shown = await browser.page(address)
        for kind in set(Kind) - {Kind.MATCHED}:
            assert f"{text.kind[kind]} {found.run.totals.orders[kind]}" in shown
        for cause, count in found.run.totals.causes.items():
            assert f"{text.of_cause[Cause(cause)]} {count}" in shown

        lost = {order_id for order_id, (_, causes) in seen.differences.items() if causes == (Cause.LOST_POSTBACK,)}
        filtered = await browser.page(f"{address}?kind=only_theirs&cause=lost_postback")
        assert set(re.findall(r"<td>(R[\d-]+)</td>", filtered)) == lost
        rows = list(csv.reader(io.StringIO(await browser.page(f"{address}.csv?cause=lost_postback"))))
        assert tuple(rows[0]) == COLUMNS
        assert {row[0] for row in rows[1:]} == lost

        nothing = await browser.page(f"{address}?kind=only_ours&cause=lost_postback")
        assert text.none_found in nothing
        await browser.page(f"{address}.pdf", 404)
        await browser.page(f"{PATH}/nothing", 404)
        for anything in ("%00", "%ff", "%ed%a0%80", "%F0%9F%98%80"):
            await browser.page(f"{address}?after={anything}&kind={anything}")


async def test_differences_go_on_over_pages(postgres_dsn: str, tmp_path: Path) -> None:
    planted = plan(2_000)
    await fill_books(postgres_dsn, planted)
    write_statement(tmp_path / "june.csv", planted)
    found, _ = await reconcile(postgres_dsn, tmp_path / "june.csv")
    async with open_ledger(postgres_dsn) as ledger, serving(ReconciliationRuns(ledger.fetch)) as browser:
        await browser.page(f"{PATH}?token={TOKEN}")
        address, seen = f"{PATH}/{found.run.run_id}", []
        while address:
            page = await browser.page(address)
            seen += re.findall(r"<td>(R[\d-]+)</td>", page)
            onward = re.findall(r'class="act" href="([^"]+)"', page)
            address = onward[0] if onward else ""
    assert len(seen) == len(set(seen)) == found.run.totals.differing > SHOWN_LINES


def test_every_kind_cause_and_word_is_there_in_both_languages() -> None:
    for text in TEXTS.values():
        assert set(text.kind) == set(Kind)
        assert set(text.of_cause) == set(Cause)
