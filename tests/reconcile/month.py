"""A month of one partner with known differences: our books and its statement, and what must be found of it.

python -m tests.reconcile.month 100000
"""

import asyncio
import multiprocessing
import random
import re
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.reconcile.month_books import MOSCOW, PARTNER, Expected, Planted, fill_books, write_statement
from tracker.core.reconciliation import Cause, Difference, Kind
from tracker.core.statement import StatementAmounts, StatementProfile
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.reconcile.flow import Reconcile, Reconciled, Statement
from tracker.reconcile.read import Words
from tracker.reconcile.statuses import COMMON
from tracker.reconcile.text import examine
from tracker.store.migrate import migrate_postgres
from tracker.store.reconciliations import Reconciliations

FIRST, NEXT = datetime(2026, 6, 1, tzinfo=MOSCOW), datetime(2026, 7, 1, tzinfo=MOSCOW)
PROFILE = StatementProfile(
    mapping=(
        ("order_id", "Номер заказа"),
        ("line_id", "Позиция"),
        ("amount", "Сумма, руб."),
        ("status", "Статус"),
        ("currency", "Валюта"),
        ("order_time", "Дата"),
        ("commission", "Вознаграждение"),
    ),
    statuses=(("Ждёт", "pending"), ("Подтверждён", "approved"), ("Отменён", "declined")),
    amounts=StatementAmounts(decimal=","),
)


