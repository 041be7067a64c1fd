"""Runs each example through `tracker try-postback`, and through a whole running tracker where that can show it, there
in the words of three senders (`try_postback`); what only an imagined click can show, through the command alone
(`try_alone`)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.examples.dialects import DIALECTS
from tests.examples.service import try_on_service
from tests.running import RunningTracker
from tracker.cli import run

PARTNERS = Path(__file__).parent / "partners.yaml"
CLICKED_AT = "2019-03-01T12:00:00Z"
NOW = "2019-03-02T12:00:00Z"

Try = Callable[..., dict[str, Any]]


def request(**fields: str) -> str:
    """A postback in the generic dialect, approved unless it says otherwise."""
    return urlencode({"click_id": "{click_id}", "order_id": "A-1", "status": "approved"} | fields, safe="{}:")


@pytest.fixture
def try_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Try:
    monkeypatch.setenv("TRACKER_PARTNERS", str(PARTNERS))

    def run_one(
        partner: str, sent: str, *options: str, previous: tuple[str, ...] = (), clicked_at: str = CLICKED_AT
    ) -> dict[str, Any]:
        arguments = ["try-postback", partner, sent, "--clicked-at", clicked_at, "--json", *options]
        if "--now" not in options:
            arguments += ["--now", NOW if clicked_at == CLICKED_AT else clicked_at]
        for one in previous:
            arguments += ["--previous", one]
        assert run(arguments) == 0, capsys.readouterr().err
        printed: dict[str, Any] = json.loads(capsys.readouterr().out)
        return printed

    return run_one


@pytest.fixture(params=["command", "service", *DIALECTS])
def try_postback(request: pytest.FixtureRequest, try_alone: Try) -> Try:
    if request.param == "command":
        return try_alone
    dialect = DIALECTS.get(request.param)
    running: RunningTracker = request.getfixturevalue("tracker")

    def run_one(
        partner: str, sent: str, *options: str, previous: tuple[str, ...] = (), clicked_at: str = CLICKED_AT
    ) -> dict[str, Any]:
        return try_on_service(running, partner, [*previous, sent], options, clicked_at, dialect)

    return run_one
