"""What a running tracker writes into its logs: no secret, no address of a person; and the id of each request."""

import asyncio
import json
import re
import signal
from pathlib import Path

import aiohttp
import psutil

from tests import browsing
from tests.agents import DESKTOP
from tests.running import RunningTracker, secrets_of

ADDRESS = "203.0.113.77"
ADDRESS_6 = "2001:db8:77::1"
CANARY = "canary-7f3a91"


async def ask_for_everything(tracker: RunningTracker) -> list[str]:
    """What works and what fails, with a canary wherever a person or a partner writes: all that no log may hold."""
    link, postback = tracker.link(f"{CANARY}-shopper", "lab"), tracker.postback_url("lab")
    headers = {
        "User-Agent": f"{DESKTOP} {CANARY}-agent", "X-Forwarded-For": f"{ADDRESS}, {ADDRESS_6}",
        "Cookie": f"shopper={CANARY}-cookie", "Referer": f"https://{CANARY}.example/",
    }  # fmt: skip
    order = {"order_id": f"{CANARY}-order", "status": "approved", "amount": "100", "click_id": "a" * 30}
    async with browsing.new_browser(headers={"User-Agent": DESKTOP}) as browser:
        gone = await browsing.click_out(browser, link)
        assert gone.status == 302
    async with aiohttp.ClientSession(headers=headers) as client:
        for method, url in (
            ("GET", link), ("GET", f"{link}x"), ("GET", f"{tracker.url}/go/lab?url=https://{CANARY}.example/"),
            ("GET", f"{tracker.url}/go/{CANARY}"), ("GET", f"{tracker.url}/{CANARY}?token={CANARY}"),
            ("GET", f"{postback}{CANARY}"), ("DELETE", f"{postback}"), ("GET", f"{tracker.url}/desk?token={CANARY}"),
            ("GET", f"{tracker.url}/partner/lab?token={CANARY}"), ("GET", f"{tracker.url}/reports?token={CANARY}"),
        ):  # fmt: skip
            async with client.request(method, url, allow_redirects=False):
                pass
        for sent in (order, order | {"amount": CANARY}, order | {"status": f"{CANARY}\n{{}}"}, {CANARY: "\x00"}):
            async with client.post(postback, data=sent):
                pass
    reader, writer = await asyncio.open_connection("127.0.0.1", tracker.port)
    writer.write(f"GET /{CANARY} HTTP/9.9\r\n{CANARY}\r\n\r\n".encode())
    await reader.read()
    writer.close()
    return [CANARY, ADDRESS, ADDRESS_6, link.partition("s=")[2], gone.location, gone.location.partition("sub=")[2][:30]]


async def fail(tracker: RunningTracker) -> None:
    """Whatever is said of a failure, too: PostgreSQL stands still, then its backends are killed."""
    postgres = tracker.find("postgres")
    assert postgres is not None
    backends = [postgres, *postgres.children(recursive=True)]
    order = {"order_id": f"{CANARY}-failing", "status": "approved", "amount": "100", "click_id": "a" * 30}
    headers = {"X-Request-Id": "the-proxy-s-own-id", "X-Forwarded-For": ADDRESS}
    for process in backends:
        process.send_signal(signal.SIGSTOP)
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.post(tracker.postback_url("lab"), data=order) as answer,
        ):
            assert (answer.status, answer.headers["X-Request-Id"]) == (503, "the-proxy-s-own-id")
    finally:
        for process in backends:
            if psutil.pid_exists(process.pid):
                process.send_signal(signal.SIGCONT)
    await tracker.until_ready()


async def test_no_log_holds_a_secret_or_an_address_and_a_failure_is_found_by_its_id(operated: RunningTracker) -> None:
    forbidden = await ask_for_everything(operated)
    await fail(operated)
    secrets = secrets_of(operated)
    forbidden += [key.secret for key in (*secrets.click, *secrets.link, *secrets.cookie)]
    forbidden += [secrets.reports, secrets.pages, secrets.desk]
    forbidden += [secrets.shopper_hash, secrets.address_hash, *secrets.postback.values(), *secrets.notify.values()]

    logs = {operated.log: operated.log.read_text(errors="replace")}
    for path in _logs_of_servers(operated.data):
        logs[path] = path.read_text(errors="replace")
    assert len(logs) > 1
    assert [(path.name, word) for path, text in logs.items() for word in forbidden if word and word in text] == []

    lines = [json.loads(line) for line in logs[operated.log].splitlines() if line.startswith("{")]
    of_the_failure = [one["message"] for one in lines if one.get("request_id") == "the-proxy-s-own-id"]
    assert any(re.match(r"POST /pb/\{partner\}/\{secret\} answered 503 after", one) for one in of_the_failure)
    assert len(of_the_failure) >= 2  # what happened, and what was answered
    unexplained = [one for one in lines if "answered 2" in one["message"] and not one.get("request_id")]
    assert unexplained == []


def _logs_of_servers(data: Path) -> list[Path]:
    return [path for path in data.rglob("*") if path.is_file() and "log" in path.name.lower() and path.suffix != ".bin"]
