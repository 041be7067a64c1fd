"""Exchange rates of files that come one after another."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from tracker.core.rate_gaps import Gap
from tracker.core.rates import ExchangeRate
from tracker.store.ledger.rates import Imported, import_rates, list_rates


def dollars(rubles_by_day: dict[int, str]) -> Sequence[ExchangeRate]:
    return [
        ExchangeRate("USD", date(2026, 11, day), 1, Decimal(rubles), "CBR") for day, rubles in rubles_by_day.items()
    ]


async def known(dsn: str) -> dict[int, Decimal]:
    return {rate.day.day: rate.rubles for rate in await list_rates(dsn, "USD")}


async def test_the_rate_of_a_day_whose_import_was_missed_is_told_and_can_still_be_imported(postgres_dsn: str) -> None:
    assert await import_rates(postgres_dsn, dollars({24: "80"})) == Imported(1)
    missed = (Gap("USD", date(2026, 11, 25), date(2026, 11, 25)),)
    assert await import_rates(postgres_dsn, dollars({26: "95"})) == Imported(1, missing=missed)
    assert await import_rates(postgres_dsn, dollars({24: "80", 25: "94", 26: "95", 27: "96"})) == Imported(2)
    assert await known(postgres_dsn) == {24: 80, 25: 94, 26: 95, 27: 96}


async def test_days_without_a_rate_are_filled_in_a_file_and_beside_it_only_when_asked(postgres_dsn: str) -> None:
    await import_rates(postgres_dsn, dollars({20: "80"}))
    missed = (Gap("USD", date(2026, 11, 21), date(2026, 11, 22)),)
    assert await import_rates(postgres_dsn, dollars({23: "81", 25: "82"})) == Imported(2, 1, missing=missed)
    assert await import_rates(postgres_dsn, dollars({23: "81"}), fill_to_known=True) == Imported(0, 2)
    assert await known(postgres_dsn) == {20: 80, 21: 80, 22: 80, 23: 81, 24: 81, 25: 82}
