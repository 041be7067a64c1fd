"""The real ClickHouse engine, as the warehouse's own tests open it; and commands typed beside the running tracker."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tests.running import RunningTracker
from tests.warehouse.conftest import engine, engine_threads, threads
from tracker import cli

__all__ = ["Typed", "engine", "engine_threads", "threads", "typed"]

Typed: TypeAlias = Callable[..., str]


@pytest.fixture
def typed(tracker: RunningTracker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """The output of a command, without a process of its own."""
    for name, value in tracker.environment.items():
        monkeypatch.setenv(name, value)

    def typed(*arguments: str) -> str:
        assert cli.run(arguments) == 0
        return capsys.readouterr().out

    return typed
