"""Exchange rates: imported once, never changed."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import asyncpg

from tracker.core.rate_gaps import LONGEST_GAP, Gap, fill_gaps, gaps
from tracker.core.rates import ExchangeRate, RateKey
from tracker.store.postgres.connect import connect
from tracker.store.postgres.faults import telling_when_away

_RATE = "SELECT currency, day, nominal, rubles, source FROM exchange_rates"
_FIND = f"{_RATE} JOIN unnest($1::text[], $2::date[]) AS needed(currency, day) USING (currency, day)"
_NEAR = f"{_RATE} WHERE currency = ANY ($1) AND day BETWEEN $2 AND $3"
_LIST = f"{_RATE} WHERE $1::text IS NULL OR currency = $1 ORDER BY currency, day"
_ADD = """
INSERT INTO exchange_rates (currency, day, nominal, rubles, source)
SELECT * FROM unnest($1::text[], $2::date[], $3::integer[], $4::numeric[], $5::text[])
"""


class Rates:
    """Those that were found are kept in the process: they never change. That there was none is not: it may come."""

    def __init__(self, fetch: Callable[..., Awaitable[list[asyncpg.Record]]]) -> None:
        self._fetch = fetch
        self._known: dict[RateKey, ExchangeRate] = {}

    async def find(self, needed: Iterable[RateKey]) -> tuple[ExchangeRate, ...]:
        keys = sorted(set(needed))
        if missing := [key for key in keys if key not in self._known]:
            found = await self._fetch(_FIND, [currency for currency, _ in missing], [day for _, day in missing])
            self._known |= {rate.key: rate for rate in map(_rate, found)}
        return tuple(self._known[key] for key in keys if key in self._known)


@dataclass(frozen=True, slots=True)
class Imported:
    """`filled` are days without a rate of their own; `missing` are days near the imported ones that still have none;
    `contrary` are those that are there already with another value, as
    they are there: then nothing was imported."""

    added: int = 0
    filled: int = 0
    missing: tuple[Gap, ...] = ()
    contrary: tuple[ExchangeRate, ...] = ()


async def import_rates(dsn: str, rates: Sequence[ExchangeRate], *, fill_to_known: bool = False) -> Imported:
    """All of them, or none. `fill_to_known`: days between these and those that are there are filled, too. Raises
    StoreUnavailableError."""
    with telling_when_away():
        connection = await connect(dsn)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE exchange_rates IN SHARE ROW EXCLUSIVE MODE")
                return await _import(connection, rates, fill_to_known=fill_to_known)
        finally:
            await connection.close()


async def _import(
    connection: "asyncpg.Connection[asyncpg.Record]", rates: Sequence[ExchangeRate], *, fill_to_known: bool
) -> Imported:
    near = timedelta(days=LONGEST_GAP + 1)
    first, last = min(rate.day for rate in rates), max(rate.day for rate in rates)
    rows = await connection.fetch(_NEAR, sorted({rate.currency for rate in rates}), first - near, last + near)
    there = {rate.key: rate for rate in map(_rate, rows)}
    contrary = tuple(
        there[rate.key]
        for rate in rates
        if rate.key in there and there[rate.key].rubles_per_unit != rate.rubles_per_unit
    )
    if contrary:
        return Imported(contrary=contrary)
    new = [rate for rate in rates if rate.key not in there]
    filled = fill_gaps([*there.values(), *new], None if fill_to_known else {rate.key for rate in rates})
    added = [*new, *filled]
    await connection.execute(
        _ADD,
        [rate.currency for rate in added],
        [rate.day for rate in added],
        [rate.nominal for rate in added],
        [rate.rubles for rate in added],
        [rate.source for rate in added],
    )
    return Imported(len(new), len(filled), tuple(gaps([*there.values(), *added])))


async def list_rates(dsn: str, currency: str | None = None) -> list[ExchangeRate]:
    """By currency and day. Raises StoreUnavailableError."""
    with telling_when_away():
        connection = await connect(dsn)
        try:
            return [_rate(row) for row in await connection.fetch(_LIST, currency)]
        finally:
            await connection.close()


def _rate(row: asyncpg.Record) -> ExchangeRate:
    day: date = row["day"]
    return ExchangeRate(row["currency"], day, row["nominal"], row["rubles"], row["source"])
