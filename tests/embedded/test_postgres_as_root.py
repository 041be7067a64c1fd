"""As root: PostgreSQL runs as somebody else, also where that user cannot go. And everything as a normal user."""

import os
import shutil
from pathlib import Path

import psutil
import pytest

from tests.embedded.conftest import processes_below, supervise
from tests.embedded.test_postgres import running
from tracker.embedded import postgres_programs as programs_module
from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.valkey import EmbeddedValkey

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="these are about root")
NOBODY = 65534


@pytest.fixture
def closed(place: Path) -> Path:
    """A home folder like /root."""
    folder = place / "root"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def outside(place: Path) -> Path:
    return place / "var" / "lib"


async def test_it_drops_its_privileges_and_root_connects(made: Path) -> None:
    server = EmbeddedPostgres(made)
    async with running(server) as connection:
        assert await connection.fetchval("SELECT 1") == 1
        for process in processes_below(made):
            assert process.uids().real == process.uids().effective == server.account.uid != 0
            assert set(process.gids()) == {server.account.gid}
        assert (made / "postgres/cluster").stat().st_mode & 0o777 == 0o700
        assert (made / "postgres/run").stat().st_mode & 0o777 == 0o700


async def test_it_does_not_see_the_trackers_environment(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMODA_POSTBACK_SECRET", "hidden")
    monkeypatch.setenv("PGPORT", "7777")
    server = EmbeddedPostgres(made)
    async with running(server):
        assert "LAMODA_POSTBACK_SECRET" not in psutil.Process(server.pid).environ()


async def test_below_a_closed_home_its_data_lives_outside_and_is_found(closed: Path, outside: Path) -> None:
    data = closed / "data"
    async with running(EmbeddedPostgres(data, outside=outside)) as connection:
        await connection.execute("CREATE TABLE paid (rubles integer)")
    assert (data / "postgres").readlink().parent == outside
    async with running(EmbeddedPostgres(data, outside=outside)) as connection:
        assert await connection.fetchval("SELECT to_regclass('paid')") == "paid"


async def test_programs_below_a_closed_home_are_copied_once(
    data: Path, closed: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = programs_module._newest_install()
    for name in (real.parent, real.parent.parent / programs_module.LIBRARIES):
        (closed / name.name).symlink_to(name)
    monkeypatch.setattr(programs_module, "_newest_install", lambda: closed / real.parent.name / real.name)
    for _ in range(2):
        server = EmbeddedPostgres(data, outside=outside)
        async with running(server):
            assert Path(psutil.Process(server.pid).exe()).is_relative_to(outside)
    assert len(list(outside.iterdir())) == 1


async def test_a_removed_data_folder_gets_new_books_and_the_old_are_kept(
    closed: Path, outside: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = closed / "data"
    async with running(EmbeddedPostgres(data, outside=outside)) as connection:
        await connection.execute("CREATE TABLE paid (rubles integer)")
    old = (data / "postgres").readlink()
    shutil.rmtree(data)
    async with running(EmbeddedPostgres(data, outside=outside)) as connection:
        assert await connection.fetchval("SELECT to_regclass('paid')") is None
    assert (old / "cluster").exists()
    assert f"is still in {old}" in caplog.text


async def test_a_moved_data_folder_keeps_its_books_and_a_copied_one_is_refused(closed: Path, outside: Path) -> None:
    async with running(EmbeddedPostgres(closed / "data", outside=outside)):
        pass
    (closed / "data").rename(closed / "moved")
    async with running(EmbeddedPostgres(closed / "moved", outside=outside)):
        pass
    shutil.copytree(closed / "moved", closed / "copied", symlinks=True)
    with pytest.raises(EmbeddedServerError, match="one of the data folders is a copy"):
        await EmbeddedPostgres(closed / "copied", outside=outside).start()


async def test_lost_books_are_never_replaced_by_empty_ones(closed: Path, outside: Path) -> None:
    async with running(EmbeddedPostgres(closed / "data", outside=outside)):
        pass
    shutil.rmtree(outside)
    with pytest.raises(EmbeddedServerError, match="that folder is gone"):
        await EmbeddedPostgres(closed / "data", outside=outside).start()


async def test_a_normal_user_runs_both_as_himself(place: Path) -> None:
    data = folder_of_nobody(place)
    for kind in ("valkey", "postgres"):
        tracker = supervise(kind, data, then="stop", user=NOBODY)
        said, complaint = tracker.communicate()
        assert tracker.returncode == 0, complaint
        assert said.strip().isdigit()
    assert (data / "postgres/cluster").stat().st_uid == NOBODY
    assert processes_below(place) == []


async def test_root_runs_the_data_of_a_normal_user_as_that_user(place: Path) -> None:
    data = folder_of_nobody(place)
    supervise("postgres", data, then="stop", user=NOBODY).communicate()
    server = EmbeddedPostgres(data)
    async with running(server) as connection:
        assert await connection.fetchval("SELECT 1") == 1
        assert psutil.Process(server.pid).uids().effective == NOBODY
    said, complaint = supervise("postgres", data, then="stop", user=NOBODY).communicate()
    assert said.strip().isdigit(), complaint


@pytest.mark.parametrize(("kind", "server"), [("postgres", EmbeddedPostgres), ("valkey", EmbeddedValkey)])
async def test_a_normal_user_is_told_that_the_data_is_roots(
    place: Path, kind: str, server: type[EmbeddedPostgres] | type[EmbeddedValkey]
) -> None:
    first = server(place / "data")
    await first.start()
    await first.stop()
    _, complaint = supervise(kind, place / "data", then="stop", user=NOBODY).communicate()
    assert "EmbeddedServerError" in complaint.splitlines()[-1]
    assert "user" in complaint.splitlines()[-1]


def folder_of_nobody(place: Path) -> Path:
    data = place / "nobody"
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    return data
