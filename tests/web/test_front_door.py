"""The short way past the application answers as the long way does, whatever is asked and whatever happens meanwhile."""

import asyncio

import pytest

from tests.web.doorway import ID, serving, serving_by, written
from tests.web.serving import Answer
from tracker.telemetry import LIMITED
from tracker.web import Patience


def slow(number: int) -> bytes:
    return written(f"GET /go/slow?n={number} HTTP/1.1")


@pytest.mark.parametrize(
    ("line", "headers", "short"),
    [
        ("GET /go/lab HTTP/1.1", (), True),
        ("GET /go/lab?b=top&url=https%3A%2F%2Flab.example%2F HTTP/1.1", (), True),
        ("GET /go/lab?b=%D0%B6+x&b=2 HTTP/1.1", (), True),
        ("GET /go/page HTTP/1.1", (), False),
        ("GET /go/lab?hopeless HTTP/1.1", (), False),
        ("GET /go/not-after-all HTTP/1.1", (), False),
        ("GET /go/two-lines HTTP/1.1", (), False),
        ("GET /go/lab HTTP/1.1", ("X-Request-Id: 7b1c-from.the_proxy",), True),
        ("GET /go/lab HTTP/1.1", ("X-Request-Id: bad",), True),
        ("GET /go/lab HTTP/1.1", ("Connection: close",), False),
        ("GET /go/away HTTP/1.1", (), False),
        ("GET /go/away HTTP/1.1", ("Accept: text/html",), False),
        ("GET /go/broken HTTP/1.1", (), False),
        ("GET /go/broken HTTP/1.1", ("Accept: text/html", "Accept-Language: ru"), False),
        ("GET /go/lab HTTP/1.1", ("Content-Encoding: gzip",), False),
        ("GET /go/lab HTTP/1.1", ("Content-Encoding: strange",), False),
        ("GET /go/lab HTTP/1.1", ("Upgrade: websocket", "Connection: Upgrade"), False),
        ("GET /go/lab HTTP/1.1", ("Content-Length: 0",), True),
        ("GET /go/lab#b HTTP/1.1", (), False),
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
        assert _ours(answer) == _ours(expected)
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


async def test_who_goes_the_long_way_after_all_is_counted_once() -> None:
    async with serving(door=True, a_minute=3) as tried:
        for name in ("not-after-all", "page", "two-lines"):
            assert (await tried.answer(f"GET /go/{name} HTTP/1.1")).status < 400
        assert (await tried.answer("GET /go/lab HTTP/1.1")).status == 429


async def test_what_fails_at_the_door_fails_in_one_shape(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(door=True) as tried:
        answer = await tried.answer("GET /go/broken HTTP/1.1")

    assert (answer.status, answer.json["code"], tried.handled) == (500, "failed", [ID])
    assert "secret-in-a-traceback" in caplog.text
    assert "secret" not in answer.body.decode()


async def test_a_request_with_a_body_goes_the_long_way() -> None:
    async with serving(door=True) as tried, tried.connection() as connection:
        connection.send(written("GET /go/lab HTTP/1.1", "Content-Length: 3") + b"abc")
        assert (await connection.answer()).status == 302
        assert tried.long_way == 1


async def test_answers_come_in_the_order_of_their_requests() -> None:
    async with serving(door=True) as tried, tried.connection() as connection:
        connection.send(slow(1))
        await tried.until_begun(1)
        connection.send(slow(2) + written("GET /go/page HTTP/1.1") + written("GET /go/lab HTTP/1.1")[:20])
        connection.send(written("GET /go/lab HTTP/1.1")[20:])
        await asyncio.sleep(0.05)
        tried.go.set()
        answers = [await connection.answer() for _ in range(4)]

    told = [answer.headers.get("location", "a page").partition("&")[0] for answer in answers]
    assert told == ["https://slow.example/?n=1", "https://slow.example/?n=2", "a page", "https://lab.example/?"]


async def test_many_requests_on_one_connection_all_go_the_short_way() -> None:
    async with serving(door=True) as tried, tried.connection() as connection:
        for number in range(50):
            connection.send(written(f"GET /go/lab?n={number} HTTP/1.1"))
            assert (await connection.answer()).headers["location"].startswith(f"https://lab.example/?n={number}&")
        assert (tried.begun, tried.long_way) == (50, 0)


class Wire(asyncio.Transport):
    """Between a connection and nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    async def until_sent(self, start: bytes) -> None:
        async with asyncio.timeout(5):
            while not self.sent:
                await asyncio.sleep(0)
        assert self.sent.startswith(start)
        self.sent = b""


async def test_the_first_request_may_come_before_aiohttp_s_loop_has_begun() -> None:
    """As it does on a new connection of uvloop's."""
    async with serving_by(door=True) as (tried, runner):
        for first, status, begun in (("lab", b"302", 1), ("page", b"200", 0), ("not-after-all", b"302", 1)):
            assert runner.server is not None
            tried.begun = 0
            connection, wire = runner.server(), Wire()
            connection.connection_made(wire)
            connection.data_received(written(f"GET /go/{first} HTTP/1.1"))
            await wire.until_sent(b"HTTP/1.1 " + status)
            assert tried.begun == begun
            connection.data_received(written("GET /go/lab HTTP/1.1"))
            await wire.until_sent(b"HTTP/1.1 302")
            connection.connection_lost(None)


async def test_a_sender_who_leaves_meanwhile_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(door=True) as tried:
        async with tried.connection() as connection:
            connection.send(slow(1))
            await tried.until_begun(1)
        tried.go.set()
        assert (await tried.answer("GET /go/lab HTTP/1.1")).status == 302
    assert caplog.text == ""


async def test_an_answer_from_the_door_may_take_longer_than_a_request_may_be_idle() -> None:
    short = Patience(head=0.2, body=0.2, idle=0.2)
    async with serving(door=True, patience=short) as tried, tried.connection() as connection:
        connection.send(slow(1))
        await tried.until_begun(1)
        await asyncio.sleep(0.5)  # longer than all of its patience
        tried.go.set()
        assert (await connection.answer()).status == 302
        assert 0.05 < await connection.seconds_until_closed() < 2  # idle since then


async def test_half_a_next_request_is_waited_for_as_anywhere() -> None:
    short = Patience(head=0.2, body=5, idle=5)
    async with serving(door=True, patience=short) as tried, tried.connection() as connection:
        connection.send(written("GET /go/lab HTTP/1.1"))
        assert (await connection.answer()).status == 302
        connection.send(b"GET /go/l")
        assert await connection.seconds_until_closed() < 2
        assert tried.long_way == 0


async def test_who_is_under_way_when_the_process_leaves_is_answered_and_told_that_it_is_the_last() -> None:
    async with serving_by(door=True) as (tried, runner), tried.connection() as connection:
        connection.send(slow(1))
        await tried.until_begun(1)
        await runner.leave(lambda: 0)
        cleaning = asyncio.create_task(runner.cleanup())
        await asyncio.sleep(0.05)
        tried.go.set()
        last = await connection.answer()
        assert (last.status, last.headers["connection"]) == (302, "close")
        async with asyncio.timeout(5):
            await cleaning


def _ours(answer: Answer) -> dict[str, str]:
    """What aiohttp adds says nothing: the second, its name, and of what kind the body would be if there were one."""
    passing = {"server", "date"} | ({"content-type"} if answer.status == 302 else set())
    return {name: value for name, value in answer.headers.items() if name not in passing}
