"""The reports' pages: who gets in, what every page says in both languages, and that a download is the table."""

import csv
import io
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from types import MappingProxyType

import pyarrow.parquet as pq
import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from tests.redirect.setting import NOW, partner
from tests.reports.test_analyst_reports import KNOWN
from tests.warehouse.setting import put
from tracker.app.stores import answer_analyst
from tracker.core.click import Check
from tracker.core.partner import Origin, Programme
from tracker.core.reasons import ClickReason, Reason
from tracker.core.signing_keys import since_ever
from tracker.errors import StoreUnavailableError, WarehouseQueryError
from tracker.redirect.tokens import OPENED_SECONDS, OpenedTokens, Tokens
from tracker.reports.access import Access
from tracker.reports.analysts.codes import CODES
from tracker.reports.analysts.columns import HEADINGS, KINDS, Kind
from tracker.reports.analysts.disclosure import FILTER_RULES
from tracker.reports.analysts.endpoint import AnalystPages
from tracker.reports.analysts.questions import QUESTIONS
from tracker.reports.analysts.table import Ask
from tracker.reports.analysts.texts import TEXTS
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.threads import EngineThreads

TOKEN = "7e" * 32
NOW_SECONDS = int(NOW.timestamp())
PROGRAMME = Programme("Demo", "Europe/Moscow", None, (), {"lamoda": replace(partner("lamoda"), name="Ламода & Ко")})
PATHS = ("/reports", *(f"/reports/{name}" for name in QUESTIONS))
STATES = {"pending", "held", "approved", "settled", "declined"}


@dataclass
class Reports:
    client: "TestClient[web.Request, web.Application]"

    async def page(self, path: str) -> str:
        async with self.client.get(path) as answer:
            assert answer.status == 200, await answer.text()
            return (await answer.text()).replace("\u00a0", " ")


@asynccontextmanager
async def serving(ask: Ask, *, over_tls: bool = False) -> AsyncIterator[Reports]:
    access = Access(TOKEN, OpenedTokens(TOKEN), over_tls=over_tls, now=lambda: NOW_SECONDS)
    pages = AnalystPages(lambda: PROGRAMME, name="Demo", access=access, ask=ask, now=lambda: NOW)
    app = web.Application()
    app.add_routes(pages.routes())
    async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as client:
        yield Reports(client)


@pytest.fixture
async def reports(threads: EngineThreads) -> AsyncIterator[Reports]:
    async with serving(partial(answer_analyst, threads)) as opened:
        await (await opened.client.get(f"/reports?token={TOKEN}")).release()
        yield opened


async def nothing_is_asked(_sql: str, _format: str, _parameters: Mapping[str, str] = MappingProxyType({})) -> bytes:
    raise AssertionError("the warehouse was asked")


@pytest.mark.parametrize("path", [*PATHS, "/reports/", "/reports/nothing", "/reports/refusals.csv", "/reports/a/b"])
async def test_without_the_token_every_address_says_only_how_to_get_in(path: str) -> None:
    async with serving(nothing_is_asked) as reports, reports.client.get(path) as answer:
        page = await answer.text()
    assert answer.status == 401
    assert "tracker reports-url" in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert not any(TEXTS["ru"].questions[name].title in page for name in QUESTIONS)


