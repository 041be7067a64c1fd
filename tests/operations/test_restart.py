"""New processes for old ones under load: no connection is refused or reset, nothing is answered 5xx."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import psutil
import pytest

from tests.operations.asking import order
from tests.operations.traffic import Traffic
from tests.running import ROOT, RunningTracker, data_folder
from tracker.errors import TrackerError

_AS_SYSTEMD = """
import os, sys

os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-m", "tracker", "serve"])
"""
ROUNDS = 5 if os.environ.get("SOAK") else 1


class Activated(RunningTracker):
    """`serve` as systemd starts it: the socket is opened before, and stays when it ends."""

    def __init__(self, data: Path, notified: Path) -> None:
        super().__init__(data, more={"NOTIFY_SOCKET": str(notified), "TRACKER_LEAVE_SECONDS": "1"})
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        environment = self.environment | {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "tracker.socket", "TRACKER_PORT": "1"}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _AS_SYSTEMD, str(self.listening.fileno())],
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, pass_fds=[self.listening.fileno()],
            )  # fmt: skip
        await self.until_ready()


def paths_of(tracker: RunningTracker) -> list[str]:
    """A click-out, and an order about no click: both are written to a store before they are answered."""
    click_out, postback = (urlsplit(url) for url in (tracker.link("shopper-1", "lab"), tracker.postback_url("lab")))
    order = "order_id=A-NUMBER&status=pending&amount=100&click_id=a23456789012345678901234567890"
    return [f"{click_out.path}?{click_out.query}", f"{postback.path}?{order}"]


async def until_it_takes_orders(tracker: RunningTracker) -> None:
    async with asyncio.timeout(60):
        while "Ctrl-C stops it" not in tracker.log.read_text():
            await asyncio.sleep(0.05)


async def until_a_balancer_would_leave(tracker: RunningTracker) -> None:
    async with asyncio.timeout(60), aiohttp.ClientSession() as client:
        while True:
            async with client.get(f"{tracker.url}/readyz") as answer:
                if answer.status == 503:
                    assert (await answer.json())["worker"] == "leaving"
                    return


def web_workers(tracker: RunningTracker) -> set[int]:
    return {process.pid for process in tracker.processes() if "web" in process.cmdline()[:5]}


@pytest.fixture
async def data() -> AsyncIterator[Path]:
    with data_folder() as folder:
        yield folder


async def test_two_workers_are_replaced_under_load_without_a_request_that_fails(operated: RunningTracker) -> None:
    for _ in range(ROUNDS):
        before, drain = web_workers(operated), operated.find("drain")
        assert len(before) == 2
        async with Traffic(operated.port, paths_of(operated)).flowing() as traffic:
            await traffic.until(50)
            said = await order(operated, "restart")
            await traffic.until(50)
        assert traffic.failures == []
        assert [line.partition(":")[0] for line in said] == ["web worker 1", "web worker 2", "drain"]
        assert len(web_workers(operated)) == 2
        assert not web_workers(operated) & before
        new = operated.find("drain")
        assert drain is not None
        assert new is not None
        assert drain.pid != new.pid


async def test_a_new_worker_that_cannot_start_replaces_nobody(operated: RunningTracker) -> None:
    before = web_workers(operated)
    in_force = operated.data / "partners.in-force.yaml"
    kept = in_force.read_bytes()
    in_force.write_bytes(b"no: [programme")
    with pytest.raises(TrackerError, match="A new web worker 1 does not get ready; the old ones serve on"):
        await order(operated, "restart")
    in_force.write_bytes(kept)
    async with Traffic(operated.port, paths_of(operated)).flowing() as traffic:
        await traffic.until(20)
    assert traffic.failures == []
    assert web_workers(operated) == before


async def test_an_order_that_serve_does_not_know_is_refused(operated: RunningTracker) -> None:
    with pytest.raises(TrackerError, match="knows no order dance"):
        await order(operated, "dance")


@pytest.mark.slow
async def test_under_an_activated_socket_a_restart_of_everything_only_makes_wait(data: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        tracker = Activated(data, tmp_path / "notify")
        with tracker.listening:
            async with tracker:
                assert await asyncio.to_thread(systemd.recv, 100) == b"READY=1"
                await until_it_takes_orders(tracker)
                async with Traffic(tracker.port, paths_of(tracker)).flowing() as traffic:
                    await traffic.until(50)
                    await order(tracker, "restart")  # with one worker
                    await traffic.until(50)
                    assert traffic.failures == []
                    stopping = asyncio.create_task(tracker.stop())
                    await until_a_balancer_would_leave(tracker)
                    assert await stopping == 0
                    await tracker.start()
                    await traffic.until(50)
                assert traffic.failures == []
                assert await asyncio.to_thread(systemd.recv, 100) == b"STOPPING=1"
                assert not any("LISTEN_" in word or "NOTIFY" in word for word in _environment_of_a_worker(tracker))


def _environment_of_a_worker(tracker: RunningTracker) -> list[str]:
    return list(psutil.Process(min(web_workers(tracker))).environ())


def test_without_a_running_tracker_a_restart_says_so(data: Path) -> None:
    done = RunningTracker(data).try_command("restart")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"No tracker runs on \S+; `tracker serve` starts one.\n", done.stderr)
