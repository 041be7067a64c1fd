"""Slow, silent and malformed senders cost us little, and nobody else notices them."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator

import pytest

from tests.web.serving import GOOD, SHORT, Connection, Serving, serving
from tracker.telemetry import REFUSED_REQUESTS, SLOW_CONNECTIONS
from tracker.web import Patience

HEAD = b"GET / HTTP/1.1\r\nHost: tracker.example\r\n"
POST = b"POST / HTTP/1.1\r\nHost: tracker.example\r\n"
MALFORMED = {
    "both lengths": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "the same length twice": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "a length with a sign": POST + b"Content-Length: +3\r\n\r\nabc",
    "a negative length": POST + b"Content-Length: -3\r\n\r\nabc",
    "a length with an underscore": POST + b"Content-Length: 1_0\r\n\r\nabc",
    "a length that is no number": POST + b"Content-Length: three\r\n\r\nabc",
    "a length beyond counting": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "two hosts": HEAD + b"Host: other.example\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: tracker.example\n\n",
    "bare LF after a header": HEAD + b"X: a\nY: b\r\n\r\n",
    "bare CR": HEAD + b"X: a\rY: b\r\n\r\n",
    "NUL in a value": HEAD + b"X: a\0b\r\n\r\n",
    "NUL in a name": HEAD + b"X\0: a\r\n\r\n",
    "NUL in the address": b"GET /\0 HTTP/1.1\r\nHost: tracker.example\r\n\r\n",
    "129 headers": HEAD + b"".join(b"X-%d: a\r\n" % number for number in range(128)) + b"\r\n",
    "a long address": b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: tracker.example\r\n\r\n",
    "a long header": HEAD + b"X: " + b"a" * 9_000 + b"\r\n\r\n",
    "a long name": HEAD + b"X" * 9_000 + b": a\r\n\r\n",
    "a folded header": HEAD + b"X: a\r\n b\r\n\r\n",
    "a blank before the colon": HEAD + b"X : a\r\n\r\n",
    "no colon": HEAD + b"nothing\r\n\r\n",
    "a blank in the address": b"GET /a b HTTP/1.1\r\nHost: tracker.example\r\n\r\n",
    "bytes above 127 in the address": b"GET /\x80\xff HTTP/1.1\r\nHost: tracker.example\r\n\r\n",
    "an unknown transfer coding": POST + b"Transfer-Encoding: gzip\r\n\r\n",
    "almost chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n",
    "chunked, but not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n",
    "a chunk without a size": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk of a negative size": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "a chunk that goes on": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n",
    "a method of control characters": b"G\x01T / HTTP/1.1\r\nHost: tracker.example\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "noise": b"\xff\xfe\xfd\r\n\r\n",
}


@pytest.fixture
async def served() -> AsyncIterator[Serving]:
    async with serving() as running:
        yield running


def no_traceback(caplog: pytest.LogCaptureFixture) -> bool:
    return not any(record.exc_info or record.levelno >= logging.ERROR for record in caplog.records)


async def send_slowly(connection: Connection, sent: bytes) -> None:
    """One byte after another, until nobody takes them."""
    try:
        for byte in sent:
            connection.send(bytes([byte]))
            await asyncio.sleep(0.01)
    except ConnectionError:
        return


@pytest.mark.parametrize(
    ("sent", "patience"),
    [
        (b"", SHORT.head),
        (b"G", SHORT.head),
        (HEAD, SHORT.head),
        (HEAD + b"X: ", SHORT.head),
        (POST + b"Content-Length: 10\r\n\r\n", SHORT.body),
        (POST + b"Content-Length: 10\r\n\r\nhalf ", SHORT.body),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", SHORT.body),
    ],
    ids=["silent", "one byte", "half a head", "half a header", "no body", "half a body", "no last chunk"],
)
async def test_a_request_that_stays_incomplete_is_closed(
    served: Serving, caplog: pytest.LogCaptureFixture, sent: bytes, patience: float
) -> None:
    async with served.connection() as connection:
        connection.send(sent)
        assert patience * 0.9 <= await connection.seconds_until_closed() < patience + 1
    assert served.telemetry.value(SLOW_CONNECTIONS) == 1
    assert no_traceback(caplog)


@pytest.mark.parametrize(
    ("first", "drops", "patience"),
    [
        (b"", HEAD + b"X: " + b"a" * 4_000, SHORT.head),
        (POST + b"Content-Length: 4000\r\n\r\n", b"a" * 4_000, SHORT.body),
    ],
    ids=["head", "body"],
)
async def test_a_request_that_drips_in_is_closed_all_the_same(
    served: Serving, caplog: pytest.LogCaptureFixture, first: bytes, drops: bytes, patience: float
) -> None:
    async with served.connection() as connection:
        connection.send(first)
        dripping = asyncio.create_task(send_slowly(connection, drops))
        assert patience * 0.9 <= await connection.seconds_until_closed() < patience + 1
        dripping.cancel()
    assert served.telemetry.value(SLOW_CONNECTIONS) == 1
    assert no_traceback(caplog)


@pytest.mark.parametrize("start", [HEAD, POST + b"Content-Length: 10\r\n\r\nhalf "], ids=["head", "body"])
async def test_a_second_request_on_a_connection_is_watched_like_the_first(served: Serving, start: bytes) -> None:
    async with served.connection() as connection:
        connection.send(GOOD)
        assert (await connection.answer()).status == 200
        connection.send(start)
        await connection.seconds_until_closed()
    assert served.telemetry.value(SLOW_CONNECTIONS) == 1


async def test_a_connection_without_a_next_request_is_closed_and_not_called_slow(served: Serving) -> None:
    async with served.connection() as connection:
        connection.send(GOOD)
        await connection.answer()
        assert SHORT.idle * 0.9 <= await connection.seconds_until_closed() < SHORT.idle + 1
    assert served.telemetry.value(SLOW_CONNECTIONS) == 0


async def test_an_answer_may_take_longer_than_a_request_may(served: Serving) -> None:
    async with served.connection() as connection:
        connection.send(HEAD.replace(b" / ", b" /slow ") + b"\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2 * (SHORT.head + SHORT.body)):
                await connection.reader.read(1)
        served.go.set()
        assert (await connection.answer()).body == b"at last"


async def test_half_a_next_request_does_not_cut_off_the_answer_that_is_being_made(served: Serving) -> None:
    async with served.connection() as connection:
        connection.send(HEAD.replace(b" / ", b" /slow ") + b"\r\n")
        await connection.writer.drain()
        await asyncio.sleep(0.05)
        connection.send(GOOD[:20])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2 * SHORT.head):
                await connection.reader.read(1)
        served.go.set()
        assert (await connection.answer()).body == b"at last"
        connection.send(GOOD[20:])
        assert (await connection.answer()).status == 200


async def test_a_request_in_pieces_is_answered(served: Serving) -> None:
    async with served.connection() as connection:
        for piece in (b"POST / HT", b"TP/1.1\r\nHost: a\r\nContent-Le", b"ngth: 6\r\n\r\n", b"abc", b"def"):
            connection.send(piece)
            await connection.writer.drain()
            await asyncio.sleep(0.01)
        assert (await connection.answer()).body == b"abcdef"
        connection.send(GOOD)
        assert (await connection.answer()).status == 200


async def test_requests_that_come_together_are_all_answered(served: Serving) -> None:
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    async with served.connection() as connection:
        connection.send(20 * (GOOD + chunked) + GOOD[:20])
        connection.send(GOOD[20:])
        for _ in range(20):
            assert (await connection.answer()).status == 200
            assert (await connection.answer()).body == b"abc"
        assert (await connection.answer()).status == 200


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_no_http_is_refused_in_a_sentence_and_closed(
    served: Serving, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    async with served.connection() as connection:
        connection.send(sent)
        answer = await connection.answer()
        assert (answer.status, answer.json["code"]) == (400, "malformed")
        assert answer.headers["cache-control"] == "no-store"
        await connection.seconds_until_closed()
    assert served.telemetry.value(REFUSED_REQUESTS, "malformed") == 1
    assert no_traceback(caplog)


async def test_what_a_sender_wrote_is_not_sent_back_and_not_logged(
    served: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await served.answer_to(HEAD + b"X-<script>\x1b[31m: secret-word\0\r\n\r\n")
    assert answer.status == 400
    for written in (answer.body.decode(), caplog.text):
        assert not any(part in written for part in ("secret", "script", "31m"))


async def test_a_chunk_that_breaks_while_the_body_is_read_is_refused(
    served: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.connection() as connection:
        connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await connection.writer.drain()
        await asyncio.sleep(0.05)
        connection.send(b"zz\r\n")
        answer = await connection.answer()
        assert (answer.status, answer.json["code"]) == (400, "malformed")
        await connection.seconds_until_closed()
    assert no_traceback(caplog)


async def test_a_chunk_that_breaks_after_the_answer_ends_the_connection(
    served: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.connection() as connection:
        connection.send(POST.replace(b" / ", b" /nothing ") + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        assert (await connection.answer()).status == 404
        connection.send(b"zz\r\n")
        assert await connection.seconds_until_closed() < SHORT.head
    assert no_traceback(caplog)


async def test_a_body_that_nobody_reads_is_not_waited_for_long(
    served: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.connection() as connection:
        connection.send(POST.replace(b" / ", b" /nothing ") + b"Content-Length: 10\r\n\r\nhalf ")
        assert (await connection.answer()).status == 404
        assert await connection.seconds_until_closed() < SHORT.body
    assert no_traceback(caplog)


async def test_a_sender_who_leaves_in_the_middle_leaves_no_traceback(
    served: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    for sent in (HEAD, POST + b"Content-Length: 10\r\n\r\nhalf ", HEAD.replace(b" / ", b" /slow ") + b"\r\n"):
        async with served.connection() as connection:
            connection.send(sent)
            await connection.writer.drain()
            await asyncio.sleep(0.05)
    served.go.set()
    assert (await served.answer_to(GOOD)).status == 200
    assert no_traceback(caplog)


async def test_a_flood_of_malformed_requests_is_a_line_a_second(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(Patience()) as served:
        answers = await asyncio.gather(*(served.answer_to(MALFORMED["two hosts"]) for _ in range(300)))
        assert {answer.status for answer in answers} == {400}
        async with asyncio.timeout(5):
            while "more requests that are no HTTP" not in caplog.text:
                await asyncio.sleep(0.01)
        assert served.telemetry.value(REFUSED_REQUESTS, "malformed") == 300
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("tracker.web")]
    assert lines[0] == "a request that is no HTTP: BadHttpMessage"
    assert len(lines) <= 4  # one at once, then one a second


async def test_good_requests_are_served_while_others_are_slow(served: Serving) -> None:
    slow = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(200)]
    for _, writer in slow:
        writer.write(HEAD)
    answers = await asyncio.gather(*(served.answer_to(GOOD) for _ in range(100)))
    assert {answer.status for answer in answers} == {200}
    for reader, writer in slow:
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
    assert served.telemetry.value(SLOW_CONNECTIONS) == 200


QUERY = "GET /query?promo_code=СКИДКА&a=1 HTTP/1.1\r\nHost: tracker.example\r\n\r\n".encode()


@pytest.mark.parametrize("size", [1, 2, 25, 1000], ids=["bytes", "half characters", "halves", "whole"])
async def test_a_query_that_is_not_percent_encoded_is_read(served: Serving, size: int) -> None:
    async with served.connection() as connection:
        for _ in range(3):
            for start in range(0, len(QUERY), size):
                connection.send(QUERY[start : start + size])
                await connection.writer.drain()
                await asyncio.sleep(0.001)
            answer = await connection.answer()
            assert (answer.status, answer.body.decode()) == (200, "СКИДКА")


@pytest.mark.parametrize("cuts", [(), (-26,), (60,), (60, -20), (-20,), (10, -26, -10)], ids=str)
async def test_bytes_of_headers_and_bodies_are_never_encoded(served: Serving, cuts: tuple[int, ...]) -> None:
    body = "?a=СКИДКА\r\n\r\n?a=Щ&b".encode()
    assert len(body) == 26
    sent = b"POST /?a HTTP/1.1\r\nHost: tracker.example\r\nX: ?\xd0\xa1\r\nContent-Length: 26\r\n\r\n" + body
    places = [0, *(cut % len(sent) for cut in cuts), len(sent)]
    async with served.connection() as connection:
        for before in (GOOD, b""):
            connection.send(before)
            if before:
                assert (await connection.answer()).status == 200
            for start, end in itertools.pairwise(places):
                connection.send(sent[start:end])
                await connection.writer.drain()
                await asyncio.sleep(0.01)
            assert (await connection.answer()).body == body
        connection.send(GOOD)
        assert (await connection.answer()).status == 200
