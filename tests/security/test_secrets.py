"""No secret and no raw address is in anything that the tracker writes or shows, after real traffic."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from yarl import URL

from tests.agents import DESKTOP
from tests.browsing import click_out, new_browser
from tests.running import RunningTracker, secrets_of
from tests.security.canary import ENVIRONMENT, secrets_in_use
from tracker.reports.access import partner_token

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("traffic")]

ADDRESSES = ("203.0.113.77", "2001:db8:77::77")
LAB, KEY = ENVIRONMENT["LAB_POSTBACK_SECRET"], ENVIRONMENT["LAB_SIGNATURE_KEY"]
OURS = {"secrets.json", "partners.checked.yaml", "partners.in-force.yaml"}  # where secrets live, 0600


@pytest.fixture(scope="module", name="shown")
async def all_that_was_answered(exposed: RunningTracker) -> list[bytes]:
    """Traffic of every kind, with secrets where their senders put them, right and wrong; every answer."""
    keys, shown = secrets_of(exposed), []
    page = partner_token(keys.pages, "lab")
    async with new_browser(headers={"User-Agent": DESKTOP}) as client:
        for address in ADDRESSES:
            await click_out(client, exposed.link("shopper-1", "lab"), headers={"X-Forwarded-For": address})
    # Without cookies: who is let in by a token is shown its own secrets.
    async with aiohttp.ClientSession(headers={"User-Agent": DESKTOP}, cookie_jar=aiohttp.DummyCookieJar()) as client:
        for path in (
            f"/pb/lab/{LAB}?action_id=A-1&status=approved&amount=1000.00&token={KEY}",
            f"/pb/lab/{LAB}?action_id=A-2&note={LAB}",
            f"/pb/lab/{LAB}?action_id=%FF",
            f"/pb/lab/{LAB}x?action_id=A-3",
            f"/pb/quiet/{LAB}?order_id=A-4",
            f"/pb/signed/{keys.postback['LAB_POSTBACK_SECRET_2']}?order_id=A-5&token={KEY}",
            f"/pb/signed/{keys.postback['LAB_POSTBACK_SECRET_2']}?order_id=A-6&token={KEY}x",
            f"/aff_lsr?transaction_id=x&security_token={KEY}",
            f"/reports?token={keys.reports}", "/reports", "/reports/nothing", f"/reports?token={keys.reports}x",
            f"/desk?token={keys.desk}", "/desk", "/desk/late",
            f"/partner/lab?token={page}", "/partner/lab", "/partner/lab/log", "/partner/quiet",
            f"/{LAB}", "/readyz", "/metrics", "/", "/my",
        ):  # fmt: skip
            headers = {"X-Forwarded-For": ADDRESSES[0], "Authorization": f"Bearer {keys.desk}"}
            async with client.get(exposed.url + path, headers=headers) as answer:
                shown.append(await answer.read() + repr(answer.headers).encode())
        body = {"action_id": "A-7", "api_key": KEY, "nested": {"secret": LAB}}
        async with client.post(f"{exposed.url}/pb/lab/{LAB}", json=body) as answer:
            shown.append(await answer.read())
    return shown


@pytest.fixture(scope="module")
async def traffic(exposed: RunningTracker, shown: list[bytes]) -> None:
    """It has reached ClickHouse."""
    assert len(shown) > 20
    async with asyncio.timeout(60), aiohttp.ClientSession() as analyst:
        while not (exposed.data / "running.json").exists():
            await asyncio.sleep(0.05)
        while not int(await asked(analyst, exposed, "SELECT count() FROM analytics.postbacks")):
            await asyncio.sleep(0.2)


def leaks(written: bytes, tracker: RunningTracker) -> list[str]:
    """Names of the secrets in it, however they are spelled."""
    return [
        name
        for name, secret in secrets_in_use(tracker)
        if secret in written or quote(secret, safe="").encode() in written
    ]


def test_no_answer_page_or_metric_shows_a_secret(exposed: RunningTracker, shown: list[bytes]) -> None:
    assert leaks(b"\n".join(shown), exposed) == []


def test_no_log_line_has_a_secret_or_an_address(exposed: RunningTracker) -> None:
    logs = exposed.log.read_bytes() + b"".join(path.read_bytes() for path in exposed.data.rglob("*.log"))
    assert leaks(logs, exposed) == []
    assert not any(address.encode() in logs for address in ADDRESSES)


async def test_no_store_has_a_secret_or_an_address(exposed: RunningTracker) -> None:
    kept = b"".join([one async for one in everything_kept(exposed)])
    assert b"A-1" in kept
    assert leaks(kept, exposed) == []
    assert not any(address.encode() in kept for address in ADDRESSES)


async def everything_kept(tracker: RunningTracker) -> AsyncIterator[bytes]:
    connection = await asyncpg.connect(tracker.postgres_dsn)
    try:
        for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            for one in await connection.fetch(f'SELECT t.*, t::text AS as_text FROM "{row["tablename"]}" t'):
                yield "\n".join(map(str, one.values())).encode()
                yield b"\n".join(value for value in one.values() if isinstance(value, bytes))
    finally:
        await connection.close()
    async with aiohttp.ClientSession() as analyst:
        for table in (await asked(analyst, tracker, "SHOW TABLES FROM analytics")).split():
            yield await asked(analyst, tracker, f"SELECT * FROM analytics.{table.decode()}")
    client: Redis = Redis.from_url(tracker.valkey_url)
    try:
        async for key in client.scan_iter():
            yield key + b"\n" + (await client.dump(key) or b"")
    finally:
        await client.aclose()


async def asked(analyst: aiohttp.ClientSession, tracker: RunningTracker, sql: str) -> bytes:
    address = json.loads((tracker.data / "running.json").read_text())["warehouse_url"]
    async with analyst.post(address, data=sql) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read()


def test_no_file_but_those_for_secrets_has_one_and_those_are_ours_alone(exposed: RunningTracker) -> None:
    found = {path: leaks(text, exposed) for path, text in files_of(exposed.data) if path.name not in OURS}
    assert {str(path): names for path, names in found.items() if names} == {}
    for name in OURS & {path.name for path in exposed.data.iterdir()}:
        assert (exposed.data / name).stat().st_mode & 0o077 == 0, name
    assert not any(address.encode() in text for _, text in files_of(exposed.data) for address in ADDRESSES)


def files_of(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size < 64 * 2**20:
            yield path, path.read_bytes()


def test_no_command_line_has_a_secret_and_no_server_s_environment(exposed: RunningTracker) -> None:
    """Our own processes read partners' secrets from their environment; the servers that they start need none."""
    ours, servers = [], []
    for process in exposed.processes():
        try:
            command, environment = process.cmdline(), process.environ()
        except (psutil.Error, OSError):
            continue
        assert leaks("\0".join(command).encode(), exposed) == [], command
        if "-m" in command:
            ours.append(process)
        else:
            servers.append(process)
            assert leaks(repr(environment).encode(), exposed) == [], command
    assert len(ours) >= 2
    assert len(servers) >= 2


