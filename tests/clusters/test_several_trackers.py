"""Two web machines behind the nginx of deploy/, one with the warehouse process and the stores: whichever answers, a
shopper is the same shopper; whichever dies, nothing that was answered is lost.

SOAK=1: 20 kills instead of two.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import pytest_asyncio

from tests import browsing
from tests.agents import DESKTOP
from tests.clusters.networks import Machine, machines
from tests.clusters.postgres import PostgresServer, dsn_of, postgres_servers
from tests.deploy.nginx import nginx
from tests.faults.loading import Crowd, load_on, our_faults, wrong_things
from tests.faults.results import is_soak, note
from tests.passes import Passes
from tests.running import ROOT, START_SECONDS, RunningTracker, data_folder, free_port, secrets_of
from tracker.web.hashing import KeyedHash

pytestmark = pytest.mark.slow

KILLS = 20 if is_soak() else 2
RATE = 20  # shoppers a second
PORT = 8080
PASSWORD = "canary0of0valkey"
REDIS = shutil.which("redis-server")
MUST = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]


class WebMachine:
    """`tracker web` on a machine of its own, with what was copied to it and nothing else."""

    def __init__(self, machine: Machine, folder: Path, first: RunningTracker, stores: dict[str, str]) -> None:
        self.machine = machine
        self.url = f"http://{machine.address}:{PORT}"
        self.log = folder / "log"
        data = folder / "data"
        data.mkdir(parents=True)
        shutil.copy(first.data / "secrets.json", data)
        partners = shutil.copy(first.data / "partners.in-force.yaml", folder / "partners.yaml")
        here = {"TRACKER_DATA": str(data), "TRACKER_PARTNERS": str(partners), "TRACKER_HOST": machine.address}
        outside = {name: value for name, value in os.environ.items() if not name.startswith("TRACKER_")}
        self._environment = outside | stores | here | {"TRACKER_TRUSTED_PROXIES": machine.gateway}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [*self.machine.into, sys.executable, "-m", "tracker", "web"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            assert self._process.wait(60) in (0, -9, -15)  # -15: it had not begun

    async def ready(self) -> dict[str, str]:
        """What /readyz says, once it answers 200."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as client,
            asyncio.timeout(2 * START_SECONDS),
        ):
            while True:
                assert self._process is not None
                assert self._process.poll() is None, self.log.read_text()
                try:
                    async with client.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return dict(await answer.json())
                except (aiohttp.ClientError, TimeoutError, OSError):
                    pass
                await asyncio.sleep(0.05)


@dataclass
class Cluster:
    first: RunningTracker  # with the warehouse process
    webs: list[WebMachine]
    client: Machine
    front: str  # nginx, as the client reaches it
    books: PostgresServer
    nginx_folder: Path


@contextmanager
def redis_on(*addresses: str) -> Iterator[str]:
    """Its address, with {} for the host."""
    if REDIS is None:
        pytest.skip("no redis-server is installed")
    with data_folder() as folder, ExitStack() as stack:
        folder.mkdir()
        port = free_port()
        command = [REDIS, "--port", str(port), "--bind", *addresses, "--dir", str(folder), "--requirepass", PASSWORD]
        process = subprocess.Popen(
            [*command, *MUST, "--hash-max-listpack-value", "96"], stdout=subprocess.DEVNULL, cwd=folder
        )
        stack.callback(process.wait, 20)
        stack.callback(process.terminate)
        yield f"redis://:{PASSWORD}@{{}}:{port}/0"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cluster() -> AsyncIterator[Cluster]:
    with ExitStack() as stack:
        one, two, client = stack.enter_context(machines("one", "two", "client"))
        listen = ("127.0.0.1", one.gateway, two.gateway)
        valkey = stack.enter_context(redis_on(*listen))
        settings = {"listen_addresses": ",".join(listen)}
        [books] = stack.enter_context(postgres_servers("books", settings=settings))
        books.start()
        await books.make_database()

        def stores(host: str) -> dict[str, str]:
            postgres = dsn_of(books).replace("127.0.0.1", host, 1)
            return {"TRACKER_VALKEY_URL": valkey.format(host), "TRACKER_POSTGRES_URL": postgres}

        data = stack.enter_context(data_folder())
        async with RunningTracker(data, more=stores("127.0.0.1")) as first:
            webs = [
                WebMachine(one, data.parent / "one", first, stores(one.gateway)),
                WebMachine(two, data.parent / "two", first, stores(two.gateway)),
            ]
            for web in webs:
                stack.callback(web.stop)
                web.start()
            for web in webs:
                assert (await web.ready())["warehouse"] == "away"  # the bundled engine is elsewhere
            port = free_port()
            upstreams = [urlsplit(web.url).netloc for web in webs]
            where = [f"{client.gateway}:{port}", f"127.0.0.1:{port}"]
            folder = stack.enter_context(nginx(free_port(), where, upstreams, tls=False))
            yield Cluster(first, webs, client, f"http://{client.gateway}:{port}", books, folder)


