"""What one address may ask: over it is 429, with the time to wait, before a handler is asked anything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.web.serving import GOOD
from tracker.telemetry import LIMITED, Telemetry
from tracker.web import TrustedProxies, make_runner, middleware
from tracker.web.connections import Connections, room_for
from tracker.web.limits import Exempt, Kind, Limits
from tracker.web.wrong import pages_for_people

LOCAL = ("127.0.0.0/8", "::1")


@dataclass
class Limited:
    client: "TestClient[web.Request, web.Application]"
    telemetry: Telemetry
    now: float = 0.0
    handled: list[str] = field(default_factory=list)

    async def statuses(self, path: str, address: str, times: int) -> list[int]:
        headers = {"X-Forwarded-For": address}
        return [(await self.client.get(path, headers=headers)).status for _ in range(times)]


@asynccontextmanager
async def limited(exempt: tuple[str, ...] = LOCAL) -> AsyncIterator[Limited]:
    telemetry = Telemetry()
    limits = Limits(Kind.of("pages", 5))
    proxies = TrustedProxies(["127.0.0.1"])

    async def handle(request: web.Request) -> web.Response:
        running.handled.append(request.path)
        return web.Response(text="ok")

    app = web.Application(
        middlewares=[
            pages_for_people("Demo"),
            middleware(telemetry, lambda: "request-1"),
            limits.middleware(Exempt(exempt), proxies.address_of, telemetry, lambda: running.now),
        ]
    )
    limits.put(app.add_routes([web.get("/go/{partner}", handle)]), Kind.of("clicks", 3))
    limits.put(app.add_routes([web.get("/pb/{partner}", handle)]), None)
    app.add_routes([web.get("/", handle)])
    async with TestClient(TestServer(app)) as client:
        running = Limited(client, telemetry)
        yield running


async def test_over_its_limit_an_address_is_told_to_wait_and_no_handler_hears_of_it() -> None:
    async with limited() as tried:
        assert await tried.statuses("/go/lab", "203.0.113.9", 5) == [200, 200, 200, 429, 429]
        assert tried.handled == ["/go/lab"] * 3
        answer = await tried.client.get("/go/lab", headers={"X-Forwarded-For": "203.0.113.9"})
        assert (await answer.json())["code"] == "too_many"
        assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("20", "no-store")
        assert tried.telemetry.value(LIMITED, "clicks") == 3
        tried.now = 20
        assert await tried.statuses("/go/lab", "203.0.113.9", 2) == [200, 429]


async def test_a_person_is_told_on_a_page() -> None:
    async with limited() as tried:
        await tried.statuses("/go/lab", "203.0.113.9", 3)
        headers = {"X-Forwarded-For": "203.0.113.9", "Accept": "text/html", "Accept-Language": "en"}
        answer = await tried.client.get("/go/lab", headers=headers)
        assert (answer.status, answer.content_type, answer.headers["Retry-After"]) == (429, "text/html", "20")
        assert "Too many requests" in await answer.text()


async def test_each_address_and_each_kind_has_a_limit_of_its_own() -> None:
    async with limited() as tried:
        assert await tried.statuses("/go/lab", "203.0.113.9", 4) == [200, 200, 200, 429]
        assert await tried.statuses("/go/lab", "203.0.113.10", 1) == [200]
        assert await tried.statuses("/", "203.0.113.9", 6) == [200] * 5 + [429]


async def test_addresses_of_one_ipv6_customer_share_a_limit() -> None:
    async with limited() as tried:
        assert await tried.statuses("/go/lab", "2001:db8:1:1::1", 3) == [200] * 3
        assert await tried.statuses("/go/lab", "2001:db8:1:1:ffff::2", 1) == [429]
        assert await tried.statuses("/go/lab", "2001:db8:1:2::1", 1) == [200]


async def test_what_is_not_there_is_limited_like_a_page() -> None:
    async with limited() as tried:
        assert await tried.statuses("/nothing", "203.0.113.9", 7) == [404] * 5 + [429] * 2


async def test_postbacks_are_not_limited_by_address() -> None:
    async with limited() as tried:
        assert await tried.statuses("/pb/lab", "203.0.113.9", 20) == [200] * 20


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.8.8.8"])
async def test_an_exempt_address_has_no_limit(address: str) -> None:
    async with limited() as tried:
        assert await tried.statuses("/go/lab", address, 20) == [200] * 20


async def test_a_made_up_chain_does_not_make_new_addresses() -> None:
    """Whoever writes X-Forwarded-For itself is the address that our own proxy saw."""
    async with limited() as tried:
        for number in range(3):
            assert await tried.statuses("/go/lab", f"198.51.100.{number}, 203.0.113.9", 1) == [200]
        assert await tried.statuses("/go/lab", "127.0.0.1, 203.0.113.9", 1) == [429]


@asynccontextmanager
async def serving(connections: Connections, telemetry: Telemetry) -> AsyncIterator[int]:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.add_routes([web.get("/", handle)])
    runner = make_runner(app, telemetry, connections=connections)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def is_served(port: int) -> tuple[bool, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GOOD)
    async with asyncio.timeout(5):
        try:
            return (await reader.read(12)).startswith(b"HTTP/1.1 200"), writer
        except ConnectionError:
            return False, writer


@pytest.mark.parametrize(
    ("limits", "served"),
    [
        ({"most": 3}, 3),
        ({"most_of_one": 2}, 2),
        ({"most": 3, "most_of_one": 2, "exempt": Exempt(LOCAL)}, 3),
    ],
    ids=["in all", "of one address", "an exempt address has the limit of all"],
)
async def test_connections_over_the_limit_are_closed_and_their_places_given_back(
    limits: dict[str, int], served: int
) -> None:
    telemetry = Telemetry()
    async with serving(Connections(telemetry, **limits), telemetry) as port:  # type: ignore[arg-type]
        tried = [await is_served(port) for _ in range(5)]
        assert [ok for ok, _ in tried] == [True] * served + [False] * (5 - served)
        assert telemetry.value(LIMITED, "connections") == 5 - served
        for _, writer in tried:
            writer.close()
        async with asyncio.timeout(5):
            while not (again := await is_served(port))[0]:
                again[1].close()
        again[1].close()


def test_a_flood_of_addresses_that_left_is_not_remembered() -> None:
    connections = Connections(Telemetry(), most_of_one=10)
    for number in range(1_000):
        whom = connections.admit(f"203.0.{number // 256}.{number % 256}")
        assert whom is not None
        connections.leave(whom)
    assert not connections._of_one


def test_no_more_connections_than_files_may_be_opened() -> None:
    assert room_for(100) == 100
    assert room_for(10**9) < 10**9