@pytest.mark.parametrize(
    ("given", "is_let_in"),
    [(TOKEN, True), (TOKEN[:-1], False), (f"{TOKEN}7", False), (TOKEN.upper(), False), ("", False), ("ключ", False)],
)
async def test_the_token_opens_the_reports_and_leaves_the_address(given: str, *, is_let_in: bool) -> None:
    async with (
        serving(nothing_is_asked) as reports,
        reports.client.get(
            "/reports/refusals", params={"from": "2026-11-01", "token": given}, allow_redirects=False
        ) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (302, "/reports/refusals?from=2026-11-01")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        cookie = answer.headers.get("Set-Cookie", "")
    assert bool(cookie) is is_let_in
    if is_let_in:
        assert re.fullmatch(r"analyst=[\w-]+\.[\w-]+; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax", cookie)
        assert TOKEN not in cookie


async def test_over_tls_the_cookie_is_bound_to_the_host() -> None:
    async with (
        serving(nothing_is_asked, over_tls=True) as reports,
        reports.client.get("/reports", params={"token": TOKEN}, allow_redirects=False) as answer,
    ):
        assert re.fullmatch(r"__Host-analyst=.*; Path=/; HttpOnly; SameSite=Lax; Secure", answer.headers["Set-Cookie"])


@pytest.mark.parametrize(
    ("cookie", "is_let_in"),
    [
        (OpenedTokens(TOKEN).make(NOW_SECONDS), True),
        (OpenedTokens(TOKEN).make(NOW_SECONDS - OPENED_SECONDS), True),
        (OpenedTokens(TOKEN).make(NOW_SECONDS - OPENED_SECONDS - 1), False),
        (OpenedTokens(TOKEN).make(NOW_SECONDS + 5), True),  # our machines' clocks differ
        (OpenedTokens("8f" * 32).make(NOW_SECONDS), False),  # the token was changed since
        (Tokens(since_ever(TOKEN), since_ever(TOKEN)).make_shopper_cookie("shopper-42", NOW_SECONDS), False),
        (OpenedTokens(TOKEN).make(NOW_SECONDS) + "A", False),
        (TOKEN, False),
        ("", False),
    ],
)
async def test_a_cookie_is_ours_and_of_the_last_twelve_hours(
    threads: EngineThreads, cookie: str, *, is_let_in: bool
) -> None:
    async with (
        serving(partial(answer_analyst, threads)) as reports,
        reports.client.get("/reports", headers={"Cookie": f"analyst={cookie}"}) as answer,
    ):
        assert answer.status == (200 if is_let_in else 401)


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("path", PATHS)
async def test_every_page_is_whole_in_both_languages_and_without_script(
    reports: Reports, engine: EmbeddedEngine, path: str, language: str
) -> None:
    name = path.removeprefix("/reports").removeprefix("/")
    put(engine, *KNOWN[name or "conversion-rate"].facts)
    page = await reports.page(f"{path}?from=2026-11-20&until=2026-11-24&lang={language}")
    text = TEXTS[language]
    assert f'<html lang="{language}">' in page
    assert f"<h1>{text.questions[name].title if name else text.overview}</h1>" in page
    for said in (
        text.measured.replace("'", "&#39;"),
        text.filtered,
        text.rules,
        text.final,
        text.restated,
        "crawler-user-agents",
    ):
        assert said in page, said
    assert re.search(r'<svg role="img" aria-labelledby="(\S+)-title \1-text"', page)
    assert page.count("<desc id=") == page.count("<svg")
    assert page.count("<title id=") == page.count("<svg")
    assert "<table>" in page
    for never in ("<script", " style=", "{{", "None", "undefined"):
        assert never not in page, never
    assert 'href="/reports/liability?from=2026-11-20&amp;until=2026-11-24"' in page


async def test_numbers_are_written_as_people_read_them(reports: Reports, engine: EmbeddedEngine) -> None:
    put(engine, *KNOWN["conversion-rate"].facts)
    russian = await reports.page("/reports/conversion-rate?from=2026-11-23&until=2026-11-23&lang=ru")
    for said in ("Ламода &amp; Ко", "66,67 %", "40 ₽", "120 ₽", "21 февраля 2027"):
        assert said in russian, said
    english = await reports.page("/reports/conversion-rate?from=2026-11-23&until=2026-11-23&partner=lamoda&lang=en")
    assert "66.67%" in english
    assert '<option value="lamoda" selected>' in english
    assert ">other<" not in english


@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_download_is_the_table(reports: Reports, engine: EmbeddedEngine, name: str) -> None:
    known = KNOWN[name]
    put(engine, *known.facts)
    query = f"?from={known.asked.since}&until={known.asked.until}&partner=lamoda"
    expected = [tuple(map(str, row)) for row in known.rows if row[0] != "other"]

    async with reports.client.get(f"/reports/{name}.csv{query}") as answer:
        heading, *lines = csv.reader(io.StringIO(await answer.text()))
    assert answer.content_type == "text/csv"
    file = f"{name}_{known.asked.since}_{known.asked.until}_lamoda.csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{file}"'
    assert [tuple(line) for line in lines] == expected

    async with reports.client.get(f"/reports/{name}.parquet{query}") as answer:
        table = pq.read_table(io.BytesIO(await answer.read()))
    assert table.column_names == heading
    assert [tuple(map(_as_csv, row.values())) for row in table.to_pylist()] == expected


def _as_csv(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, Decimal | float):
        return f"{Decimal(str(value)).normalize():f}"
    return re.sub(r"\+00:00$", "", str(value))


@pytest.mark.parametrize("path", ["nothing", "refusals.xlsx", "refusals.", "../questions/refusals.sql", "refusals/x"])
async def test_there_is_nothing_at_another_address(reports: Reports, path: str) -> None:
    async with reports.client.get(f"/reports/{path}") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    "failure", [StoreUnavailableError("The warehouse process did not answer."), WarehouseQueryError("Code: 159.", 159)]
)
async def test_when_the_warehouse_is_away_the_page_says_so(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(_sql: str, _format: str, _parameters: Mapping[str, str] = MappingProxyType({})) -> bytes:
        raise failure

    caplog.set_level(logging.DEBUG)
    async with serving(away) as reports:
        for path in (f"/reports?token={TOKEN}", "/reports/refusals", "/reports/refusals.csv"):
            async with reports.client.get(path) as answer:
                page = await answer.text()
            assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
            assert TEXTS["ru"].told[503].title in page
    assert str(failure) in caplog.text
    ours = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]  # the test's own
    assert not any(TOKEN in message for message in ours)


