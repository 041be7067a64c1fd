"""deploy/nginx: nginx accepts it, and in front of a sender's request it does what it says."""

import asyncio
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.deploy.nginx import configuration, nginx, program
from tests.running import free_port

CANARY = "canary-of-a-postback-secret"
SLOW_SECONDS = 5  # client_header_timeout, client_body_timeout


@dataclass
class Front:
    url: str
    port: int
    plain: int
    folder: Path
    upstream: "Upstream"


@dataclass
class Upstream:
    """Stands for a tracker: keeps what arrives, byte by byte."""

    requests: list[bytes] = field(default_factory=list)
    answers: bool = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            if self.answers:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    upstream, port, plain = Upstream(), free_port(), free_port()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    behind = "{}:{}".format(*server.sockets[0].getsockname())
    with nginx(plain, [f"127.0.0.1:{port}"], [behind], tls=True) as folder:
        yield Front(f"https://127.0.0.1:{port}", port, plain, folder, upstream)
    server.close()


def client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False))


def test_nginx_accepts_the_file(tmp_path: Path) -> None:
    run = program()
    main = configuration(tmp_path, 8080, ["127.0.0.1:8443"], ["127.0.0.1:1", "127.0.0.1:2"], tls=True)
    done = subprocess.run(
        [run, "-e", f"{tmp_path}/main.log", "-t", "-c", str(main)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


async def test_a_request_arrives_as_it_was_sent_with_its_sender_and_never_as_an_upgrade(front: Front) -> None:
    headers = {
        "X-Forwarded-For": "203.0.113.9",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "X_Sign": "as-sent",
    }
    url = URL(f"{front.url}/pb//a%2Fb/../c?x=%D0%B0&y=1", encoded=True)
    async with client() as sender, sender.get(url, headers=headers) as answer:
        assert answer.status == 200
    [head] = front.upstream.requests
    line, *rest = head.decode().splitlines()
    arrived = dict(one.split(": ", 1) for one in rest if one)
    assert line == "GET /pb//a%2Fb/../c?x=%D0%B0&y=1 HTTP/1.1"
    assert arrived["X-Forwarded-For"] == "203.0.113.9, 127.0.0.1"
    assert arrived["X_Sign"] == "as-sent"
    assert arrived.keys().isdisjoint({"Upgrade", "Connection"})


async def test_the_operator_s_pages_stay_inside_and_bodies_are_small(front: Front) -> None:
    async with client() as sender:
        for path in ("/metrics", "/readyz", "/healthz"):
            async with sender.get(front.url + path) as answer:
                assert answer.status == 404
        async with sender.post(front.url + "/pb/lab/x", data=b"x" * 70_000) as answer:
            assert answer.status == 413
    assert front.upstream.requests == []


async def test_over_http_a_shopper_is_led_to_https_and_a_postback_is_not(front: Front) -> None:
    async with aiohttp.ClientSession() as sender:
        at = f"http://127.0.0.1:{front.plain}"
        async with sender.get(f"{at}/go/lab?s=x", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (308, "https://127.0.0.1/go/lab?s=x")
        async with sender.get(f"{at}/pb/lab/x", allow_redirects=False) as answer:
            assert answer.status == 403


async def test_a_slow_sender_is_not_waited_for(front: Front) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    beginnings = [b"GET / HTTP/1.1\r\nHost: x\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"]

    async def wait_for_the_end(beginning: bytes) -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port, ssl=context)
        writer.write(beginning)
        begun = time.monotonic()
        await reader.read()
        writer.close()
        return time.monotonic() - begun

    async with asyncio.timeout(4 * SLOW_SECONDS):
        waited = await asyncio.gather(*map(wait_for_the_end, beginnings))
    assert min(waited) > SLOW_SECONDS - 1


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("POST", 1)])
async def test_only_what_may_be_repeated_is_tried_twice_and_no_secret_is_logged(method: str, times: int) -> None:
    upstream, port = Upstream(answers=False), free_port()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    other = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    behind = ["{}:{}".format(*one.sockets[0].getsockname()) for one in (server, other)]
    with nginx(free_port(), [f"127.0.0.1:{port}"], behind, tls=True) as folder:
        async with client() as sender, sender.request(method, f"https://127.0.0.1:{port}/pb/lab/{CANARY}") as answer:
            assert answer.status == 502
        logged = "".join(path.read_text() for path in folder.glob("*.log"))
    server.close()
    other.close()
    assert len(upstream.requests) == times
    assert CANARY not in logged
    assert "127.0.0.1" not in logged
