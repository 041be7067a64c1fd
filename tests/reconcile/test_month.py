"""A simulated month: every planted difference is found with its cause, and nothing else; all of it is kept."""

from decimal import Decimal
from pathlib import Path

import asyncpg
import msgspec
import pytest

from tests.reconcile.month import judge, plan, reconcile
from tests.reconcile.month_books import fill_books, write_statement
from tracker.core.facts import ReconciliationFact
from tracker.core.reconciliation import Cause, Kind
from tracker.errors import ConfigurationError, StoreUnavailableError
from tracker.store.reconciliation_runs import ReconciliationRuns
from tracker.store.reconciliations import Reconciliations


async def test_every_planted_difference_is_found_with_its_cause_and_nothing_else(
    postgres_dsn: str, tmp_path: Path
) -> None:
    planted = plan(3_000)
    await fill_books(postgres_dsn, planted)
    path = tmp_path / "statement.csv"
    rows = write_statement(path, planted)

    found, seen = await reconcile(postgres_dsn, path)

    assert judge(planted, seen) == []
    assert (found.run.rows, found.problems) == (rows, [])
    totals = found.run.totals
    assert (totals.orders[Kind.ONLY_THEIRS], totals.orders[Kind.ONLY_OURS], totals.differing) == (90, 30, 210)
    assert set(totals.causes) == set(Cause) - {Cause.LEFT_OUT}
    apart = [abs(one.rubles or Decimal(0)) for one in found.largest]
    assert len(apart) == 10
    assert apart == sorted(apart, reverse=True)

    connection = await asyncpg.connect(postgres_dsn)
    runs = ReconciliationRuns(connection.fetch)
    [run] = await runs.latest(limit=5)
    assert run == found.run == await Reconciliations(postgres_dsn).earlier("lab", found.run.sha256)
    lost = await runs.differences(run, kind="only_theirs", cause="lost_postback", after="", limit=1000)
    assert [one.order_id for one in lost] == sorted(
        order_id for order_id, expected in seen.differences.items() if Cause.LOST_POSTBACK in expected[1]
    )
    bodies = await connection.fetch("SELECT body FROM outbox WHERE kind = 'reconciliation'")
    await connection.close()
    facts = [msgspec.msgpack.decode(row["body"], type=ReconciliationFact) for row in bodies]
    assert {fact.order_id: fact.causes for fact in facts} == {
        order_id: [str(cause) for cause in causes] for order_id, (_, causes) in seen.differences.items()
    }


async def test_of_a_file_that_cannot_be_read_to_its_end_nothing_is_kept(postgres_dsn: str, tmp_path: Path) -> None:
    planted = plan(100)
    write_statement(tmp_path / "june.csv", planted)
    text = (tmp_path / "june.csv").read_bytes()
    (tmp_path / "cut.csv").write_bytes(text + b"\x98;1;01.06.2026;;1;RUB;1\n")  # no sign of windows-1251
    with pytest.raises(ConfigurationError, match="is not windows-1251 text"):
        await reconcile(postgres_dsn, tmp_path / "cut.csv")
    connection = await asyncpg.connect(postgres_dsn)
    assert await connection.fetchval("SELECT count(*) FROM reconciliations") == 0
    await connection.close()


async def test_without_postgresql_it_says_so(tmp_path: Path) -> None:
    write_statement(tmp_path / "june.csv", plan(10))
    with pytest.raises(StoreUnavailableError, match="PostgreSQL did not answer"):
        await reconcile(f"postgresql://tracker@/tracker?host={tmp_path}", tmp_path / "june.csv")
