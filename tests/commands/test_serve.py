"""`tracker serve` as its operator sees it: what it says, what it leaves behind, what it refuses."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import psutil
import pytest
from redis.asyncio import Redis

from tests import browsing
from tests.agents import DESKTOP
from tests.running import PARTNERS, RunningTracker, data_folder
from tracker.embedded.valkey import EmbeddedValkey


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


async def click_out(tracker: RunningTracker, shopper: str) -> str:
    """The address that the shopper is sent to."""
    async with browsing.new_browser(headers={"User-Agent": DESKTOP}) as browser:
        gone = await browsing.click_out(browser, tracker.link(shopper, "lab"))
    assert gone.status == 302, gone.text
    return gone.location


async def test_it_says_where_to_look_and_what_to_try(data: Path) -> None:
    async with RunningTracker(data) as tracker:
        async with asyncio.timeout(20):
            while "Ctrl-C stops it" not in tracker.log.read_text():
                await asyncio.sleep(0.05)
        said = tracker.log.read_text()

    assert f"{tracker.url}/readyz" in said
    assert "link shopper-42 shop" in said
    assert "postback-url shop" in said
    assert "add ?" in said
    assert "partner-url shop" in said
    assert "desk-url" in said
    assert "Traceback" not in said


async def test_on_sigterm_it_ships_every_click_ends_with_0_and_leaves_no_process(data: Path) -> None:
    tracker = RunningTracker(data)
    await tracker.start()
    for number in range(20):
        await click_out(tracker, f"shopper-{number}")

    assert await tracker.stop() == 0
    assert tracker.processes() == []
    [row] = tracker.query("SELECT count() AS n FROM analytics.clicks")  # without a running tracker
    assert int(row["n"]) == 20


async def test_after_kill_nine_of_serve_the_next_start_adopts_its_servers_and_leaves_no_orphan(data: Path) -> None:
    tracker = RunningTracker(data)
    await tracker.start()
    before = await click_out(tracker, "shopper-1")
    servers = [tracker.find(name) for name in ("valkey", "postgres")]
    await tracker.kill()

    async with asyncio.timeout(30):
        while tracker.find("web") or tracker.find("drain"):  # they end by themselves
            await asyncio.sleep(0.05)
    await tracker.start()
    adopted = [tracker.find(name) for name in ("valkey", "postgres")]
    assert [one.pid for one in adopted if one] == [one.pid for one in servers if one]
    again = tracker.command("link", "shopper-1", "lab")
    assert urlsplit(before).netloc == "lab.example"
    assert tracker.url in again

    assert await tracker.stop() == 0
    assert tracker.processes() == []


async def test_after_kill_nine_of_everything_the_next_start_succeeds(data: Path) -> None:
    tracker = RunningTracker(data, workers=2)
    await tracker.start()
    await click_out(tracker, "shopper-1")
    everything = [*tracker.processes(), psutil.Process(tracker.pid)]
    for process in everything:
        process.kill()
    psutil.wait_procs(everything, timeout=10)

    await tracker.start()
    await click_out(tracker, "shopper-2")
    assert await tracker.stop() == 0
    [row] = tracker.query("SELECT count() AS n FROM analytics.clicks")
    assert int(row["n"]) == 2


@pytest.mark.parametrize("part", ["TRACKER_PORT", "TRACKER_WAREHOUSE_PORT"])
def test_a_port_in_use_is_a_sentence_that_names_the_option(data: Path, part: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = RunningTracker(data).try_command("serve", **{part: port})

    assert done.returncode == 1
    option = {"TRACKER_PORT": "--port", "TRACKER_WAREHOUSE_PORT": "--warehouse-port"}[part]
    assert done.stderr.splitlines()[-1] == f"Port {port} of 127.0.0.1 is in use; choose another one with {option}."
    assert "Traceback" not in done.stderr


async def test_a_second_tracker_on_one_data_folder_is_refused(data: Path) -> None:
    async with RunningTracker(data) as tracker:
        done = tracker.try_command("serve", TRACKER_PORT="0")
        pid = tracker.pid

    assert done.returncode == 1
    assert f"The data folder {data} is in use by another tracker (process {pid})." in done.stderr


def test_every_problem_of_the_configuration_is_told_at_once_and_nothing_is_started(data: Path, tmp_path: Path) -> None:
    broken = tmp_path / "partners.yaml"
    broken.write_text(PARTNERS.read_text().replace("rate: 7%", "rate: 700%").replace("name: LAB\n", "nmae: LAB\n"))
    tracker = RunningTracker(data, broken)

    done = tracker.try_command("serve")
    assert done.returncode == 2
    told = [line for line in done.stderr.splitlines() if line.startswith("partners.yaml:")]
    assert len(told) >= 2
    assert "Traceback" not in done.stderr
    assert tracker.processes() == []

    wrong = tracker.try_command("serve", TRACKER_PORT="many", TRACKER_WORKERS="0", TRACKER_PRT="1")
    assert wrong.returncode == 2
    assert len(wrong.stderr.splitlines()) == 3


async def test_terms_that_have_begun_are_never_changed(data: Path, tmp_path: Path) -> None:
    mine = tmp_path / "partners.yaml"
    mine.write_text(PARTNERS.read_text())
    async with RunningTracker(data, mine):
        pass
    mine.write_text(PARTNERS.read_text().replace("rate: 14.5%", "rate: 1%"))

    done = RunningTracker(data, mine).try_command("serve")
    assert done.returncode == 2
    assert "trv: terms that have begun were changed; add an entry with a later from" in done.stderr

    mine.write_text(
        PARTNERS.read_text().replace(
            "      - {from: 2019-01-01, rate: 14.5%}",
            "      - {from: 2019-01-01, rate: 14.5%}\n      - {from: 2099-01-01, rate: 1%}",
        )
    )
    async with RunningTracker(data, mine):
        pass


async def test_it_works_on_servers_instead_of_the_embedded_ones(
    data: Path, valkey: Redis, valkey_server: EmbeddedValkey, postgres_dsn: str
) -> None:
    assert await valkey.dbsize() == 0
    servers = {"TRACKER_VALKEY_URL": valkey_server.url, "TRACKER_POSTGRES_URL": postgres_dsn}
    async with RunningTracker(data, more=servers) as tracker:
        await click_out(tracker, "shopper-1")
        assert tracker.find("valkey") is None
        assert tracker.find("postgres") is None
        assert await valkey.dbsize() > 0


async def test_a_valkey_that_could_lose_a_click_is_refused(
    data: Path, valkey: Redis, valkey_server: EmbeddedValkey
) -> None:
    await valkey.config_set("maxmemory-policy", "allkeys-lru")
    try:
        done = RunningTracker(data).try_command("serve", TRACKER_VALKEY_URL=valkey_server.url)
    finally:
        await valkey.config_set("maxmemory-policy", "noeviction")

    assert done.returncode == 2
    assert "set maxmemory-policy noeviction" in done.stderr


async def test_readyz_tells_which_part_is_away(data: Path) -> None:
    async with RunningTracker(data) as tracker, aiohttp.ClientSession() as client, asyncio.timeout(60):
        said: dict[str, str] = {}
        while set(said.values()) != {"ok"}:  # the drain has looked once
            async with client.get(f"{tracker.url}/readyz") as answer:
                said = json.loads(await answer.text())
        drain = tracker.find("drain")
        assert drain is not None
        drain.suspend()
        try:
            async with client.get(f"{tracker.url}/readyz") as answer:
                said = json.loads(await answer.text())
        finally:
            drain.resume()

    ok = dict.fromkeys(("valkey", "postgres", "journal", "drain"), "ok")
    assert (answer.status, said) == (200, ok | {"warehouse": "away"})
