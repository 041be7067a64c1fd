"""The analysts' port answers only to names of this machine."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tracker.web.local import local_names_only


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8123", 200),
        ("LOCALHOST:8123", 200),
        ("127.0.0.1:8123", 200),
        ("[::1]:8123", 200),
        ("evil.example", 403),
        ("evil.example:8123", 403),
        ("localhost.evil.example:8123", 403),
        ("127.0.0.1.evil.example", 403),
        ("0.0.0.0:8123", 403),
    ],
)
async def test_only_names_of_this_machine_are_answered(host: str, status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="rows")

    app = web.Application(middlewares=[local_names_only])
    app.add_routes([web.get("/", answer)])
    async with TestClient(TestServer(app)) as client, client.get("/", headers={"Host": host}) as answered:
        assert answered.status == status
        assert ("rows" in await answered.text()) is (status == 200)
