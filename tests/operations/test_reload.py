"""A reload: what is wrong changes nothing, what is right is in force in every process, what may be a slip is asked."""

import asyncio
import os
import re
from collections.abc import Iterator
from threading import Event, Thread

import aiohttp
import pytest

from tests.operations.asking import order, settings_of, until_all_have_one_hash
from tests.running import PARTNERS, RunningTracker
from tracker import cli
from tracker.app.in_force import InForce, configuration_hash
from tracker.errors import ConfigurationError
from tracker.telemetry import Telemetry

GOOD = PARTNERS.read_text()
LAB = "      - {from: 2019-01-01, rate: 5%}\n    postback: {dialect: generic, secret: {env: LAB_POSTBACK_SECRET}}"
NEW = """
  - id: fresh
    name: FRESH
    category: online-shops
    link: "https://fresh.example/?sub={click_id}&to={url}"
    home: https://fresh.example/
    hosts: [fresh.example]
    terms:
      - {from: 2026-01-01, rate: 5%}
    postback: {dialect: generic, secret: {env: FRESH_POSTBACK_SECRET}}
"""


def lab_from_2099(rate: str) -> str:
    first, second = LAB.splitlines()
    assert GOOD.count(LAB) == 1
    return GOOD.replace(LAB, f"{first}\n      - {{from: 2099-01-01, rate: {rate}}}\n{second}")


@pytest.fixture(autouse=True)
def as_it_was(operated: RunningTracker) -> Iterator[None]:
    operated.partners.write_text(GOOD)
    yield
    operated.partners.write_text(GOOD)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (GOOD[: len(GOOD) // 2].rpartition("{")[0] + "{", r"partners\.yaml:\d+: not YAML"),
        (GOOD.replace("    name: LAB\n", "    name: LAB\n    name: LAB\n"), r":\d+: the key name stands twice"),
        (GOOD.replace("    name: LAB\n", "    nmae: LAB\n"), r"partners\.yaml:\d+: partners\[1\] lab: .*nmae"),
        (GOOD.replace("rate: 14.5%", "rate: 500%"), r"partners\.yaml:\d+: .*terms\[0\]\.rate"),
        (GOOD.replace("hosts: [lab.example]", "hosts: []"), r"partners\.yaml:\d+: partners\[1\] lab: hosts"),
        (GOOD.replace("rate: 14.5%", "rate: 14%"), "trv: terms that have begun were changed"),
        ("", r"partners\.yaml:\d+: "),
        (None, "cannot be read"),
    ],
    ids=["cut off", "a key twice", "an unknown field", "rate of 500 %", "no hosts", "the past", "empty", "unreadable"],
)
async def test_a_file_that_is_wrong_changes_nothing_and_each_problem_is_told(
    operated: RunningTracker, content: str | None, problem: str
) -> None:
    before = await until_all_have_one_hash(operated)
    operated.partners.unlink()
    if content is None:
        operated.partners.mkdir()  # root may read any file
    else:
        operated.partners.write_text(content)
    try:
        with pytest.raises(ConfigurationError) as refused:
            await order(operated, "reload", yes=True)
    finally:
        if content is None:
            operated.partners.rmdir()
    assert any(re.search(problem, one) for one in refused.value.problems), refused.value.problems
    assert await until_all_have_one_hash(operated) == before
    assert configuration_hash((operated.data / "partners.in-force.yaml").read_bytes()) == before


