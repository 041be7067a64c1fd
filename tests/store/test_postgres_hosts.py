"""The address of PostgreSQL: one server or several; what cannot be read is never repeated, for a password is in it."""

from pathlib import Path

import pytest

import tracker
from tracker.errors import ConfigurationError
from tracker.store.postgres.hosts import hosts_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("dsn", "hosts"),
    [
        ("postgresql://u:p@db/tracker", [("db", 5432)]),
        ("postgres://u:p@one:5433,two/tracker?sslmode=require", [("one", 5433), ("two", 5432)]),
        ("postgresql://u:p%2Fw%40@[::1]:5,[fe80::2]/x?port=7", [("::1", 5), ("fe80::2", 7)]),
        ("postgresql://u@/tracker?host=/run/a,/run/b", [("/run/a", 5432), ("/run/b", 5432)]),
        ("postgresql:///tracker?host=one,two&port=5433,5434", [("one", 5433), ("two", 5434)]),
        ("postgresql:///tracker?host=one,two&port=5433", [("one", 5433), ("two", 5433)]),
        ("postgresql:///tracker", []),
    ],
)
def test_every_server_of_an_address_is_found(dsn: str, hosts: list[tuple[str, int]]) -> None:
    assert list(hosts_of(dsn)) == hosts


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:canary/x@db/tracker",
        "postgresql://u:canary#x@db/tracker",
        "postgresql://u:canary?x@db/tracker",
        "postgresql://u:canary@x@db/tracker",
        "postgresql://u:canary@one:5432,/tracker",
        "postgresql://u:canary@one:port/tracker",
        "postgresql://u:canary@/tracker?host=one,two&port=1,2,3",
        "postgresql://u:canary@[::1/tracker",
    ],
)
def test_an_address_that_would_be_misread_is_refused_without_its_password(dsn: str) -> None:
    with pytest.raises(ConfigurationError, match="percent-encode") as raised:
        hosts_of(dsn)
    assert "canary" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_connections_are_opened_in_one_place() -> None:
    """Any other one would write to a primary that was replaced. The supervisor asks its own server alone."""
    sources = Path(tracker.__file__).parent
    opening = {
        str(path.relative_to(sources))
        for path in sources.rglob("*.py")
        if "asyncpg.connect(" in path.read_text() or "asyncpg.create_pool(" in path.read_text()
    }
    assert opening == {"store/postgres/connect.py", "embedded/postgres.py"}
