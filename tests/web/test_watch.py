"""The id that a request carries from end to end, and what is logged of it."""

import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tracker.errors import StoreUnavailableError
from tracker.telemetry import REQUEST_ID, REQUEST_SECONDS, Telemetry
from tracker.web import TrustedProxies, Watch, middleware, request_id, watched
from tracker.web.watch import HEALTH, paths_of

KINDS = {"/go/{partner}": "click_out", "/readyz": HEALTH}
Asked = TestClient[web.Request, web.Application]


@asynccontextmanager
async def serving(proxies: Sequence[str] = (), *, slow_seconds: float = 1.0) -> AsyncIterator[tuple[Asked, Telemetry]]:
    telemetry = Telemetry()
    app = web.Application(
        middlewares=[
            watched(Watch(telemetry, TrustedProxies(proxies), KINDS.values(), slow_seconds=slow_seconds), KINDS),
            middleware(telemetry, lambda: "ours-of-16-digits"),
        ]
    )

    async def go(request: web.Request) -> web.Response:
        logging.getLogger("tracker").info("inside %s", REQUEST_ID.get())
        return web.Response(text=request_id(request))

    async def away(_: web.Request) -> web.Response:
        raise StoreUnavailableError("Valkey did not answer")

    async def streamed(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write_eof(b"begun")
        return answer

    async def unready(_: web.Request) -> web.Response:
        return web.Response(status=503)

    app.add_routes(
        [
            web.get("/go/{partner}", go), web.get("/away/{secret}", away), web.get("/streamed", streamed),
            web.get("/readyz", unready),
        ]
    )  # fmt: skip
    async with TestClient(TestServer(app)) as client:
        yield client, telemetry


async def test_the_id_of_a_proxy_of_ours_is_kept_from_end_to_end(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(["127.0.0.1"]) as (client, _):
        with caplog.at_level("INFO", "tracker"):
            answer = await client.get("/go/lab", headers={"X-Request-Id": "7b1c-from.the_proxy"})
        assert await answer.text() == answer.headers["X-Request-Id"] == "7b1c-from.the_proxy"
        assert "inside 7b1c-from.the_proxy" in caplog.text


@pytest.mark.parametrize(
    ("proxies", "given"),
    [
        ([], "7b1c-from.the_proxy"),
        (["10.0.0.0/8"], "7b1c-from.the_proxy"),
        (["127.0.0.1"], "short"),
        (["127.0.0.1"], "x" * 65),
        (["127.0.0.1"], "with a blank in it"),
        (["127.0.0.1"], 'quotes"and{braces}'),
        (["127.0.0.1"], "-begins-with-a-dash"),
        (["127.0.0.1"], ""),
    ],
)
async def test_anybody_else_s_and_an_odd_one_is_replaced_by_ours(proxies: list[str], given: str) -> None:
    async with serving(proxies) as (client, _):
        answer = await client.get("/go/lab", headers={"X-Request-Id": given})
        assert await answer.text() == answer.headers["X-Request-Id"] == "ours-of-16-digits"


async def test_each_answer_has_it_failures_and_refusals_too() -> None:
    async with serving() as (client, _):
        for path, status in (("/nothing", 404), ("/away/x", 503), ("/go/lab", 200)):
            answer = await client.get(path)
            assert (answer.status, answer.headers["X-Request-Id"]) == (status, "ours-of-16-digits")
        assert "ours-of-16-digits" in (await (await client.get("/away/x")).json())["error"]
        assert (await (await client.get("/streamed")).text()) == "begun"


async def test_only_a_failure_or_a_slow_answer_is_a_line_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as (client, _):
        with caplog.at_level("WARNING", "tracker.web.watch"):
            await client.get("/go/lab?s=secret")
            await client.get("/nothing")
            await client.get("/readyz")  # says itself what is wrong, every second
            assert [one for one in caplog.records if one.name == "tracker.web.watch"] == []
            await client.get("/away/secret?s=secret")
    [line] = [one.getMessage() for one in caplog.records if one.name == "tracker.web.watch"]
    assert re.fullmatch(r"GET /away/\{secret\} answered 503 after 0\.\d{3} s", line)
    caplog.clear()
    async with serving(slow_seconds=0) as (client, _):
        await client.get("/go/lab?s=secret")
    [line] = [one.getMessage() for one in caplog.records if one.name == "tracker.web.watch"]
    assert line.startswith("GET /go/{partner} answered 200 after")


async def test_answers_are_timed_by_what_was_asked_and_by_their_class() -> None:
    async with serving() as (client, telemetry):
        for path in ("/go/lab", "/go/other", "/nothing", "/away/x", "/streamed"):
            await client.get(path)
    observed = {
        (kind, answer): telemetry.value(REQUEST_SECONDS, kind, answer)
        for kind in ("click_out", "page") for answer in ("2xx", "4xx", "5xx")
    }  # fmt: skip
    assert observed == {
        ("click_out", "2xx"): 2, ("click_out", "4xx"): 0, ("click_out", "5xx"): 0,
        ("page", "2xx"): 1, ("page", "4xx"): 1, ("page", "5xx"): 1,
    }  # fmt: skip


def test_a_path_is_named_without_the_patterns_of_its_parts() -> None:
    async def nothing(_: web.Request) -> web.Response:
        return web.Response()

    routes = [web.get("/pb/{partner}/{secret}/{tail:.*}", nothing), web.get("/go/{partner}", nothing)]
    assert list(paths_of(routes)) == ["/pb/{partner}/{secret}/{tail}", "/go/{partner}"]