async def test_the_command_prints_every_problem_and_ends_with_2(
    operated: RunningTracker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    operated.partners.write_text(GOOD.replace("rate: 14.5%", "rate: 500%").replace("    name: LAB\n", "    nmae: L\n"))
    for name, value in operated.environment.items():
        monkeypatch.setenv(name, value)
    assert await asyncio.to_thread(cli.run, ["reload"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) >= 3  # the rate, the unknown key, the missing one
    assert all(line.startswith("partners.yaml:") for line in told)


async def test_another_file_than_the_one_of_serve_is_refused(operated: RunningTracker) -> None:
    with pytest.raises(ConfigurationError, match=f"was started with {operated.partners}: change that file"):
        await order(operated, "reload", partners="/elsewhere/partners.yaml")
    await order(operated, "reload", partners=str(operated.partners), yes=True)


async def test_a_new_partner_and_new_terms_are_in_force_in_every_process_at_once(operated: RunningTracker) -> None:
    before = await until_all_have_one_hash(operated)
    operated.partners.write_text(lab_from_2099("6%") + NEW)

    tried = await order(operated, "reload", dry_run=True)
    assert tried == [
        "+ fresh: added", "~ lab", "    terms from 2099-01-01: none -> rate 6%", "Nothing was changed.",
    ]  # fmt: skip
    assert await until_all_have_one_hash(operated) == before

    said = await order(operated, "reload")
    after = configuration_hash(operated.partners.read_bytes())
    assert said == [*tried[:-1], f"Every process works by partners.yaml with the hash {after}."]
    assert await until_all_have_one_hash(operated) == after != before
    for _ in range(10):  # on new connections: whichever worker answers
        async with aiohttp.ClientSession() as client, client.get(f"{operated.url}/partners/fresh") as answer:
            assert answer.status == 200
    assert "secret" not in " ".join(said)
    again = await order(operated, "reload")
    assert again == [f"Every process works by partners.yaml with the hash {after}."]


async def test_what_may_be_a_slip_needs_yes(operated: RunningTracker) -> None:
    await order(operated, "reload", yes=True)
    before = await until_all_have_one_hash(operated)
    without_lab = re.sub(r"  - id: lab\n.*?(?=  - id: )", "", GOOD, flags=re.DOTALL)
    for content, slip in (
        (lab_from_2099("50%"), "lab: rate 5% -> 50% from 2099-01-01"),
        (without_lab, "lab is removed: its links and postbacks end"),
    ):
        operated.partners.write_text(content)
        with pytest.raises(ConfigurationError) as refused:
            await order(operated, "reload")
        assert refused.value.problems == [f"{slip}: say --yes if that is meant"]
        assert await until_all_have_one_hash(operated) == before
        assert f"! {slip} (needs --yes)" in await order(operated, "reload", dry_run=True)
    assert f"! {slip}" in await order(operated, "reload", yes=True)
    async with aiohttp.ClientSession() as client, client.get(f"{operated.url}/go/lab") as answer:
        assert answer.status == 404


async def test_sighup_to_serve_reloads_and_its_log_says_what(operated: RunningTracker) -> None:
    await order(operated, "reload", yes=True)
    operated.partners.write_text(GOOD + "# a remark\n")
    os.kill(operated.pid, 1)
    wanted = configuration_hash(operated.partners.read_bytes())
    async with asyncio.timeout(60):
        while await until_all_have_one_hash(operated) != wanted:
            await asyncio.sleep(0.05)
    operated.partners.write_text("broken: [")
    os.kill(operated.pid, 1)
    async with asyncio.timeout(60):
        while "not reloaded: partners.yaml" not in operated.log.read_text():
            await asyncio.sleep(0.05)
    assert await until_all_have_one_hash(operated) == wanted


async def test_a_file_that_is_replaced_while_it_is_read_is_one_or_the_other(operated: RunningTracker) -> None:
    versions = [(GOOD + f"# version {number}\n").encode() for number in (1, 2)]
    stop = Event()

    def replace_again_and_again() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            beside = operated.partners.with_suffix(".beside")
            beside.write_bytes(versions[number % 2])
            beside.replace(operated.partners)

    writer = Thread(target=replace_again_and_again)
    writer.start()
    outcomes = []
    try:
        for _ in range(5):
            try:
                outcomes.append((await order(operated, "reload", yes=True))[-1])
            except ConfigurationError as refused:
                outcomes += refused.problems
    finally:
        stop.set()
        writer.join()
    assert all("Every process works by" in one or "was changed while it was read" in one for one in outcomes), outcomes
    in_force = (operated.data / "partners.in-force.yaml").read_bytes()
    assert in_force in versions or not any("Every" in one for one in outcomes)
    assert await until_all_have_one_hash(operated) == configuration_hash(in_force)


async def test_what_a_click_in_flight_holds_stays_what_it_was(operated: RunningTracker) -> None:
    settings = settings_of(operated)
    in_force = InForce(settings, Telemetry())
    held = in_force().partners["lab"]
    operated.partners.write_text(lab_from_2099("6%"))
    await in_force.reload()
    assert in_force().partners["lab"].terms.version != held.terms.version
    assert len(held.terms.terms) == 1
    operated.partners.write_text("broken: [")
    kept = in_force()
    await in_force.reload()
    assert in_force() is kept


async def test_another_name_of_the_programme_is_on_its_pages_afterwards(operated: RunningTracker) -> None:
    operated.partners.write_text(GOOD.replace("name: Examples", "name: Renamed"))
    said = await order(operated, "reload", yes=True)
    assert any(line.startswith("web worker 2: the new one accepts") for line in said)
    async with aiohttp.ClientSession() as client, client.get(f"{operated.url}/") as answer:
        assert "Renamed" in await answer.text()
