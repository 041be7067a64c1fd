"""`tracker notifications`, as an operator types it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.notify.setting import Books, Programme, open_programme
from tracker import keys
from tracker.cli import run

PARTNERS = """\
programme:
  name: Demo
  {notify}
partners:
  - id: lab
    name: LAB
    category: online-shops
    link: "https://lab.example/?sub={{click_id}}"
    home: https://lab.example/
    hosts: [lab.example]
    terms: [{{from: 2019-01-01, rate: 5%}}]
    postback: {{dialect: generic, secret: a-secret-of-the-lab-partner-0123}}
"""


class Operator:
    """At a terminal on an installation whose partners.yaml notifies `programme`."""

    def __init__(
        self, data: Path, programme: Programme, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.data = data
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.write(f"notify: {{url: {programme.url}, secret: {{env: NOTIFY_SECRET}}}}")
        self.made = keys.load_or_make(data, (), ["NOTIFY_SECRET"])

    def write(self, notify: str) -> None:
        (self.data / "partners.yaml").write_text(PARTNERS.format(notify=notify))

    async def types(self, *arguments: str) -> tuple[int, str]:
        self._monkeypatch.setenv("TRACKER_DATA", str(self.data))
        self._monkeypatch.setenv("TRACKER_PARTNERS", str(self.data / "partners.yaml"))
        self._capsys.readouterr()
        code = await asyncio.to_thread(run, ["notifications", *arguments])
        said = self._capsys.readouterr()
        return code, said.out + said.err


@pytest.fixture
async def programme() -> AsyncIterator[Programme]:
    async with open_programme() as opened:
        yield opened


@pytest.fixture
def operator(
    tmp_path: Path, programme: Programme, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Operator:
    return Operator(tmp_path, programme, capsys, monkeypatch)


@pytest.fixture
def books(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Books:
    monkeypatch.setenv("TRACKER_POSTGRES_URL", postgres_dsn)
    return Books(postgres_dsn)


async def test_what_waits_is_listed_and_what_was_given_up_is_sent_again(operator: Operator, books: Books) -> None:
    assert await operator.types() == (0, "Nothing to tell.\n")
    await books.credit("A-1", 50)
    await books.credit("A-1", -50)
    await books.rows(
        "UPDATE notice_deliveries SET next_attempt_at = NULL, given_up_at = now(), attempts = 1, last_error = $1"
        " WHERE notice_id = (SELECT min(id) FROM notices)",
        "answered 410",
    )
    code, said = await operator.types()
    taken_back, accrued = said.splitlines()
    assert code == 0
    assert "taken_back 50 -> 0" in taken_back
    assert taken_back.endswith("waits")
    assert "accrued 0 -> 50" in accrued
    assert accrued.endswith("given up after 1 attempts: answered 410")

    code, said = await operator.types("list", "--failed", "--json")
    [one] = map(json.loads, said.splitlines())
    expected: dict[str, Any] = {
        "type": "cashback.accrued",
        "order_id": "A-1",
        "shopper_id": "shopper-1",
        "cashback": 50,
    }
    assert one | expected == one
    _, newest = await operator.types("--limit", "1")
    assert newest.splitlines() == [taken_back, "These are the newest 1; --limit shows more."]
    assert await operator.types("--limit", "0") == (1, "Show one or more: --limit 100.\n")

    assert await operator.types("replay", one["id"]) == (0, "1 are sent again, each under its id.\n")
    assert await operator.types("list", "--failed") == (0, "None.\n")
    code, said = await operator.types("replay", one["id"], "ntc_typo")
    assert (code, said) == (1, "There is no notification ntc_typo; 1 are sent again.\n")
    assert await operator.types("replay", "--failed") == (0, "0 are sent again, each under its id.\n")
    assert await operator.types("replay", "--waiting") == (0, "2 are sent again, each under its id.\n")
    assert await operator.types("replay", "--since", "2019-01-01T00:00:00Z") == (
        0,
        "2 are sent again, each under its id.\n",
    )
    assert await operator.types("replay") == (
        1,
        "Say what to send again: ids of notifications, --failed, --waiting, or --since TIME.\n",
    )


async def test_the_way_is_tried_with_a_signed_message_about_nothing(operator: Operator, programme: Programme) -> None:
    programme.secret = operator.made.notify["NOTIFY_SECRET"]
    programme.answering = lambda _: web.Response(text="thanks")
    assert await operator.types("test") == (0, f"{programme.url}: 200\nthanks\n")
    programme.answering = lambda _: web.Response(status=401, text="who are you?")
    assert await operator.types("test") == (1, f"{programme.url}: 401\nwho are you?\n")

    assert [one.said["type"] for one in programme.received] == ["cashback.test"] * 2


async def test_the_secret_is_printed_for_whoever_sets_up_the_receiver(operator: Operator) -> None:
    assert await operator.types("secret") == (0, operator.made.notify["NOTIFY_SECRET"] + "\n")


@pytest.mark.parametrize("action", ["replay", "test", "secret"])
async def test_where_nobody_is_notified_it_is_said_how_to(operator: Operator, action: str) -> None:
    operator.write("")
    arguments = [action, "--failed"] if action == "replay" else [action]

    assert await operator.types(*arguments) == (
        1,
        "Nobody is notified: add programme.notify to partners.yaml (docs/notifications.md).\n",
    )
