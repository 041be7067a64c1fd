"""The reports of a running tracker: an operator prints the address, an analyst opens it and reads."""

import asyncio
import csv
import io
import re

import aiohttp
import pytest

from tests.journeys.test_pages import browser
from tests.journeys.test_staff_work import click_out, report
from tests.running import RunningTracker, secrets_of
from tracker.reports.analysts.questions import QUESTIONS


async def open_reports(client: aiohttp.ClientSession, tracker: RunningTracker) -> str:
    address = tracker.command("reports-url").strip()
    assert address == f"{tracker.url}/reports?token={secrets_of(tracker).reports}"
    async with client.get(address) as answer:
        assert (answer.status, str(answer.url)) == (200, f"{tracker.url}/reports")
        return await answer.text()


async def test_a_click_and_its_purchase_show_in_the_reports(tracker: RunningTracker) -> None:
    click_id = await click_out(tracker, "counted-1")
    await report(tracker, click_id=click_id, order_id="COUNTED-1", status="pending")
    await report(tracker, click_id=click_id, order_id="COUNTED-2", amount="10.00")

    async with browser() as client:
        await open_reports(client, tracker)
        async with asyncio.timeout(20):
            while True:  # facts arrive in ClickHouse a moment later
                async with client.get(f"{tracker.url}/reports/minimum-rule.csv?partner=lab") as answer:
                    rows = list(csv.DictReader(io.StringIO(await answer.text())))
                if any(row["reason"] == "below_minimum" for row in rows):
                    break
        async with client.get(f"{tracker.url}/reports/conversion-rate?partner=lab") as answer:
            assert ">LAB<" in await answer.text()
    assert secrets_of(tracker).reports not in tracker.log.read_text()


@pytest.mark.parametrize("name", QUESTIONS)
async def test_every_report_is_a_page_that_loads_nothing_from_elsewhere(tracker: RunningTracker, name: str) -> None:
    async with browser() as client:
        await open_reports(client, tracker)
        async with client.get(f"{tracker.url}/reports/{name}?lang=en") as answer:
            page = await answer.text()
    assert (answer.status, answer.headers["Content-Language"]) == (200, "en")
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
    assert "<script" not in page
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_without_the_address_nothing_is_told(tracker: RunningTracker) -> None:
    async with browser() as client:
        for path in ("/reports", "/reports/refusals", "/reports/nothing", "/reports?token=guess"):
            async with client.get(tracker.url + path) as answer:
                assert answer.status == 401, path
                assert "tracker reports-url" in await answer.text()
