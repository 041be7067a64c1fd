"""A scrape of any worker tells of all; Prometheus takes it; the dashboard and the alerts ask for what there is."""

import asyncio
import json
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
import yaml

from tests import browsing
from tests.agents import DESKTOP
from tests.operations.asking import scrape, value
from tests.running import ROOT, RunningTracker, free_port
from tracker import telemetry
from tracker.exposition import Metric

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "tracker.json"
POSTBACKS = 'tracker_request_seconds_count{route="postback",answer="2xx"}'

needs_prometheus = pytest.mark.skipif(shutil.which("promtool") is None, reason="Prometheus is not installed")


async def report(tracker: RunningTracker, order: str) -> None:
    """Each on a connection of its own, so that both workers get some."""
    fields = {"order_id": order, "status": "pending", "amount": "100", "click_id": "a23456789012345678901234567890"}
    async with aiohttp.ClientSession() as client, client.get(tracker.postback_url("lab"), params=fields) as answer:
        assert answer.status == 200


async def test_one_scrape_is_the_sum_of_all_processes_and_never_shrinks(operated: RunningTracker) -> None:
    before = value(await scrape(operated), POSTBACKS)
    for number in range(20):
        await report(operated, f"sum-{number}")
    seen = [value(await scrape(operated), POSTBACKS) - before for _ in range(10)]
    assert seen == [20] * 10

    worker = operated.find("web")
    assert worker is not None
    worker.kill()
    psutil.wait_procs([worker], timeout=10)
    assert value(await scrape(operated), POSTBACKS) - before == 20
    async with asyncio.timeout(60):
        while worker.pid in (pids := web_workers(operated)) or len(pids) < 2:
            await asyncio.sleep(0.05)
    await report(operated, "sum-after")
    assert value(await scrape(operated), POSTBACKS) - before == 21


def web_workers(tracker: RunningTracker) -> set[int]:
    return {process.pid for process in tracker.processes() if "web" in process.cmdline()[:5]}


async def test_the_warehouse_port_answers_the_same(operated: RunningTracker) -> None:
    running = json.loads((operated.data / "running.json").read_text())
    async with aiohttp.ClientSession() as client, client.get(f"{running['warehouse_url']}/metrics") as answer:
        of_the_drain = await answer.text()
    assert value(of_the_drain, POSTBACKS) == value(await scrape(operated), POSTBACKS)


@needs_prometheus
async def test_promtool_finds_nothing_to_say_about_the_format(operated: RunningTracker) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=await scrape(operated), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_prometheus
@pytest.mark.parametrize(
    "command", [["check", "rules", "tracker.rules.yml"], ["check", "config", "prometheus.yml"],
                ["test", "rules", "tracker.rules.test.yml"]]
)  # fmt: skip
def test_promtool_takes_the_rules_and_each_alert_speaks_when_it_should(command: list[str]) -> None:
    done = subprocess.run(["promtool", *command], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def alerts() -> dict[str, str]:
    rules = yaml.safe_load((PROMETHEUS / "tracker.rules.yml").read_text())["groups"][0]["rules"]
    return {rule["alert"]: rule["expr"] for rule in rules}


def panels() -> list[str]:
    """The dashboard's expressions, with what Grafana puts in."""
    found = [
        target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel.get("targets", ())
    ]
    return [one.replace("$__rate_interval", "1m").replace("$__range", "1m") for one in found]


def test_they_ask_only_for_metrics_that_there_are_and_every_alert_is_tested() -> None:
    known = {one.name for one in vars(telemetry).values() if isinstance(one, Metric)}
    asked = {
        re.sub("_(bucket|sum|count)$", "", name) if name not in known else name
        for one in [*panels(), *alerts().values()]
        for name in re.findall(r"tracker_[a-z_]+", one)
    }
    assert len(asked) > 15
    assert asked <= known
    tested = (PROMETHEUS / "tracker.rules.test.yml").read_text()
    for alert in alerts():
        assert f"alertname: {alert}," in tested  # silent
        assert f'alertname="{alert}"' in tested  # speaks


@asynccontextmanager
async def prometheus(target: str, folder: Path) -> AsyncIterator[str]:
    """A real one that looks at that target every second: its address."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    config["rule_files"] = [str(PROMETHEUS / "tracker.rules.yml")]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={address}", "--log.level=warn"],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield f"http://{address}/api/v1"
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


async def ask(client: aiohttp.ClientSession, api: str, expression: str) -> list[Any]:
    async with client.get(f"{api}/query", params={"query": expression}) as answer:
        said = await answer.json()
    assert said["status"] == "success", (expression, said)
    found: list[Any] = said["data"]["result"]
    return found


# What has no data while all is well and nobody does what it tells of.
SILENT = ("click_reasons", "conversion_reasons", "notifications_waiting", "oldest_waiting_notification")


@needs_prometheus
async def test_a_real_prometheus_answers_every_expression_of_the_dashboard_and_the_alerts(
    operated: RunningTracker, tmp_path: Path
) -> None:
    async with (
        prometheus(f"127.0.0.1:{operated.port}", tmp_path) as api,
        aiohttp.ClientSession() as client,
    ):
        end = time.monotonic() + 60
        number = 0
        empty = panels()
        while empty:
            number += 1
            await report(operated, f"prometheus-{number}")
            async with browsing.new_browser(headers={"User-Agent": DESKTOP}) as browser:
                assert (await browsing.click_out(browser, operated.link(f"shopper-{number}", "lab"))).status == 302
            try:
                empty = [
                    one
                    for one in panels()
                    if not any(word in one for word in SILENT) and not await ask(client, api, one)
                ]
            except aiohttp.ClientError:  # it has not begun to listen
                await asyncio.sleep(0.05)
            assert time.monotonic() < end, (empty, (tmp_path / "prometheus.log").read_text())
        for one in panels():
            await ask(client, api, one)
        for expression in alerts().values():
            await ask(client, api, expression)
        firing = await ask(client, api, 'ALERTS{alertstate="firing"}')
        assert [one["metric"]["alertname"] for one in firing] == []