async def test_a_server_of_one_s_own_gives_such_a_file_itself(threads: EngineThreads) -> None:
    answer_page = partial(answer_analyst, threads)

    async def over_native(sql: str, format_: str, parameters: Mapping[str, str] = MappingProxyType({})) -> bytes:
        if format_ == "Parquet":
            raise WarehouseQueryError("Code: 73. DB::Exception: ask the server's HTTP port.", 73)
        return await answer_page(sql, format_, parameters)

    async with serving(over_native) as reports:
        assert await reports.page(f"/reports/refusals?token={TOKEN}")
        async with reports.client.get("/reports/refusals.parquet") as answer:
            assert answer.status == 501
            assert TEXTS["ru"].told[501].title in await answer.text()


def test_every_code_that_a_report_can_show_is_worded_in_both_languages() -> None:
    codes = {*map(str, Reason), *map(str, ClickReason), *map(str, Origin), *map(str, Check), *STATES}
    assert set(CODES["ru"]) == set(CODES["en"]) == codes
    assert set(FILTER_RULES) <= set(ClickReason)
    coded = {column for column, kind in KINDS.items() if kind is Kind.CODE}
    assert coded == {"check", "origin", "reason", "state", "verdict"}
    assert all(
        heading[0].isupper() or heading[0].isdigit() for words in HEADINGS.values() for heading in words.values()
    )


@pytest.mark.parametrize(
    "address",
    [
        "?from=0001-01-01",
        "?until=9999-12-31",
        "?partner=%00",
        "?lang=%00",
        "/refusals?from=2000-01-01&until=2100-12-31",
    ],
)
async def test_no_day_and_no_partner_is_a_fault_of_ours(reports: Reports, address: str) -> None:
    await reports.page(f"/reports{address}")


@pytest.mark.parametrize("path", ["%00", "refusals%00", "refusals.%00"])
async def test_no_report_has_a_control_character_in_its_name(reports: Reports, path: str) -> None:
    async with reports.client.get(f"/reports/{path}") as answer:
        assert answer.status == 404