async def test_nothing_that_a_sender_writes_begins_a_log_line_or_reaches_a_terminal(exposed: RunningTracker) -> None:
    odd = '%0a%1b[31m{"level":"error"}%0d%00'
    header = 'x\x1b[31m{"level":"error"}'
    names = ("s", "url", "b", "surface", "lang", "go", "switch", "page", "order_id", "status", "amount", "token")
    query = "&".join(f"{name}={odd}" for name in names)
    headers = {name: header.replace("\x1b", "\t") for name in ("User-Agent", "Referer", "X-Forwarded-For", "Cookie")}
    async with aiohttp.ClientSession() as client:
        for path in ("/go/lab", f"/pb/lab/{LAB}", f"/pb/{odd}/{odd}", f"/{odd}", "/tag", "/reports", "/my", "/desk"):
            for method in ("GET", "POST", f"A{'B' * 50}"):
                url = URL(f"{exposed.url}{path}?{query}".replace('"', "%22"), encoded=True)
                async with client.request(method, url, headers=headers) as answer:
                    assert answer.status < 500 or answer.status == 503
    written = exposed.log.read_text()
    assert "\x1b" not in written
    lines = [line for line in written.splitlines() if line.lstrip().startswith("{")]
    assert all(re.fullmatch(r'\{"time": .*\}', line) for line in lines)
