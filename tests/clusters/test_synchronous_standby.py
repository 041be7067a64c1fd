"""A primary with a synchronous standby, under load: whichever of them dies, nothing that was answered 2xx is lost, and
nothing is written to a primary that was replaced.

SOAK=1: ten rounds instead of one.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
import pytest_asyncio

from tests import browsing
from tests.agents import DESKTOP
from tests.clusters.postgres import ENCODED, PASSWORD, PostgresServer, dsn_of, follow, make_pair, postgres_servers
from tests.faults.loading import Load, load_on, our_faults, wrong_things
from tests.faults.results import is_soak, note
from tests.running import RunningTracker, data_folder
from tracker.errors import StoreUnavailableError
from tracker.store.notices import Notices
from tracker.store.postgres.check import check_postgres
from tracker.store.postgres.connect import connect, create_pool

pytestmark = pytest.mark.slow

ROUNDS = 10 if is_soak() else 1
RATE = 20  # shoppers a second, each with two messages or three
AT_ONCE = 300
BOUND_SECONDS = 10.0  # in which a sender is answered, come what may


@dataclass
class World:
    tracker: RunningTracker
    primary: PostgresServer
    standby: PostgresServer

    @property
    def dsn(self) -> str:
        return dsn_of(self.primary, self.standby)

    def swap(self) -> None:
        self.primary, self.standby = self.standby, self.primary


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world() -> AsyncIterator[World]:
    with postgres_servers("one", "two") as (one, two), data_folder() as data:
        await make_pair(one, two)
        async with RunningTracker(data, more={"TRACKER_POSTGRES_URL": dsn_of(one, two)}) as tracker:
            yield World(tracker, one, two)
        assert tracker.processes() == []
        told = tracker.log.read_text()
        assert PASSWORD not in told
        assert ENCODED not in told


async def test_a_primary_that_is_killed_or_cut_off_under_load_is_replaced_and_nothing_is_lost(world: World) -> None:
    pauses = []
    with load_on(world.tracker, RATE) as load:
        await load.until_answered(20)
        for _ in range(ROUNDS):
            pauses.append(await fail_over(world, load, kill=True))
            await old_primary_comes_back(world, load)
            await follow(world.primary, world.standby)
            await load.until_answered(10)
            pauses.append(await fail_over(world, load, kill=False))
            world.standby.stop()
            await follow(world.primary, world.standby)
        journal = await load.stop()
    wrong = await wrong_things(world.tracker, journal, world.primary.dsn())
    note(
        "PostgreSQL's primary killed (-9), or cut off and still running, under load; its synchronous standby promoted",
        "no message answered 2xx is lost, no kopeck is wrong, nothing is written to the old primary",
        2 * ROUNDS,
        len(wrong),
        f"{len(journal.kept)} messages answered 2xx, {journal.failed} requests failed; answered again "
        f"{min(pauses):.1f} to {max(pauses):.1f} s after the promotion began",
    )
    assert journal.failed > 0, "the failover was not felt: nothing was judged"
    assert not our_faults(journal)
    assert wrong == []


async def fail_over(world: World, load: Load, *, kill: bool) -> float:
    """Seconds from the promotion until messages are answered again. Not killed, the old primary still writes, and has
    the tracker's connections."""
    if kill:
        world.primary.kill()
    begun = time.monotonic()
    await world.standby.promote()
    world.swap()
    before = await world.primary.ask("SELECT count(*) FROM postbacks")
    async with asyncio.timeout(180):
        while await world.primary.ask("SELECT count(*) FROM postbacks") == before:
            await asyncio.sleep(0.05)
    pause = time.monotonic() - begun
    await load.until_answered(20)
    return pause


async def old_primary_comes_back(world: World, load: Load) -> None:
    """It writes again, as if nothing had happened, and no commit on it waits for anybody."""
    old, new = world.standby, world.primary
    pool = await create_pool(world.dsn, max_size=2, within=5, command_timeout=5)
    async with pool, pool.acquire() as there:  # a connection from before
        old.start()
        await old.set(synchronous_standby_names="")
        before = await old.ask("SELECT count(*) FROM postbacks")
        async with pool.acquire() as another:
            assert await port_of(there) == await port_of(another) == new.port
    web = world.tracker.find("web")
    assert web is not None
    web.kill()  # its successor knows nothing of what was
    await world.tracker.until_ready()
    await load.until_answered(20)
    await only_the_old_one_answers(world, load)
    assert await old.ask("SELECT count(*) FROM postbacks") == before
    old.stop()


