"""Reconciliations in PostgreSQL: a statement loaded beside our books in one snapshot, and what was found, kept."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import msgspec

from tracker.core.reconciliation import Agreed, Difference, Known, Loaded, Pair, Run, StatementRow
from tracker.core.report import Status
from tracker.store import reconciliation_rows as as_rows
from tracker.store import reconciliation_sql as sql
from tracker.store.postgres.connect import Connection
from tracker.store.postgres.faults import telling_when_away
from tracker.store.postgres.own import own_connection

_PAGE = 2_000
_CHUNK = 20_000  # rows of a COPY: only so many are in memory at once


class ComparisonInPostgres:
    """One transaction: nothing is kept unless all of it is. Every method raises StoreUnavailableError."""

    def __init__(self, connection: Connection, partner_id: str) -> None:
        self._connection = connection
        self._partner_id = partner_id

    async def load(self, rows: Iterable[StatementRow]) -> None:
        """By COPY, in pieces, so that the whole file is never in memory."""
        await self._execute(sql.CREATE)
        chunk: list[tuple[object, ...]] = []
        for row in rows:
            chunk.append(as_rows.statement_row(row))
            if len(chunk) == _CHUNK:
                await self._copy("statement_rows", chunk, sql.ROW_COLUMNS)
                chunk.clear()
        await self._copy("statement_rows", chunk, sql.ROW_COLUMNS)
        await self._execute(sql.ADD_UP)
        await self._execute(sql.FIND_REFUSED, self._partner_id)

    async def loaded(self) -> Loaded:
        [row] = await self._fetch(sql.LOADED)
        statuses = frozenset(Status(word) for word in row["statuses"] or ())
        return Loaded(row["orders"], row["earliest"], row["latest"], statuses)

    async def pairs(self, since: datetime, until: datetime, zone: str) -> AsyncIterator[list[Pair]]:
        """Every order of either side, in pages; of ours those of the period, and those that the statement names."""
        async for page in self._pages(sql.PAIRS, self._partner_id, since, until, zone):
            yield [Pair(row["order_id"], as_rows.theirs_of(row), as_rows.ours_of(row)) for row in page]

    async def known(self, order_ids: Sequence[str], unknown: Sequence[str]) -> Mapping[str, Known]:
        """What else we know of orders of ours, and of those that are unknown to us."""
        found: dict[str, Known] = {}
        if order_ids:
            rows = await self._fetch(sql.OTHER_SUMS, self._partner_id, list(order_ids))
            found |= {row["order_id"]: as_rows.known_of(row["sums"], ()) for row in rows}
        if unknown:
            rows = await self._fetch(sql.VERDICTS, self._partner_id, list(unknown))
            found |= {row["order_id"]: as_rows.known_of((), row["verdicts"]) for row in rows}
        return found

    async def keep(self, run_id: str, differences: Sequence[Difference]) -> None:
        """Lines of a run that is finished later."""
        lines = [as_rows.line_values(run_id, one) for one in differences]
        await self._copy("reconciliation_lines", lines, sql.LINE_COLUMNS)

    async def finish(self, run: Run) -> None:
        """The facts go out with what they tell of."""
        await self._execute(sql.KEEP_RUN, *as_rows.run_values(run))
        async for page in self._pages(sql.LINES_OF_RUN, run.run_id):
            facts = [("reconciliation", as_rows.fact_body(run, as_rows.kept_line(row))) for row in page]
            await self._copy("outbox", facts, ("kind", "body"))

    async def _pages(self, statement: str, *values: object) -> AsyncIterator[list[asyncpg.Record]]:
        with telling_when_away():
            cursor = await self._connection.cursor(statement, *values)
            page = await cursor.fetch(_PAGE)
        while page:
            yield page
            with telling_when_away():
                page = await cursor.fetch(_PAGE)

    async def _execute(self, statement: str, *values: object) -> None:
        with telling_when_away():
            await self._connection.execute(statement, *values)

    async def _fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        with telling_when_away():
            return await self._connection.fetch(statement, *values)

    async def _copy(self, table: str, rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> None:
        if rows:
            with telling_when_away():
                await self._connection.copy_records_to_table(table, records=rows, columns=list(columns))


class Reconciliations:
    """Every method raises StoreUnavailableError."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    @asynccontextmanager
    async def comparing(self, partner_id: str) -> AsyncIterator[ComparisonInPostgres]:
        """Committed behind the block; what the block itself raises is not taken for PostgreSQL's fault."""
        async with own_connection(self._dsn) as connection:
            with telling_when_away():
                transaction = connection.transaction(isolation="repeatable_read")
                await transaction.start()
            yield ComparisonInPostgres(connection, partner_id)
            with telling_when_away():
                await transaction.commit()

    async def earlier(self, partner_id: str, sha256: str) -> Run | None:
        """The last run of the same file."""
        found = await self._fetch(sql.EARLIER, partner_id, sha256)
        return as_rows.run_of(found[0]) if found else None

    async def agreed(self, run_id: str, earlier_id: str) -> AsyncIterator[list[Agreed]]:
        """What differs now just as it did in the earlier run."""
        last = ""
        while True:
            page = await self._fetch(sql.AGREED, run_id, earlier_id, last, _PAGE)
            if not page:
                return
            last = page[-1]["order_id"]
            yield [
                Agreed(
                    as_rows.kept_line(row),
                    tuple(msgspec.json.decode(row["lines"] or "[]", type=list[tuple[str, str | None]])),
                )
                for row in page
            ]

    async def note_applied(self, run_id: str, at: datetime, staff: str, reason: str) -> None:
        await self._fetch(sql.NOTE_APPLIED, run_id, at, staff, reason)

    async def note_results(self, run_id: str, results: Sequence[tuple[str, str | None, str]]) -> None:
        async with own_connection(self._dsn) as connection:
            with telling_when_away():
                await connection.executemany(sql.NOTE_RESULT, [(run_id, *result) for result in results])

    async def _fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        async with own_connection(self._dsn) as connection:
            with telling_when_away():
                return await connection.fetch(statement, *values)
