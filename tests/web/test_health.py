"""Whether the process answers, whether it can do its work, and what it has counted."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tracker.errors import StoreUnavailableError, WarehouseTooOldError
from tracker.telemetry import CLICKS, Telemetry
from tracker.web.health import Health, Part


class Store:
    """Answers, is away, or hangs."""

    def __init__(self) -> None:
        self.away = False
        self.too_old = False
        self.hangs = False

    async def ask(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.away:
            raise StoreUnavailableError("nobody listens")
        if self.too_old:
            raise WarehouseTooOldError("ClickHouse 18.16 is too old.", 344)


Ask = Callable[[str], Awaitable[tuple[int, str]]]


@pytest.fixture
def valkey() -> Store:
    return Store()


@pytest.fixture
def warehouse() -> Store:
    return Store()


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
async def ask(valkey: Store, warehouse: Store, telemetry: Telemetry) -> AsyncIterator[Ask]:
    parts = {"valkey": Part(valkey.ask), "warehouse": Part(warehouse.ask, needed=False)}
    app = web.Application()
    app.add_routes(Health(parts, telemetry).routes())
    async with TestClient(TestServer(app)) as client:

        async def asked(path: str) -> tuple[int, str]:
            answer = await client.get(path)
            assert answer.headers["Cache-Control"] == "no-store"
            return answer.status, await answer.text()

        yield asked


async def test_a_process_is_healthy_whatever_is_away(ask: Ask, valkey: Store) -> None:
    valkey.away = True
    assert await ask("/healthz") == (200, "ok\n")


async def test_it_is_ready_when_all_parts_answer(ask: Ask) -> None:
    assert await ask("/readyz") == (200, '{"valkey": "ok", "warehouse": "ok"}')


async def test_a_part_that_is_needed_is_named_and_makes_it_unready(ask: Ask, valkey: Store) -> None:
    valkey.away = True
    assert await ask("/readyz") == (503, '{"valkey": "away", "warehouse": "ok"}')
    valkey.away = False
    assert (await ask("/readyz"))[0] == 200


async def test_a_part_that_is_not_needed_is_named_and_nothing_more(ask: Ask, warehouse: Store) -> None:
    warehouse.away = True
    assert await ask("/readyz") == (200, '{"valkey": "ok", "warehouse": "away"}')


async def test_a_part_that_hangs_is_away(ask: Ask, valkey: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.web.health._PATIENCE_SECONDS", 0.05)
    valkey.hangs = True
    async with asyncio.timeout(5):
        assert (await ask("/readyz"))[0] == 503


async def test_a_change_is_logged_once(ask: Ask, valkey: Store, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "tracker.web.health"):
        for away in (False, True, True, False, False):
            valkey.away = away
            await ask("/readyz")
    lines = [record.getMessage() for record in caplog.records if record.name == "tracker.web.health"]
    assert lines == ["valkey is away: nobody listens", "valkey is back"]


async def test_the_counters_are_shown(ask: Ask, telemetry: Telemetry) -> None:
    telemetry.count(CLICKS, "go")
    status, text = await ask("/metrics")
    assert status == 200
    assert 'tracker_clicks_total{outcome="go"} 1\n' in text


async def test_a_part_that_is_too_old_says_so(ask: Ask, warehouse: Store) -> None:
    warehouse.too_old = True
    status, said = await ask("/readyz")
    assert status == 200
    assert json.loads(said) == {"valkey": "ok", "warehouse": "ClickHouse 18.16 is too old."}


async def test_a_process_that_leaves_is_not_ready_and_goes_on_answering(valkey: Store) -> None:
    app, leaving = web.Application(), asyncio.Event()
    app.add_routes(Health({"valkey": Part(valkey.ask)}, Telemetry(), leaving.is_set).routes())
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/readyz")).status == 200
        leaving.set()
        answer = await client.get("/readyz")
        assert (answer.status, await answer.json()) == (503, {"valkey": "ok", "worker": "leaving"})
        assert (await client.get("/healthz")).status == 200
