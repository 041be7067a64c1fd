"""Reconciliations as rows and documents: exact decimals as text, times with their zone."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import asyncpg
import msgspec

from tracker.core.facts import ReconciliationFact
from tracker.core.money import CONTEXT
from tracker.core.reconciliation import Cause, Difference, Kind, Known, Ours, Run, StatementRow, Theirs, Totals
from tracker.core.report import Status
from tracker.core.unix_time import microseconds

_json = msgspec.json.Encoder(decimal_format="string")
_facts = msgspec.msgpack.Encoder()
_theirs = msgspec.json.Decoder(Theirs)
_ours = msgspec.json.Decoder(Ours)
_totals = msgspec.json.Decoder(Totals)
_SHIPPED = Decimal("1e-12")


def statement_row(row: StatementRow) -> tuple[object, ...]:
    return (
        row.place, row.order_id, row.line_id, row.click_id, row.status, row.hold, row.goods, row.delivery,
        row.commission, row.currency, row.order_time, row.day_only, row.unread,
    )  # fmt: skip


def theirs_of(row: asyncpg.Record) -> Theirs | None:
    if row["place"] is None:
        return None
    return Theirs(
        place=row["place"],
        status=Status(row["their_status"]) if row["their_status"] else None,
        hold=row["their_hold"],
        goods=row["their_goods"],
        delivery=row["delivery"],
        commission=row["their_commission"],
        currency=row["their_currency"],
        click_id=row["their_click_id"],
        order_time=row["order_time"],
        day_only=bool(row["day_only"]),
        exchange_rate=row["their_rate"],
        unread=row["unread"],
    )


def ours_of(row: asyncpg.Record) -> Ours | None:
    if row["status"] is None:
        return None
    return Ours(
        status=Status(row["status"]),
        base=row["base"],
        at=row["at"],
        hold=row["hold"],
        rate=row["rate"],
        cashback=row["cashback"],
        goods=row["goods"],
        currency=row["currency"],
        exchange_rate=row["exchange_rate"],
        commission=row["commission"],
        reasons=tuple(row["reasons"]),
        flags=tuple(row["flags"]),
        click_id=row["click_id"] or "",
    )


def known_of(sums: Iterable[str], verdicts: Iterable[str]) -> Known:
    return Known(frozenset(number for text in sums if (number := _number(text))), tuple(sorted(verdicts)))


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", ".").replace(" ", ""))
    except InvalidOperation:
        return None


def line_values(run_id: str, one: Difference) -> tuple[object, ...]:
    """As `reconciliation_lines` keeps it."""
    return (
        run_id, one.order_id, [str(kind) for kind in one.kinds], [str(cause) for cause in one.causes],
        list(one.codes), one.rubles, one.cashback, _document(one.theirs), _document(one.ours),
    )  # fmt: skip


def _document(side: Theirs | Ours | None) -> str | None:
    return None if side is None else _json.encode(side).decode()


def kept_line(row: asyncpg.Record) -> Difference:
    return Difference(
        order_id=row["order_id"],
        kinds=tuple(Kind(kind) for kind in row["kinds"]),
        causes=tuple(Cause(cause) for cause in row["causes"]),
        codes=tuple(row["codes"]),
        theirs=None if row["theirs"] is None else _theirs.decode(row["theirs"]),
        ours=None if row["ours"] is None else _ours.decode(row["ours"]),
        rubles=row["rubles"],
        cashback=row["cashback"],
    )


def run_values(run: Run) -> tuple[object, ...]:
    return (
        run.run_id, run.partner_id, run.file_name, run.sha256, run.since, run.until, run.at, run.rows, run.problems,
        _json.encode(run.totals).decode(),
    )  # fmt: skip


def run_of(row: asyncpg.Record) -> Run:
    return Run(
        run_id=row["id"],
        partner_id=row["partner_id"],
        file_name=row["file_name"],
        sha256=row["sha256"],
        since=row["since"],
        until=row["until"],
        at=row["at"],
        rows=row["row_count"],
        problems=row["problem_count"],
        totals=_totals.decode(row["totals"]),
        applied=None if row["applied_at"] is None else (row["applied_at"], row["staff"], row["reason"]),
    )


def fact_body(run: Run, one: Difference) -> bytes:
    """As the outbox holds it."""
    theirs, ours = one.theirs, one.ours
    ordered_at = (theirs.order_time if theirs else None) or (ours.at if ours else None)
    fact = ReconciliationFact(
        reconciliation_id=run.run_id,
        reconciled_at_us=microseconds(run.at),
        partner_id=run.partner_id,
        file_name=run.file_name,
        order_id=one.order_id,
        kinds=[str(kind) for kind in one.kinds],
        causes=[str(cause) for cause in one.causes],
        codes=list(one.codes),
        their_status=str((theirs.status if theirs else None) or ""),
        our_status=str(ours.status) if ours else "",
        their_goods=_shipped(theirs.goods if theirs else None),
        our_goods=_shipped(ours.base if ours else None),
        currency=one.currency,
        difference=_shipped(one.rubles),
        cashback_change=one.cashback,
        click_id=(ours.click_id if ours else "") or (theirs.click_id if theirs else ""),
        ordered_at_us=microseconds(ordered_at) if ordered_at else 0,
    )
    return _facts.encode(fact)


def _shipped(amount: Decimal | None) -> Decimal | None:
    """With as many decimals as ClickHouse's column has; products of exchange rates may have more."""
    return None if amount is None else CONTEXT.quantize(amount, _SHIPPED)
