"""The fixtures of the real stores, and of a whole running tracker, for every test."""

import os

import pytest
from hypothesis import settings

from tests.clusters.postgres import debian_postgres
from tests.running import running_tracker
from tests.stores import (
    bundled_databases,
    databases,
    debian_databases,
    postgres_dsn,
    postgres_kind,
    postgres_server,
    redis_server,
    stores_folder,
    valkey,
    valkey_server,
    valkey_url,
)

__all__ = [
    "bundled_databases",
    "databases",
    "debian_databases",
    "debian_postgres",
    "postgres_dsn",
    "postgres_kind",
    "postgres_server",
    "redis_server",
    "running_tracker",
    "stores_folder",
    "valkey",
    "valkey_server",
    "valkey_url",
]


# A busy machine is no failure.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "postgres_kind" in metafunc.fixturenames and metafunc.definition.get_closest_marker("every_postgres"):
        debian = pytest.param("debian", marks=pytest.mark.slow)
        metafunc.parametrize("postgres_kind", ["bundled", debian])


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI nothing is left out: a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        reporter.write_line("A test was skipped, and this is CI.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
