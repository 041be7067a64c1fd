"""A real tracker among hostile senders: broken requests, floods, slow sockets, bombs, one partner's dear messages."""

import asyncio
import gzip
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.agents import DESKTOP
from tests.running import ROOT, RunningTracker
from tests.security.canary import ENVIRONMENT
from tests.web.test_guard import MALFORMED

pytestmark = pytest.mark.slow

BOMB = 10_000_000
SENDERS = 16
ITEMS = 900  # of a basket: what one message may hold, and what makes it dear to decide


async def send(tracker: RunningTracker, sent: bytes) -> bytes:
    """Whatever is answered, until the connection is closed or nothing more comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", tracker.port)
    try:
        writer.write(sent)
        async with asyncio.timeout(10):
            return await reader.read(4096)
    except (ConnectionError, TimeoutError):
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "path", [b"/", b"/go/lab", b"/pb/lab/x", b"/tag"], ids=["page", "click-out", "postback", "tag"]
)
async def test_what_is_no_http_is_refused_at_every_door(exposed: RunningTracker, path: bytes) -> None:
    """Both lengths, two lengths, two hosts, bare LF, NUL, folded headers, 129 headers, 9 KB lines and the others: 400,
    and the second request that some of them smuggle is answered by nobody."""
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    for name, sent in MALFORMED.items():
        method, space, rest = sent.partition(b" / ")
        answer = await send(exposed, (method + b" " + path + b" " + rest if space else sent) + smuggled)
        assert re.match(rb"HTTP/1\.[01] 400 ", answer), (name, answer)
        assert answer.count(b"HTTP/1.") == 1, name


async def test_ten_thousand_malformed_requests_write_less_than_a_megabyte(exposed: RunningTracker) -> None:
    before = exposed.log.stat().st_size
    lines = iter(range(10_000))

    async def one_after_the_other() -> None:
        for _ in lines:
            assert b" 400 " in await send(exposed, MALFORMED["two hosts"])

    await asyncio.gather(*(one_after_the_other() for _ in range(50)))
    assert exposed.log.stat().st_size - before < 1_000_000


async def test_a_compressed_bomb_is_refused_unread(exposed: RunningTracker) -> None:
    worker = exposed.find("web")
    assert worker is not None
    bomb, before = gzip.compress(bytes(BOMB)), worker.memory_info().rss
    async with aiohttp.ClientSession() as client:
        for _ in range(5):
            for path in ("/tag", f"/pb/lab/{ENVIRONMENT['LAB_POSTBACK_SECRET']}", "/go/lab/check", "/desk/order"):
                for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip"):
                    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
                    async with client.post(exposed.url + path, data=bomb, headers=headers) as answer:
                        assert answer.status == 415, (path, encoding)
    assert worker.memory_info().rss - before < BOMB


@pytest.mark.parametrize("path", ["/", "/go/lab", "/go/lab?go=1", "/pb/lab/x", "/nowhere", "/tag.js", "/readyz"])
async def test_no_answer_names_the_version_of_what_answers(exposed: RunningTracker, path: str) -> None:
    async with (
        aiohttp.ClientSession(headers={"User-Agent": DESKTOP}) as client,
        client.get(f"{exposed.url}{path}", allow_redirects=False) as answer,
    ):
        assert answer.headers.get("Server", "tracker") == "tracker"


async def test_nor_does_the_answer_to_what_is_no_http(exposed: RunningTracker) -> None:
    answer = await send(exposed, b"GET / HTTP/9.9\r\n\r\n")
    assert answer.startswith(b"HTTP/1")
    assert b"aiohttp" not in answer


async def test_answers_to_bots_prefetch_and_partners_set_no_cookie_and_are_stored_by_no_cache(
    exposed: RunningTracker,
) -> None:
    secret = ENVIRONMENT["LAB_POSTBACK_SECRET"]
    link = exposed.link("shopper-1", "lab")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        for method, url, headers in (
            ("GET", link, {"User-Agent": "curl/8"}),
            ("GET", link, {"User-Agent": DESKTOP, "Sec-Purpose": "prefetch"}),
            ("HEAD", link, {"User-Agent": DESKTOP}),
            ("GET", f"{exposed.url}/pb/lab/{secret}?action_id=C-1", {"User-Agent": DESKTOP}),
            ("POST", f"{exposed.url}/pb/lab/{secret}?action_id=C-1", {"User-Agent": DESKTOP, "Cookie": "shopper=x"}),
            ("GET", f"{exposed.url}/pb/lab/wrong", {"User-Agent": DESKTOP}),
            ("POST", f"{exposed.url}/tag", {"User-Agent": DESKTOP, "Origin": "https://lab.example"}),
        ):
            async with client.request(method, url, headers=headers, allow_redirects=False) as answer:
                assert "Set-Cookie" not in answer.headers, (method, url)
                assert answer.headers["Cache-Control"] == "no-store", (method, url)


async def test_over_its_limit_an_address_waits_and_others_do_not(exposed: RunningTracker) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:

        async def status(address: str) -> tuple[int, str]:
            headers = {"User-Agent": DESKTOP, "X-Forwarded-For": address}
            async with client.get(f"{exposed.url}/go/lab", headers=headers, allow_redirects=False) as answer:
                return answer.status, answer.headers.get("Retry-After", "")

        statuses = [await status("198.51.100.1") for _ in range(60)]
        assert statuses[0] == (200, "")
        assert any(code == 429 and 1 <= int(wait) <= 60 for code, wait in statuses[40:])
        assert (await status("198.51.100.2"))[0] == 200


async def seconds(work: Callable[[], Awaitable[None]], times: int) -> list[float]:
    """How long each took, one after the other, sorted."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - began)
    return sorted(taken)