async def only_the_old_one_answers(world: World, load: Load) -> None:
    """Then nobody is answered 2xx: better no answer than one from the past."""
    world.primary.suspend()
    seen = load.so_far()
    await load.until(lambda journal: journal.failed > seen.failed + 20)
    world.primary.resume()
    await load.until_answered(10)


async def port_of(connection: object) -> int:
    port: int = await connection.fetchval("SELECT inet_server_port()")  # type: ignore[attr-defined]
    return port


async def test_without_its_standby_nothing_is_answered_2xx_and_a_repeat_is_harmless(world: World) -> None:
    click_id = await a_click(world.tracker)
    orders = [f"alone-{number}" for number in range(AT_ONCE)]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as sender:
        world.standby.suspend()
        try:
            begun = time.monotonic()
            answers = await asyncio.gather(*(report(sender, world.tracker, click_id, order) for order in orders))
            seconds = time.monotonic() - begun
            stored = await world.primary.ask("SELECT count(*) FROM postbacks WHERE query LIKE '%alone-%'")
            told = await notices_of(world)
            async with sender.get(f"{world.tracker.url}/readyz") as ready:
                parts = await ready.json()
            shipped = world.tracker.query("SELECT count() AS n FROM analytics.postbacks WHERE order_id LIKE 'alone-%'")
        finally:
            world.standby.resume()
        await world.tracker.until_ready()
        again = await asyncio.gather(*(report(sender, world.tracker, click_id, order) for order in orders))
    paid = await world.primary.ask(
        "SELECT sum(amount_kopecks)::bigint FROM ledger_entries WHERE account = 'available:alone'"
    )
    note(
        "PostgreSQL's synchronous standby hangs while messages arrive",
        "each sender is answered 503 in time, nothing that the standby lacks leaves the tracker, a repeat pays once",
        AT_ONCE,
        sum(status != 503 for status in answers) + abs(paid // 5000 - AT_ONCE),
        f"{AT_ONCE} senders at once were all answered within {seconds:.1f} s; {stored} of their messages were stored",
    )
    assert set(answers) == {503}
    assert seconds < BOUND_SECONDS
    assert stored > 0, "no message was committed before its answer: the repeat proves nothing"
    assert told is None, "the programme would have been told of money that a promoted standby does not know"
    assert parts["postgres"] == "away"
    assert int(shipped[0]["n"]) == 0
    assert set(again) == {200}
    assert paid == AT_ONCE * 50 * 100
    assert await notices_of(world)


async def test_a_start_on_the_pair_is_taken_and_on_the_standby_alone_refused(world: World) -> None:
    assert await check_postgres(world.dsn) == []
    (problem,) = await check_postgres(world.standby.dsn())
    assert problem.startswith("PostgreSQL is a standby, which only reads: name its primary")


async def a_click(tracker: RunningTracker) -> str:
    async with browsing.new_browser(headers={"User-Agent": DESKTOP}) as browser:
        gone = await browsing.click_out(browser, tracker.link("alone", "lab"))
    return parse_qs(urlsplit(gone.location).query)["sub"][0]


async def report(sender: aiohttp.ClientSession, tracker: RunningTracker, click_id: str, order: str) -> int:
    said = {"click_id": click_id, "order_id": order, "status": "approved", "amount": "1000.00"}
    async with sender.get(f"{tracker.postback_url('lab')}?{urlencode(said)}") as answer:
        return answer.status


async def notices_of(world: World) -> int | None:
    """How many are due, as the sender of notifications finds them; None: the store did not confirm them."""
    connection = await connect(world.dsn, command_timeout=1)
    try:
        return len(await Notices(connection).due(datetime.now(UTC), 16, ()))
    except StoreUnavailableError:
        return None
    finally:
        connection.terminate()
