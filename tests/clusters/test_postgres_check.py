"""A PostgreSQL of the operator's own: refused with every problem and its fix, or used, over TLS and with a password."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.clusters.postgres import ADMIN, ENCODED, PASSWORD, PostgresServer
from tests.running import RunningTracker, data_folder, free_port
from tracker.errors import ConfigurationError, StoreUnavailableError
from tracker.store.postgres.check import check_postgres
from tracker.store.postgres.connect import connect

BAD = "checked"


@pytest.fixture
async def admin(debian_postgres: PostgresServer) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(debian_postgres.dsn("postgres"))
    yield connection
    await connection.execute(f"DROP DATABASE IF EXISTS {BAD} WITH (FORCE)")
    await connection.execute("DROP ROLE IF EXISTS poor")
    await connection.close()


async def test_a_server_as_debian_installs_it_has_no_problem(
    postgres_dsn: str, debian_postgres: PostgresServer
) -> None:
    assert await check_postgres(postgres_dsn) == []
    assert await check_postgres(debian_postgres.dsn("postgres")) == []


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
async def test_a_server_that_may_lose_what_it_wrote_is_refused(debian_postgres: PostgresServer, name: str) -> None:
    await debian_postgres.set(**{name: "off"})
    try:
        (problem,) = await check_postgres(debian_postgres.dsn("postgres"))
    finally:
        await debian_postgres.set(**{name: "on"})
    assert problem.startswith(f"PostgreSQL has {name} off, and the machine's end ")
    assert problem.endswith(f": set {name} on")


async def test_all_that_is_wrong_with_a_database_and_its_user_is_told_at_once(
    admin: asyncpg.Connection, debian_postgres: PostgresServer
) -> None:
    await admin.execute(f"CREATE DATABASE {BAD} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    await admin.execute(f"CREATE ROLE poor LOGIN PASSWORD '{PASSWORD}'")
    await admin.execute("ALTER ROLE poor SET synchronous_commit = off")
    await admin.execute("ALTER ROLE poor SET default_transaction_read_only = on")
    stranger = await asyncpg.connect(debian_postgres.dsn(BAD))
    await stranger.execute("CREATE TABLE postbacks (id integer)")
    await stranger.close()

    problems = await check_postgres(debian_postgres.dsn(BAD).replace(f"{ADMIN}:", "poor:", 1))
    fixes = ["set synchronous_commit on", "ENCODING 'UTF8'", "set it off", "GRANT CREATE ON SCHEMA public TO poor"]
    fixes.append("REASSIGN OWNED BY admin TO poor")
    assert [fix for fix, problem in zip(fixes, problems, strict=True) if fix not in problem] == []


@pytest.mark.parametrize("commit", ["local", "remote_write"])
async def test_a_standby_that_commits_do_not_wait_for_is_none(debian_postgres: PostgresServer, commit: str) -> None:
    await debian_postgres.set(synchronous_commit=commit, synchronous_standby_names="two")
    try:
        (problem,) = await check_postgres(debian_postgres.dsn("postgres"))
    finally:
        await debian_postgres.set(synchronous_standby_names="", synchronous_commit="on")
    assert f"synchronous_commit {commit}, and a promoted standby would lack what was answered" in problem


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (ENCODED, "canary-of-a-password", "does not let us in: password authentication failed"),
        ("/postgres", "/nowhere", "does not let us in: database .nowhere. does not exist"),
        ("/postgres", "/postgres?sslmode=perhaps", "cannot be used: .*sslmode"),
        ("/postgres", "/postgres?sslmode=verify-full&sslrootcert=/nowhere/ca.crt", "cannot be used"),
    ],
)
async def test_what_keeps_us_out_is_a_sentence_without_the_password(
    debian_postgres: PostgresServer, before: str, after: str, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        await check_postgres(debian_postgres.dsn("postgres").replace(before, after, 1))
    assert re.search(sentence, str(raised.value)), raised.value
    assert not any(word in str(raised.value) for word in (PASSWORD, ENCODED, "canary-of"))


async def test_a_server_that_is_away_is_named_without_the_password() -> None:
    port = free_port()
    with pytest.raises(StoreUnavailableError, match=f"PostgreSQL at 127.0.0.1:{port} .* does not answer") as raised:
        await check_postgres(f"postgresql://tracker:{ENCODED}@127.0.0.1:{port}/tracker")
    assert ENCODED not in str(raised.value)


async def test_tls_is_used_and_the_server_s_certificate_is_checked(
    debian_postgres: PostgresServer, tmp_path: Path
) -> None:
    root = tmp_path / "root.crt"
    root.write_bytes(debian_postgres.certificate.read_bytes())
    dsn = f"{debian_postgres.dsn('postgres')}?sslmode=verify-full&sslrootcert={root}"
    connection = await connect(dsn)
    assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is True
    await connection.close()
    with pytest.raises(StoreUnavailableError, match="certificate"):
        await check_postgres(dsn.replace("127.0.0.1", "localhost", 1))  # not a name of the certificate


def test_serve_and_migrate_refuse_it_with_exit_2_and_start_nothing(debian_postgres: PostgresServer) -> None:
    with data_folder() as data:
        tracker = RunningTracker(data)
        for command, word, sentence in (
            ("serve", "canary%2Fword", "does not let us in"),
            ("migrate", "canary/word", "percent-encode"),
        ):
            url = debian_postgres.dsn().replace(ENCODED, word)
            done = tracker.try_command(command, TRACKER_POSTGRES_URL=url)
            assert (done.returncode, done.stdout) == (2, ""), done.stderr
            assert sentence in done.stderr
            assert "canary" not in done.stderr
            assert "Traceback" not in done.stderr
        assert tracker.processes() == []
