"""A shopper is erased: no store and no file has their id, every sum is as it was, and nothing late brings it back."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from tests import browsing
from tests.agents import DESKTOP
from tests.journeys.test_staff_work import available, click_out, report
from tests.running import ROOT, RunningTracker, data_folder
from tracker import app
from tracker.embedded.postgres_home import cluster_in
from tracker.settings import read_settings
from tracker.store.clicks import STREAMS

pytestmark = pytest.mark.slow

SHOPPER = "canary-shopper-4711"
ADDRESS = "198.51.100.77"
WAITING = "waiting-shopper-4712"
OTHER = "canary-shopper-47110"
ERASE = ("erase", SHOPPER, "--reason", "asked by letter", "--staff", "anna")


@pytest_asyncio.fixture(name="own", scope="module", loop_scope="session")
async def own_tracker() -> AsyncIterator[RunningTracker]:
    """With no other traffic than this test's."""
    with data_folder() as data:
        async with RunningTracker(data, more={"TRACKER_TRUSTED_PROXIES": "127.0.0.0/8"}) as tracker:
            yield tracker


async def fetch(tracker: RunningTracker, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(tracker.postgres_dsn)
    try:
        return await connection.fetch(sql)
    finally:
        await connection.close()


async def ask(tracker: RunningTracker, sql: str) -> list[dict[str, Any]]:
    """As `tracker query` does, without a process of its own for each question."""
    lines = await app.query(read_settings(tracker.environment), sql, "JSONEachRow")
    return [json.loads(line) for line in lines.splitlines()]


async def until_asked(tracker: RunningTracker, sql: str, rows: int = 1) -> None:
    async with asyncio.timeout(60):
        while len(await ask(tracker, sql)) < rows:
            await asyncio.sleep(0.1)


async def sums(tracker: RunningTracker) -> dict[str, Any]:
    """What accounting keeps."""
    [ledger] = await fetch(
        tracker,
        "SELECT count(*) AS n, sum(amount_kopecks) AS rest, sum(abs(amount_kopecks)) AS moved FROM ledger_entries",
    )
    kinds = await fetch(
        tracker,
        "SELECT split_part(account, ':', 1) AS kind, sum(amount_kopecks) AS kopecks FROM ledger_entries GROUP BY 1",
    )
    orders = await ask(tracker, "SELECT order_id, status, cashback, base FROM analytics.conversions ORDER BY order_id")
    return {"ledger": dict(ledger), "kinds": {row["kind"]: row["kopecks"] for row in kinds}, "orders": orders}


def files_with(folder: Path, word: bytes, *, books: bool = False) -> list[Path]:
    """Every file below; without `books` not those of PostgreSQL, whose pages and log keep old bytes until they are
    written over."""
    cluster = folder / "nothing" if books else cluster_in((folder / "postgres").resolve())
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_relative_to(cluster):
            try:
                if re.search(word + rb"(?![0-9])", path.read_bytes()):
                    found.append(path)
            except FileNotFoundError:
                continue  # merged away meanwhile
    return found


async def rows_with(tracker: RunningTracker, word: str) -> list[str]:
    """Every row of every table of PostgreSQL that has the word anywhere, also within bytes."""
    tables = await fetch(tracker, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    named = re.compile(rf"{word}(?![0-9])|{word.encode().hex()}(?!3[0-9])")
    return [
        f"{row['tablename']}: {found['text'][:80]}"
        for row in tables
        for found in await fetch(tracker, f"SELECT t::text AS text FROM {row['tablename']} t")
        if named.search(found["text"])
    ]


async def test_the_id_is_nowhere_and_the_money_is_as_it_was(own: RunningTracker) -> None:
    late_link = own.link(SHOPPER, "lab")
    clicks = [await click_out(own, SHOPPER), await click_out(own, OTHER)]
    for number, click_id in enumerate(clicks):
        await report(own, click_id=click_id, order_id=f"E-{number}", status="pending")
        await report(own, click_id=click_id, order_id=f"E-{number}")
    unreported = await click_out(own, SHOPPER)
    await report(own, order_id="LOST-9")
    why = f"{SHOPPER} showed a receipt"
    own.command("unmatched", "claim", "lab", "LOST-9", unreported, "--reason", why, "--staff", "anna")
    async with aiohttp.ClientSession() as client:
        tag = {"id": "a" * 32, "partner": "lab", "kind": "landing", "click": clicks[0], "tab": "same_tab"}
        await client.post(f"{own.url}/tag", json=tag)
    await until_asked(own, "SELECT order_id FROM analytics.conversions WHERE cashback > 0", rows=3)
    before = await sums(own)
    assert len(await rows_with(own, SHOPPER)) > 8, "there was nothing to erase"
    assert files_with(own.data, SHOPPER.encode())
    assert await available(own, SHOPPER) == 100_00

    assert "no sum has changed" in await asyncio.to_thread(own.command, *ERASE)
    assert await sums(own) == before
    assert await rows_with(own, SHOPPER) == []
    [click] = await ask(own, f"SELECT * FROM analytics.clicks WHERE click_id = '{clicks[0]}'")
    emptied = ("browser_hash", "deep_link", "user_agent_hash", "address_hash", "address_net")
    assert {str(click[name]) for name in emptied} == {"0", ""}
    assert await available(own, OTHER) == 50_00, "another shopper whose id begins the same"
    [stand_in] = await fetch(own, "SELECT stand_in FROM erased_shoppers")
    assert await available(own, stand_in["stand_in"]) == 100_00
    [act] = await fetch(own, "SELECT kind, staff, reason, changed FROM upkeep_acts")
    assert (act["kind"], act["staff"], act["reason"]) == ("erasure", "anna", "asked by letter")
    assert msgspec.json.decode(act["changed"])["ledger_entries"] > 3

    await nothing_late_brings_it_back(own, late_link, clicks[0], unreported)
    rebuilt = await app.rebuild(read_settings(own.environment), ignore)
    assert [one.table for one in rebuilt if one.before != one.after] == []


async def ignore(_: int) -> None:
    """Nobody looks on."""


async def nothing_late_brings_it_back(own: RunningTracker, link: str, reported: str, unreported: str) -> None:
    await report(own, click_id=reported, order_id="E-0", amount="2000.00")
    await report(own, click_id=unreported, order_id="E-LATE")
    async with browsing.new_browser(headers={"User-Agent": DESKTOP}) as browser, browser.get(link) as answer:
        assert answer.status == 200, "nobody is signed in by it: the page offers to sign in"
    await until_asked(own, "SELECT 1 FROM analytics.conversions WHERE order_id = 'E-LATE'")
    assert await rows_with(own, SHOPPER) == []
    [kopecks] = await fetch(
        own, "SELECT sum(amount_kopecks)::bigint AS sum FROM ledger_entries WHERE account LIKE 'available:erased-%'"
    )
    assert kopecks["sum"] == 200_00


async def test_clicks_that_still_wait_for_clickhouse_are_the_stand_in_s(own: RunningTracker) -> None:
    drain = own.find("drain")
    assert drain is not None
    drain.suspend()
    try:
        click_id = await click_out(own, WAITING)
        settings = read_settings(own.environment)
        erasing = asyncio.create_task(
            app.erase(settings, WAITING, staff="anna", reason="asked by letter", patience=3.0)
        )
        async with asyncio.timeout(60):
            while await entries_with(own, WAITING):
                await asyncio.sleep(0.1)
    finally:
        drain.resume()
    await erasing
    await until_asked(own, f"SELECT 1 FROM analytics.clicks WHERE click_id = '{click_id}'")
    await report(own, click_id=click_id, order_id="E-WAITED")
    assert await rows_with(own, WAITING) == []


async def entries_with(own: RunningTracker, shopper: str) -> int:
    valkey = Redis.from_url(own.valkey_url)
    entries: list[Any] = [entry for stream in STREAMS for entry in await valkey.xrange(stream) or ()]
    await valkey.aclose()
    return sum(shopper.encode() in fields[b"f"] for _, fields in entries)


def test_an_erasure_whose_reason_names_the_shopper_is_refused(own: RunningTracker) -> None:
    refused = own.try_command("erase", SHOPPER, "--reason", f"letter of {SHOPPER}", "--staff", "anna")
    assert (refused.returncode, refused.stderr) == (
        1, "The reason and the name are kept: write them without the shopper's id.\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    "sql",
    ["UPDATE ledger_entries SET amount_kopecks = 1", "DELETE FROM ledger_entries", "UPDATE upkeep_acts SET at = now()"],
)
async def test_an_act_of_before_allows_nobody_to_change_what_is_never_changed(own: RunningTracker, sql: str) -> None:
    connection = await asyncpg.connect(own.postgres_dsn)
    allow = "SELECT set_config('tracker.upkeep_act', (SELECT max(id)::text FROM upkeep_acts), true)"
    try:
        with pytest.raises(asyncpg.RaiseError, match="never changed or deleted"):
            await connection.execute(f"BEGIN; {allow}; {sql}")
    finally:
        await connection.close()


async def test_an_address_is_sent_along_with_everything(own: RunningTracker) -> None:
    """As a proxy hands it over; the last test looks for it."""
    headers = {"User-Agent": DESKTOP, "X-Forwarded-For": ADDRESS}
    async with aiohttp.ClientSession(headers=headers) as client:
        for path in ("/", "/go/lab?s=forged", "/my", "/pb/lab/wrong", "/nowhere"):
            async with client.get(own.url + path) as answer:
                assert answer.status < 500
        async with client.get(own.link("address-shopper", "lab")) as answer:
            assert answer.status == 200
        fields = {"order_id": "ADDRESS-1", "status": "pending", "amount": "10.00"}
        async with client.post(own.postback_url("lab"), data=fields) as answer:
            assert answer.status == 200
        report_ = {"id": "b" * 32, "partner": "lab", "kind": "landing", "tab": "same_tab"}
        async with client.post(f"{own.url}/tag", json=report_) as answer:
            assert answer.status == 204
    await until_asked(own, "SELECT 1 FROM analytics.postbacks WHERE order_id = 'ADDRESS-1' AND address_hash != 0")


async def test_no_file_has_the_id_nor_any_the_address(own: RunningTracker) -> None:
    """But for ClickHouse's replaced parts, which it removes eight minutes later. Last: the tracker is stopped."""
    await own.stop()
    program = [sys.executable, "-m", "tests.journeys.old_parts", str(own.data / "warehouse" / "clickhouse")]
    told = await asyncio.to_thread(subprocess.run, program, cwd=ROOT, check=True, capture_output=True, timeout=60)
    old = [Path(line) for line in told.stdout.decode().splitlines() if line]
    assert old, "nothing was replaced: the erasure was never there"
    left = [
        path for path in files_with(own.data, SHOPPER.encode()) if not any(path.is_relative_to(part) for part in old)
    ]
    assert left == []
    assert files_with(own.data, ADDRESS.encode(), books=True) == []
    log = own.log.read_bytes()
    assert not re.search(SHOPPER.encode() + rb"(?![0-9])", log)
    assert ADDRESS.encode() not in log
