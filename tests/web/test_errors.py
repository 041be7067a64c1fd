"""What a failure looks like from outside: a status, a code and a sentence. Inside it is one line, or a traceback."""

import gzip
from collections.abc import AsyncIterator

import pytest

from tests.web.serving import GOOD, Serving, serving
from tracker.telemetry import OUR_ERRORS, REFUSED_REQUESTS
from tracker.web import LARGEST_BODY


@pytest.fixture
async def served() -> AsyncIterator[Serving]:
    async with serving() as running:
        yield running


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: tracker.example", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_every_request_has_an_id_of_its_own(served: Serving) -> None:
    assert [(await served.answer_to(GOOD)).body for _ in range(3)] == [b"request-1", b"request-2", b"request-3"]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (request("GET", "/nothing"), 404, "not_found"),
        (request("GET", "/%zz%00/..%2f?a=%ff"), 404, "not_found"),
        (request("DELETE", "/"), 405, "method_not_allowed"),
        (request("TRACE", "/"), 405, "method_not_allowed"),
        (request("POST", "/", body=b"x" * (LARGEST_BODY + 1)), 413, "too_large"),
        (request("POST", "/", "Content-Encoding: gzip", body=gzip.compress(b"x")), 415, "encoded_body"),
        (request("POST", "/", "Content-Encoding: gzip", body=gzip.compress(bytes(10_000_000))), 415, "encoded_body"),
        (request("POST", "/", "Content-Encoding: br", body=b"x"), 415, "encoded_body"),
        (request("POST", "/", "Content-Encoding: unknown", body=b"x"), 415, "encoded_body"),
        (request("GET", "/", "Content-Encoding: gzip"), 415, "encoded_body"),
    ],
)
async def test_a_refusal_has_one_shape(
    served: Serving, caplog: pytest.LogCaptureFixture, sent: bytes, status: int, code: str
) -> None:
    answer = await served.answer_to(sent)
    assert answer.status == status
    assert answer.json.keys() == {"code", "error"}
    assert answer.json["code"] == code
    assert answer.json["error"].endswith(".")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert served.telemetry.value(REFUSED_REQUESTS, code) == 1
    assert caplog.records == []


async def test_a_wrong_method_is_told_the_right_ones(served: Serving) -> None:
    assert (await served.answer_to(request("DELETE", "/"))).headers["allow"] == "GET,HEAD,POST"


@pytest.mark.parametrize("encoding", ["identity", "Identity"])
async def test_a_body_as_it_is_may_say_so(served: Serving, encoding: str) -> None:
    answer = await served.answer_to(request("POST", "/", f"Content-Encoding: {encoding}", body=b"plain"))
    assert answer.body == b"plain"


async def test_the_largest_body_is_taken(served: Serving) -> None:
    answer = await served.answer_to(request("POST", "/", body=b"x" * LARGEST_BODY))
    assert len(answer.body) == LARGEST_BODY


async def test_a_store_that_is_away_is_said_to_be_away_in_one_line(
    served: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await served.answer_to(request("GET", "/away/secret-in-the-path?q=secret"))
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, "store_unavailable", "60")
    [record] = caplog.records
    assert record.getMessage() == "GET /away/{secret}: Valkey did not answer"
    assert record.exc_info is None
    assert served.telemetry.value(OUR_ERRORS, "store_unavailable") == 1


async def test_a_fault_of_ours_is_a_number_outside_and_a_traceback_inside(
    served: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await served.answer_to(request("GET", "/broken/secret-in-the-path?q=secret"))
    assert (answer.status, answer.json["code"]) == (500, "failed")
    assert answer.json["error"] == "Something went wrong on our side. Tell us this number: request-1"
    assert not any(word in answer.body.decode() for word in ("secret", "Traceback", "ValueError"))
    [record] = caplog.records
    assert record.getMessage() == "GET /broken/{secret} failed"
    assert "secret-in-the-path" not in caplog.text
    assert "ValueError: secret-in-a-traceback" in caplog.text
    assert served.telemetry.value(OUR_ERRORS, "failed") == 1
    assert (await served.answer_to(GOOD)).status == 200


async def test_a_redirect_that_was_raised_is_an_answer(served: Serving, caplog: pytest.LogCaptureFixture) -> None:
    answer = await served.answer_to(request("GET", "/elsewhere"))
    assert (answer.status, answer.headers["location"]) == (303, "/there")
    assert caplog.records == []
