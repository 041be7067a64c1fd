"""Our books and the statement of a planned month, written down."""

import csv
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from tests.core.factories import LAB
from tracker.core.reconciliation import Cause, Kind
from tracker.core.terms_json import terms_to_json

MOSCOW = ZoneInfo("Europe/Moscow")
PARTNER = "lab"
_STATUS_WORDS = {"pending": "Ждёт", "approved": "Подтверждён", "declined": "Отменён"}
_HEADER = ("Номер заказа", "Позиция", "Дата", "Статус", "Сумма, руб.", "Валюта", "Вознаграждение")
_RATE = Decimal("0.05")

Expected = tuple[tuple[Kind, ...], tuple[Cause, ...]]


@dataclass(frozen=True, slots=True)
class Planted:
    """One order: what we have of it, what the partner states, and what must be said of that."""

    order_id: str
    at: datetime
    ours: dict[str, Any] | None
    theirs: dict[str, Any] | None
    expected: Expected | None = None
    delivery: Decimal | None = None
    verdict: str = ""  # of a message about it that is kept and is no order


async def fill_books(dsn: str, planted: Sequence[Planted]) -> None:
    """Through the real schema, by COPY."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO terms_versions (version, partner_id, content) VALUES ($1, $2, $3::jsonb)",
            LAB.version, PARTNER, terms_to_json(LAB),
        )  # fmt: skip
        for start in range(0, len(planted), 20_000):
            some = planted[start : start + 20_000]
            ids = [uuid.UUID(int=(start + number + 1)) for number in range(len(some))]
            await _copy(connection, "postbacks", [_postback(*one) for one in zip(ids, some, strict=True)])
            ours = [(id_, one) for id_, one in zip(ids, some, strict=True) if one.ours is not None]
            await _copy(connection, "conversions", [_conversion(one) for _, one in ours])
            await _copy(connection, "order_messages", [_message(id_, one) for id_, one in ours])
        await connection.execute("ANALYZE conversions; ANALYZE order_messages; ANALYZE postbacks")
    finally:
        await connection.close()


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        columns = list(rows[0])
        await connection.copy_records_to_table(table, records=[tuple(row.values()) for row in rows], columns=columns)


def _postback(id_: uuid.UUID, one: Planted) -> dict[str, Any]:
    """Of a lost one only what was kept; if nothing was, an unrelated test message."""
    understood = one.ours is not None or one.verdict == "deferred"
    named = one.ours is not None or one.verdict
    return {
        "id": id_, "received_at": one.at + timedelta(minutes=5), "partner_id": PARTNER, "dialect": "generic",
        "method": "GET", "query": f"order_id={one.order_id}&amount=1" if named else "test=1", "content_type": "",
        "body": b"", "address_hash": 7, "request_id": "", "verdict": one.verdict or ("decided" if named else "test"),
        "verdict_version": 1, "reasons": [], "http_status": 200, "order_id": one.order_id if understood else "",
        "line_id": "", "click_id": "", "note": "",
    }  # fmt: skip


def _conversion(one: Planted) -> dict[str, Any]:
    assert one.ours is not None
    base, click_id = one.ours["base"], one.ours["click_id"]
    line = {"line_id": "", "status": one.ours["status"], "goods": str(base), "currency": "RUB", "tariff": None}
    return {
        "partner_id": PARTNER, "order_id": one.order_id, "version": 1, "revision": 1,
        "first_seen_at": one.at + timedelta(minutes=5), "revised_at": one.at + timedelta(minutes=5),
        "status": one.ours["status"], "hold": False, "held_by_us": [], "settled": False, "base": base, "rate": _RATE,
        "accrual": base * _RATE, "cashback": int(base * _RATE), "reasons": [] if click_id else ["unknown_click"],
        "flags": one.ours["flags"], "rewarded_elsewhere": False, "click_id": click_id,
        "shopper_id": "shopper-1" if click_id else None, "clicked_at": one.at - timedelta(hours=1),
        "terms_version": LAB.version, "surface": "site", "device": "desktop", "origin": "web", "ordered_at": one.at,
        "confirm_by": one.at + timedelta(days=90), "first_approved_at": None, "commission": base * _RATE * 2,
        "currency": "RUB", "promo_code": None, "lines": msgspec.json.encode([line]).decode(),
    }  # fmt: skip


def _message(id_: uuid.UUID, one: Planted) -> dict[str, Any]:
    assert one.ours is not None
    sums = [["amount", str(one.ours["base"])], *([["delivery", str(one.delivery)]] if one.delivery else [])]
    report = {"order_id": one.order_id, "status": one.ours["status"], "sums_as_sent": sums}
    return {
        "partner_id": PARTNER, "order_id": one.order_id, "received_at": one.at + timedelta(minutes=5),
        "postback_id": id_, "report": msgspec.json.encode(report).decode(), "click_id": one.ours["click_id"],
        "problem": None if one.ours["click_id"] else "unknown_click",
    }  # fmt: skip


def write_statement(path: Path, planted: Sequence[Planted]) -> int:
    """As a Russian accountant's spreadsheet saves it; orders of several lines name each. The number of rows."""
    chance = random.Random(7)  # noqa: S311 - the same file each time
    rows = 0
    with path.open("w", encoding="windows-1251", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("Акт сверки за июнь 2026",))
        writer.writerow(_HEADER)
        for one in planted:
            for row in _rows(one, chance):
                writer.writerow(row)
                rows += 1
    return rows


def _rows(one: Planted, chance: random.Random) -> Iterator[tuple[str, ...]]:
    if one.theirs is None:
        return
    goods: Decimal = one.theirs["goods"]
    first = goods // 2 if chance.random() < 0.2 else goods
    for number, part in enumerate((first, goods - first)):
        if part or not number:
            yield (
                one.order_id,
                str(number + 1),
                f"{one.at.astimezone(MOSCOW):%d.%m.%Y %H:%M:%S}",
                _STATUS_WORDS[one.theirs["status"]],
                f"{part:,.2f}".replace(",", " ").replace(".", ","),
                one.theirs.get("currency", "RUB"),
                f"{part / 10:.2f}".replace(".", ","),
            )
