"""The flow of one reconciliation: read the file, load it beside our books, compare, explain, keep."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from tracker.core.reconciliation import Difference, Kind, Known, Loaded, Pair, Period, Run, StatementRow
from tracker.core.report import Status
from tracker.errors import ConfigurationError
from tracker.reconcile.books import Comparison, ReconciliationBooks
from tracker.reconcile.compare import difference, kinds
from tracker.reconcile.read import Words, read_row
from tracker.reconcile.record import Problem
from tracker.reconcile.source import open_statement
from tracker.reconcile.text import Advance, Examined
from tracker.reconcile.totals import Tally

MOST_PROBLEMS = 1_000  # that are told one by one


@dataclass(frozen=True, slots=True)
class Statement:
    """A file and how to read it. `days` are the first and the last that it is about; None: those of its orders."""

    partner_id: str
    path: Path
    examined: Examined
    words: Words
    rate_zone: str  # the programme's, whose days exchange rates are of
    days: tuple[date | None, date | None] = (None, None)


class Watch(Protocol):
    """Whoever looks on: how far it is, and each difference as it is found."""

    def read(self, done: int) -> None: ...

    def compared(self, orders: int, of: int) -> None: ...

    def found(self, differences: Sequence[Difference]) -> None: ...


@dataclass(frozen=True, slots=True)
class Reconciled:
    run: Run
    largest: list[Difference]
    problems: list[Problem] = field(default_factory=list)  # the first of them


class Reconcile:
    def __init__(
        self, books: ReconciliationBooks, *, new_id: Callable[[datetime], str], now: Callable[[], datetime]
    ) -> None:
        self._books = books
        self._new_id = new_id
        self._now = now

    async def run(self, statement: Statement, watch: Watch) -> Reconciled:
        """Raises ConfigurationError when the file is no statement that we can read, StoreUnavailableError when the
        books are away: then nothing is kept."""
        at = self._now()
        run_id = self._new_id(at)
        rows = _Rows(statement, watch.read)
        tally = Tally()
        async with self._books.comparing(statement.partner_id) as comparison:
            await comparison.load(rows)
            loaded = await comparison.loaded()
            period = _period(statement, loaded)
            async for pairs in comparison.pairs(period.since, period.until, statement.rate_zone):
                found = await _differences(comparison, pairs, period, tally)
                await comparison.keep(run_id, found)
                watch.found(found)
                watch.compared(len(pairs), loaded.orders)
            run = Run(
                run_id=run_id,
                partner_id=statement.partner_id,
                file_name=statement.path.name.encode("utf-8", "backslashreplace").decode(),
                sha256=statement.examined.sha256,
                since=period.since,
                until=period.until,
                at=at,
                rows=rows.count,
                problems=rows.problem_count,
                totals=tally.totals(),
            )
            await comparison.finish(run)
        return Reconciled(run, tally.largest, rows.problems)


async def _differences(comparison: Comparison, pairs: Sequence[Pair], period: Period, tally: Tally) -> list[Difference]:
    differing = []
    for pair in pairs:
        if pair.theirs is not None and pair.theirs.unread:
            tally.add_unread()
            continue
        found = kinds(pair)
        tally.add_pair(pair, found)
        if found != (Kind.MATCHED,):
            differing.append(pair)
    known = await comparison.known(
        [pair.order_id for pair in differing if pair.ours is not None],
        [pair.order_id for pair in differing if pair.ours is None],
    )
    differences = [difference(pair, period, known.get(pair.order_id, Known())) for pair in differing]
    for one in differences:
        tally.add_difference(one)
    return differences


class _Rows:
    """The statement's rows, with what is wrong gathered on the way."""

    def __init__(self, statement: Statement, advance: Advance) -> None:
        self._statement = statement
        self._advance = advance
        self.count = 0
        self.problem_count = 0
        self.problems: list[Problem] = []

    def __iter__(self) -> Iterator[StatementRow]:
        statement = self._statement
        records = open_statement(statement.path, statement.examined.encoding, statement.words.profile, self._advance)
        for record in records:
            row, problems = read_row(record, statement.words)
            self.problem_count += len(problems)
            self.problems += problems[: MOST_PROBLEMS - len(self.problems)]
            if row is not None:
                self.count += 1
                yield row


def _period(statement: Statement, loaded: Loaded) -> Period:
    """Whole days of the statement's zone."""
    zone = ZoneInfo(statement.words.zone)
    first, last = statement.days
    first = first or (loaded.earliest.astimezone(zone).date() if loaded.earliest else None)
    last = last or (loaded.latest.astimezone(zone).date() if loaded.latest else None)
    if first is None or last is None:
        problem = (
            f"{statement.path.name} names no order times: say which days it is about, --from 2026-06-01 --to 2026-06-30"
        )
        raise ConfigurationError([problem])
    if last < first:
        raise ConfigurationError([f"the last day, {last}, is before the first, {first}"])
    since, until = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    return Period(since, until, loaded.statuses or frozenset(Status))