def plan(orders: int, seed: int = 1) -> list[Planted]:
    """3 % lost, 2 % of another amount, 1 % of another status, 1 % unknown to the partner; and, beside the month, orders
    that the statement is not about."""
    chance = random.Random(seed)  # noqa: S311 - the same month each time
    shares = [("lost", 3), ("amount", 2), ("status", 1), ("unknown", 1)]
    jobs = [job for job, percent in shares for _ in range(orders * percent // 100)]
    jobs += ["same"] * (orders - len(jobs))
    chance.shuffle(jobs)
    counts: dict[str, int] = {}
    planted = []
    for number, job in enumerate(jobs):
        counts[job] = counts.get(job, -1) + 1
        planted.append(_PLANT[job](_order(chance, number), counts[job], chance))
    return planted + [_elsewhere(chance, orders + number) for number in range(orders // 20)]


def _order(chance: random.Random, number: int) -> Planted:
    at = FIRST + timedelta(seconds=chance.randrange(1, int((NEXT - FIRST).total_seconds())))
    goods = Decimal(chance.randrange(20_000, 2_000_000)) / 100
    status = chance.choices(("approved", "pending", "declined"), (85, 10, 5))[0]
    ours = {"status": status, "base": Decimal(0) if status == "declined" else goods, "flags": [], "click_id": "c" * 30}
    return Planted(f"R{number:07}-{chance.randrange(10**6):06}", at, ours, {"status": status, "goods": goods})


def _live(one: Planted) -> Planted:
    """Approved on both sides, with kopecks in it, far from the edges of the month."""
    assert one.ours is not None
    assert one.theirs is not None
    goods = one.theirs["goods"].quantize(Decimal(1)) + Decimal("0.37")
    middle = FIRST + timedelta(days=1) + (one.at - FIRST) * 28 / 30
    ours, theirs = one.ours | {"status": "approved", "base": goods}, {"status": "approved", "goods": goods}
    return replace(one, at=middle, ours=ours, theirs=theirs)


def _same(one: Planted, number: int, _: random.Random) -> Planted:  # noqa: ARG001 - each plants in one form
    return one


def _elsewhere(chance: random.Random, number: int) -> Planted:
    one = _order(chance, number)
    return replace(one, at=one.at + timedelta(days=chance.choice((-31, 31))), theirs=None)


def _lost(one: Planted, number: int, _: random.Random) -> Planted:
    verdict, cause = {0: ("deferred", Cause.WAITING), 1: ("amount_bad", Cause.OUR_REFUSAL)}.get(
        number % 10, ("", Cause.LOST_POSTBACK)
    )
    return replace(one, ours=None, verdict=verdict, expected=((Kind.ONLY_THEIRS,), (cause,)))


def _amount(one: Planted, number: int, chance: random.Random) -> Planted:
    one = _live(one)
    assert one.ours is not None
    assert one.theirs is not None
    base = one.ours["base"]
    cause = (
        Cause.DELIVERY, Cause.ROUNDING, Cause.RETURN_NOT_TOLD, Cause.MISSED_UPDATE, Cause.WINDOW, Cause.UNIT,
        Cause.CURRENCY,
    )[number % 7]  # fmt: skip
    goods = {
        Cause.DELIVERY: base + Decimal("299.50"),
        Cause.ROUNDING: base - Decimal("0.37"),
        Cause.RETURN_NOT_TOLD: base - chance.randrange(20, 100),
        Cause.MISSED_UPDATE: base + chance.randrange(20, 100),
        Cause.WINDOW: base + chance.randrange(20, 100),
        Cause.UNIT: base * 100,
        Cause.CURRENCY: (base / 90).quantize(Decimal("0.01")),
    }[cause]
    theirs = one.theirs | {"goods": goods} | ({"currency": "USD"} if cause is Cause.CURRENCY else {})
    ours = one.ours | ({"flags": ["after_window"]} if cause is Cause.WINDOW else {})
    delivery = Decimal("299.50") if cause is Cause.DELIVERY else None
    return replace(one, ours=ours, theirs=theirs, delivery=delivery, expected=((Kind.AMOUNT_DIFFERS,), (cause,)))


def _status(one: Planted, number: int, _: random.Random) -> Planted:
    one = _live(one)
    assert one.ours is not None
    assert one.theirs is not None
    only = (Kind.STATUS_DIFFERS,)
    ours, theirs, expected = (
        ("pending", "approved", (only, (Cause.MISSED_UPDATE,))),
        ("approved", "declined", (only, (Cause.RETURN_NOT_TOLD,))),
        ("declined", "approved", (only, (Cause.STATEMENT_OLDER,))),
        ("approved", "pending", (only, (Cause.STATEMENT_OLDER,))),
        ("missing", "approved", ((Kind.AMOUNT_DIFFERS, Kind.STATUS_DIFFERS), (Cause.NOT_STATED, Cause.OUR_HOLD))),
    )[number % 5]
    changed: dict[str, Any] = {"status": ours}
    if ours == "missing":
        changed = {"status": "pending", "flags": ["amount_missing"], "base": Decimal(0)}
    elif ours == "declined":
        changed["base"] = Decimal(0)
    return replace(one, ours=one.ours | changed, theirs=one.theirs | {"status": theirs}, expected=expected)


def _unknown(one: Planted, number: int, chance: random.Random) -> Planted:
    """Also orders whose month is another one by another zone's clock, and those of no click of ours."""
    one = _live(one)
    assert one.ours is not None
    expected, ours = Cause.UNKNOWN_TO_PARTNER, one.ours
    if number % 5 == 0:
        expected, one = Cause.TIME_ZONE, replace(one, at=NEXT - timedelta(minutes=chance.randrange(1, 180)))
    elif number % 5 == 1:
        expected, ours = Cause.UNMATCHED, ours | {"click_id": None}
    return replace(one, ours=ours, theirs=None, expected=((Kind.ONLY_OURS,), (expected,)))


_PLANT = {"same": _same, "lost": _lost, "amount": _amount, "status": _status, "unknown": _unknown}


@dataclass
class Seen:
    """Whoever looks on keeps what is found."""

    differences: dict[str, Expected] = field(default_factory=dict)

    def read(self, done: int) -> None:
        """Nobody looks at the progress."""

    def compared(self, orders: int, of: int) -> None:
        """Likewise."""

    def found(self, differences: Sequence[Difference]) -> None:
        self.differences |= {one.order_id: (one.kinds, one.causes) for one in differences}


async def reconcile(dsn: str, path: Path) -> tuple[Reconciled, Seen]:
    flow = Reconcile(Reconciliations(dsn), new_id=lambda _: str(uuid.uuid4()), now=lambda: datetime.now(UTC))
    seen = Seen()
    words = Words.of(PROFILE, "Europe/Moscow", COMMON)
    statement = Statement(
        PARTNER, path, examine(path), words, "Europe/Moscow", (FIRST.date(), (NEXT - timedelta(days=1)).date())
    )
    return await flow.run(statement, seen), seen


def judge(planted: Sequence[Planted], seen: Seen) -> list[str]:
    """Every sentence is something that was not found, was found wrong, or should not have been found."""
    expected = {one.order_id: one.expected for one in planted if one.expected is not None}
    wrong = [
        f"{order_id}: expected {what}, found {seen.differences.get(order_id)}"
        for order_id, what in expected.items()
        if seen.differences.get(order_id) != what
    ]
    return wrong + [f"{one}: {seen.differences[one]}" for one in seen.differences.keys() - expected.keys()]


def _measured(dsn: str, path: Path) -> tuple[Reconciled, Seen, float, int]:
    """With the seconds that it took, and the megabytes that it was resident with at most."""
    started = time.monotonic()
    found, seen = asyncio.run(reconcile(dsn, path))
    seconds = time.monotonic() - started
    # getrusage would tell of the process that started this one, too.
    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return found, seen, seconds, int(peak) // 1024


async def _main(orders: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="tracker-month-"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder)
    await server.start()
    try:
        await migrate_postgres(server.dsn)
        planted = plan(orders)
        await fill_books(server.dsn, planted)
        path = folder / "statement.csv"
        rows = write_statement(path, planted)
        print(f"{orders:,} orders, {rows:,} rows, {path.stat().st_size:,} bytes")
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            found, seen, seconds, peak = alone.submit(_measured, server.dsn, path).result()
        wrong = judge(planted, seen)
        print(f"{seconds:.1f} s in a process of its own, of at most {peak:,} MB resident")
        print(found.run.totals.orders, found.run.totals.causes, sep="\n")
        print("\n".join(wrong[:20]) or "All that was planted was found, and nothing else.")
    finally:
        await server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
