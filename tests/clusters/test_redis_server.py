"""A whole tracker on Debian's Redis, behind a password and over TLS."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import pytest_asyncio
from redis.exceptions import ConnectionError  # noqa: A004 - the client's own word

from tests.agents import DESKTOP
from tests.clusters.valkey_servers import Server, redis_program
from tests.passes import Passes
from tests.running import RunningTracker, data_folder
from tests.store.factories import HOT_DAYS, click_fact
from tests.warehouse.setting import until
from tracker.store.clicks import ClickStore, Recorded
from tracker.store.valkey_client import open_valkey
from tracker.store.valkey_node import open_node

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture(loop_scope="session")
async def over_tls(tmp_path: Path) -> AsyncIterator[Server]:
    program, openssl = redis_program(), shutil.which("openssl")
    if program is None or openssl is None:
        pytest.skip("redis-server or openssl is not installed: tests/packages.sh does it")
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=redis",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = [f"tls-cert-file {certificate}", f"tls-key-file {key}", "tls-auth-clients no"]
    server = Server(tmp_path, program, tls, tls=True)
    try:
        await server.start()
        yield server
    finally:
        server.kill()


async def test_a_tracker_on_redis_over_tls_takes_clicks_and_orders_and_ships_them(over_tls: Server) -> None:
    with data_folder() as data:
        async with (
            RunningTracker(data, more={"TRACKER_VALKEY_URL": over_tls.url}) as tracker,
            aiohttp.ClientSession(headers={"User-Agent": DESKTOP}) as client,
        ):
            assert tracker.find("valkey") is None
            cookies = Passes(tracker).passed("browser-1")
            async with client.get(tracker.link("shopper-1", "lab"), cookies=cookies, allow_redirects=False) as answer:
                assert answer.status == 302, await answer.text()
                [click_id] = parse_qs(urlsplit(answer.headers["Location"]).query)["sub"]
            order = {"click_id": click_id, "order_id": "1", "status": "approved", "amount": "1000.00"}
            async with client.get(tracker.postback_url("lab"), params=order) as answer:
                assert answer.status == 200
            shown = "SELECT click_id, cashback FROM analytics.conversions"
            await until(lambda: tracker.query(shown), seconds=60)
            assert tracker.query(shown) == [{"click_id": click_id, "cashback": 50}]
            assert tracker.query("SELECT click_id FROM analytics.clicks") == [{"click_id": click_id}]

            await over_tls.command("CONFIG", "SET", "appendfsync", "everysec")
        done = RunningTracker(data.with_name("other")).try_command("serve", TRACKER_VALKEY_URL=over_tls.url)
        assert done.returncode == 2
        assert "set appendfsync always" in done.stderr


async def test_whoever_cannot_show_the_certificate_is_not_spoken_to(over_tls: Server) -> None:
    async with open_node(over_tls.url.partition("?")[0]) as stranger:
        with pytest.raises(ConnectionError, match="certificate"):
            await stranger.ping()


async def test_the_names_of_valkey_are_understood(redis_server: Server) -> None:
    valkey = open_valkey(redis_server.url.replace("redis://", "valkey://"))
    try:
        recorded = await ClickStore(valkey, hot_days=HOT_DAYS).record(click_fact(77, shard=7), attributable=True)
        assert isinstance(recorded, Recorded)
    finally:
        await valkey.aclose()
