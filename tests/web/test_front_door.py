"""The short way past the router and the middlewares answers as the long way does, whatever is asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from tests.web.serving import Answer, Connection
from tracker.errors import StoreUnavailableError
from tracker.telemetry import LIMITED, OUR_ERRORS, REFUSED_REQUESTS, REQUEST_ID, REQUEST_SECONDS, Telemetry
from tracker.web import TrustedProxies, Watch, make_runner, middleware, watched
from tracker.web.front_door import FRONT_DOOR, FrontDoor, raise_what_failed
from tracker.web.limits import Exempt, Kind, Limits
from tracker.web.redirect import Redirect
from tracker.web.wrong import pages_for_people

KINDS = {"/go/{partner}": "click_out"}
COUNTED = ((REQUEST_SECONDS, "click_out", "3xx"), (REQUEST_SECONDS, "click_out", "4xx"),
           (REQUEST_SECONDS, "click_out", "5xx"), (REQUEST_SECONDS, "page", "4xx"), (OUR_ERRORS, "failed"),
           (OUR_ERRORS, "store_unavailable"), (REFUSED_REQUESTS, "encoded_body"), (LIMITED, "clicks"))  # fmt: skip
ORDINARY = ("Host: go.example", "X-Forwarded-For: 203.0.113.9")


@dataclass
class Served:
    """A route behind all middlewares, with or without a front door before them."""

    port: int
    telemetry: Telemetry
    handled: list[str] = field(default_factory=list)  # the request ids that the log would have
    long_way: int = 0  # requests that the router has seen

    async def answer(self, line: str, *headers: str) -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        connection = Connection(reader, writer)
        connection.send("\r\n".join([line, *ORDINARY, *headers, "", ""]).encode())
        try:
            return await connection.answer()
        finally:
            writer.close()

    def counted(self) -> list[float]:
        return [self.telemetry.value(*series) for series in COUNTED]


@asynccontextmanager
async def serving(*, door: bool, a_minute: int = 0) -> AsyncIterator[Served]:
    telemetry = Telemetry()
    proxies, exempt, clicks = TrustedProxies(["127.0.0.1"]), Exempt(()), Kind.of("clicks", a_minute)
    watch, limits = Watch(telemetry, proxies, KINDS.values()), Limits(Kind.of("pages", 0))
    served = Served(0, telemetry)

    async def answer(_: web.Request, partner: str) -> web.StreamResponse:
        served.handled.append(REQUEST_ID.get())
        if partner == "away":
            raise StoreUnavailableError("Valkey did not answer")
        if partner == "broken":
            raise ValueError("secret-in-a-traceback")
        if partner == "page":
            return web.Response(text="words", headers={"X-Robots-Tag": "noindex"})
        redirect = Redirect(f"https://{partner}.example/?a=%2F..%2F'")
        redirect.headers.add("Set-Cookie", "a=1")
        redirect.headers.add("Set-Cookie", "b=2")
        return redirect

    async def handle(request: web.Request) -> web.StreamResponse:
        raise_what_failed(request)
        return await answer(request, request.match_info["partner"])

    @web.middleware
    async def counting(request: web.Request, handler: object) -> web.StreamResponse:
        served.long_way += 1
        assert callable(handler)
        answered: web.StreamResponse = await handler(request)
        return answered

    app = web.Application(
        middlewares=[
            counting, watched(watch, KINDS), pages_for_people("Demo"),
            middleware(telemetry, lambda: "ours-of-16-digits"),
            limits.middleware(exempt, proxies.address_of, telemetry, lambda: 100.0),
        ]
    )  # fmt: skip
    limits.put(app.add_routes([web.get("/go/{partner}", handle)]), clicks)
    if door:
        app[FRONT_DOOR] = FrontDoor(
            "/go", answer, kind="click_out", watch=watch, limit=clicks, exempt=exempt, address=proxies.read_address,
            new_request_id=lambda: "ours-of-16-digits", now=lambda: 100.0,
        )  # fmt: skip
    runner = make_runner(app, telemetry)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.port = runner.addresses[0][1]
    try:
        yield served
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("line", "headers", "short"),
    [
        ("GET /go/lab HTTP/1.1", (), True),
        ("GET /go/lab?b=top&url=https%3A%2F%2Flab.example%2F HTTP/1.1", (), True),
        ("GET /go/page HTTP/1.1", (), True),
        ("GET /go/lab HTTP/1.1", ("X-Request-Id: 7b1c-from.the_proxy",), True),
        ("GET /go/lab HTTP/1.1", ("X-Request-Id: bad",), True),
        ("GET /go/lab HTTP/1.1", ("Connection: close",), True),
        ("GET /go/away HTTP/1.1", (), False),
        ("GET /go/away HTTP/1.1", ("Accept: text/html",), False),
        ("GET /go/broken HTTP/1.1", (), False),
        ("GET /go/broken HTTP/1.1", ("Accept: text/html", "Accept-Language: ru"), False),
        ("GET /go/lab HTTP/1.1", ("Content-Encoding: gzip",), False),
        ("GET /go/lab HTTP/1.1", ("Expect: 100-continue", "Content-Length: 0"), False),
        ("GET /go/lab HTTP/1.0", (), False),
        ("POST /go/lab HTTP/1.1", ("Content-Length: 0",), False),
        ("GET /go/lab/ HTTP/1.1", (), False),
        ("GET /go/l%61b HTTP/1.1", (), False),
        ("GET /go/LAB HTTP/1.1", (), False),
        ("GET //go/lab HTTP/1.1", (), False),
        ("GET /go/../go/lab HTTP/1.1", (), False),
        ("GET http://go.example/go/lab HTTP/1.1", (), False),
        ("GET /go/ HTTP/1.1", (), False),
        ("GET /elsewhere HTTP/1.1", ("Accept: text/html",), False),
    ],
)
async def test_both_ways_answer_alike_and_count_alike(line: str, headers: tuple[str, ...], *, short: bool) -> None:
    async with serving(door=True) as tried, serving(door=False) as plain:
        answer, expected = await tried.answer(line, *headers), await plain.answer(line, *headers)

        assert (answer.status, answer.body) == (expected.status, expected.body)
        assert _without_server(answer) == _without_server(expected)
        assert (tried.handled, tried.counted()) == (plain.handled, plain.counted())
        assert tried.long_way == (0 if short else 1)


async def test_both_ways_share_one_limit() -> None:
    async with serving(door=True, a_minute=2) as tried:
        first = await tried.answer("GET /go/lab HTTP/1.1")
        by_the_long_way = await tried.answer("GET /go/l%61b HTTP/1.1")
        page = await tried.answer("GET /go/lab HTTP/1.1", "Accept: text/html")

        assert (first.status, by_the_long_way.status, page.status) == (302, 302, 429)
        assert page.headers["content-type"].startswith("text/html")
        assert len(tried.handled) == 2
        assert tried.telemetry.value(LIMITED, "clicks") == 1


async def test_what_failed_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(door=True) as tried:
        answer = await tried.answer("GET /go/broken HTTP/1.1")

    assert (answer.status, answer.json["code"], tried.handled) == (500, "failed", ["ours-of-16-digits"])
    assert "secret-in-a-traceback" in caplog.text
    assert "secret" not in answer.body.decode()


def _without_server(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in ("server", "date")}
