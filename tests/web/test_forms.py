"""What is sent to one of our own pages and is no form is answered 400, whatever aiohttp makes of it."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tracker.telemetry import Telemetry
from tracker.web import middleware
from tracker.web.forms import read_form

PARTS = "multipart/form-data; boundary=a"


async def _echo(request: web.Request) -> web.Response:
    form = await read_form(request)
    return web.json_response({name: str(value) for name, value in form.items()})


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (PARTS, b"--a\r\n[]--a--\r\n"),
        (PARTS, b"x"),
        ("multipart/form-data", b"--a\r\n\r\n\r\n--a--\r\n"),
        (PARTS, b"--a\r\nContent-Disposition: form-data\r\n\r\nx\r\n--a--\r\n"),
        ("application/x-www-form-urlencoded; charset=nothing", b"a=1"),
        ("application/x-www-form-urlencoded", b"a=\xff\xfe"),
    ],
)
async def test_what_is_no_form_is_refused(content_type: str, body: bytes) -> None:
    app = web.Application(middlewares=[middleware(Telemetry(), lambda: "request-1")])
    app.add_routes([web.post("/form", _echo)])
    async with TestClient(TestServer(app)) as client:
        refused = await client.post("/form", data=body, headers={"Content-Type": content_type})
        taken = await client.post("/form", data={"a": "1"})

        assert (refused.status, (await refused.json())["code"]) == (400, "malformed")
        assert await taken.json() == {"a": "1"}