async def test_a_machine_that_is_killed_under_load_loses_nothing(cluster: Cluster) -> None:
    """The first: its judge knows of nothing but its own load."""
    with load_on(cluster.first, RATE, Crowd(front=cluster.front), into=cluster.client.into) as load:
        await load.until_answered(20)
        for kill in range(KILLS):
            victim = cluster.webs[kill % 2]
            victim.kill()
            await load.until_answered(20)  # the other one answers
            victim.start()
            await victim.ready()
            await load.until_answered(10)
        journal = await load.stop()
    # What was under way on the machine that died, and is not to be repeated, nginx itself answers: 502.
    cut_off = {one["click"] for one in journal.surprises if "click" in one and one["answered"] == 502}
    journal.without_id = [number for number in journal.without_id if number not in cut_off]
    wrong = await wrong_things(cluster.first, journal, cluster.books.dsn())
    note(
        "one of two web machines behind nginx killed (-9) under load",
        "no message answered 2xx is lost, no kopeck is wrong, every click answered with an id is there once",
        KILLS,
        len(wrong),
        f"{len(journal.kept)} messages answered 2xx, {len(journal.click_ids)} clicks with an id; "
        f"{len(journal.surprises)} requests were answered 502 by nginx",
    )
    assert not our_faults(journal)
    assert wrong == []
    logged = "".join(path.read_text() for path in cluster.nginx_folder.glob("*.log"))
    logged += "".join(web.log.read_text() for web in cluster.webs)
    assert [word for word in (PASSWORD, cluster.client.address) if word in logged] == []


async def test_the_sender_s_own_address_arrives_and_a_forged_one_is_not_believed(cluster: Cluster) -> None:
    urls = [cluster.first.postback_url("lab").replace(cluster.first.url, cluster.front) for _ in cluster.webs]
    for number, url in enumerate(urls):
        forged = ["-H", "X-Forwarded-For: 203.0.113.9", f"{url}?order_id=whose-{number}&status=pending&amount=1"]
        done = subprocess.run(
            [*cluster.client.into, sys.executable, "-c", _GET, *forged[1:]], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    secrets = secrets_of(cluster.first)
    hashes = KeyedHash(secrets.address_hash, secrets.months)
    kept = await cluster.books.ask("SELECT array_agg(address_hash) FROM postbacks WHERE query LIKE '%whose-%'")
    assert set(kept) == {hashes.of_month(cluster.client.address, datetime.now(UTC))}
    assert len(kept) == len(urls)


_GET = """
import sys, urllib.request
name, _, value = sys.argv[1].partition(": ")
urllib.request.urlopen(urllib.request.Request(sys.argv[2], headers={name: value}), timeout=10)
"""


async def test_a_double_click_on_two_machines_is_one_click(cluster: Cluster) -> None:
    passes = Passes(cluster.first)
    async with aiohttp.ClientSession(headers={"User-Agent": DESKTOP}, cookie_jar=aiohttp.DummyCookieJar()) as client:

        async def click(url: str, number: int) -> str:
            link = cluster.first.link(f"double-{number}", "lab").replace(cluster.first.url, url)
            async with client.get(link, cookies=passes.passed(f"double-{number}"), allow_redirects=False) as answer:
                return parse_qs(urlsplit(answer.headers["Location"]).query)["sub"][0]

        for number in range(10):
            ids = await asyncio.gather(*(click(web.url, number) for web in cluster.webs))
            assert ids[0] == ids[1]


async def test_a_second_tab_is_seen_whichever_machine_answers_it(cluster: Cluster) -> None:
    """Each request goes to the next machine; the front is one address, so the browser keeps its cookies."""
    at = cluster.front.replace(cluster.client.gateway, "127.0.0.1")
    async with browsing.new_browser(headers={"User-Agent": DESKTOP}) as browser:
        link = cluster.first.link("two-tabs", "lab").replace(cluster.first.url, at)
        first = await browsing.click_out(browser, link)
        second = await browsing.click_out(browser, link, tab="b" * 16)
    assert (first.status, second.status) == (302, 200)
    assert "уже открыт в другой вкладке" in second.text