async def test_five_hundred_dripping_sockets_do_not_slow_good_requests(exposed: RunningTracker) -> None:
    """By the ratio of two p99 of one run, with what a busy machine adds by itself allowed for."""

    async def good() -> None:
        assert b" 200 " in await send(exposed, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

    for _ in range(3):  # of a busy machine one round may be the machine's own
        alone = await seconds(good, 300)
        async with dripping(exposed, 500):
            among = await seconds(good, 300)
        again = await seconds(good, 300)
        if among[296] < 2 * max(alone[296], again[296]) + 0.01:
            return
    raise AssertionError((alone[296], among[296], again[296]))


@asynccontextmanager
async def dripping(tracker: RunningTracker, count: int) -> AsyncIterator[None]:
    """By a process of its own, so that its work is not taken for the tracker's."""
    command = [sys.executable, "-m", "tests.security.drip", str(tracker.port), str(count)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"dripping\n"
        yield
    finally:
        process.kill()
        await process.wait()


async def test_one_partner_s_dear_flood_does_not_keep_another_or_the_shoppers_waiting(exposed: RunningTracker) -> None:
    """Without gates a quiet partner waits for all that is under way: a dear message for each sender of the flood. With
    them it waits for two or three."""
    flooded = f"{exposed.url}/pb/lab/{ENVIRONMENT['LAB_POSTBACK_SECRET']}"
    quiet = f"{exposed.url}/pb/quiet/{ENVIRONMENT['QUIET_POSTBACK_SECRET']}"
    items = [{"sku": f"s{number}", "amt": "10.00"} for number in range(ITEMS)]
    answered: dict[int, int] = {}
    numbers = iter(range(1_000_000))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:

        async def dear() -> None:
            body = json.dumps({"action_id": f"D-{next(numbers)}", "status": "approved", "items": items})
            headers = {"Content-Type": "application/json"}
            async with client.post(flooded, data=body, headers=headers) as answer:
                answered[answer.status] = answered.get(answer.status, 0) + 1
                if answer.status == 503:
                    assert answer.headers["Retry-After"]

        async def other() -> None:
            async with client.get(f"{quiet}?order_id=Q-{next(numbers)}&status=approved&amount=1.00") as answer:
                assert answer.status == 200

        async def page() -> None:
            async with client.get(exposed.url) as answer:
                assert answer.status == 200

        async def flood() -> None:
            while True:
                await dear()

        dear_alone = await seconds(dear, 5)
        alone = await seconds(other, 100), await seconds(page, 100)
        floods = [asyncio.create_task(flood()) for _ in range(SENDERS)]
        await asyncio.sleep(1)
        among = await seconds(other, 100), await seconds(page, 100)
        for task in floods:
            task.cancel()
        await asyncio.gather(*floods, return_exceptions=True)
    assert answered[200] > 5, "the flooding partner is served too"
    for before, during in zip(alone, among, strict=True):
        assert during[89] < before[89] + 4 * dear_alone[-1], (before[89], during[89], dear_alone)
        assert during[50] < before[50] + 2 * dear_alone[-1], (before[50], during[50], dear_alone)


def test_none_of_it_left_a_traceback(exposed: RunningTracker) -> None:
    assert "Traceback" not in exposed.log.read_text()
