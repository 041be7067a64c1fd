"""Exchange rates by day: what a sum in another currency is in rubles (docs/rules.md, C-11, C-12).

A sum is multiplied by the rubles and divided by the nominal, a power of ten: exact, and nothing is rounded on the way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tracker.core.money import CONTEXT

RUBLES = "RUB"
RateKey = tuple[str, date]  # a currency, and the day that its rate is of


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """So many `rubles` for `nominal` units of a currency. `source` says where that was published."""

    currency: str
    day: date
    nominal: int
    rubles: Decimal
    source: str = ""

    @property
    def key(self) -> RateKey:
        return self.currency, self.day

    @property
    def rubles_per_unit(self) -> Decimal:
        return CONTEXT.divide(self.rubles, Decimal(self.nominal))


# The rates of one day, by currency.
DayRates = Mapping[str, ExchangeRate]


def currency_code(word: str) -> str:
    """As we write it: RUR is how some still write RUB."""
    written = word.upper()
    return RUBLES if written == "RUR" else written


def is_foreign(currency: str | None) -> bool:
    return currency not in (None, RUBLES)


def in_rubles(goods: Decimal | None, currency: str | None, rates: DayRates) -> Decimal | None:
    """None: no sum was stated, or there is no rate for it. Nothing is ever taken one to one."""
    if goods is None or currency is None or currency == RUBLES:
        return goods
    rate = rates.get(currency)
    return None if rate is None else CONTEXT.divide(CONTEXT.multiply(goods, rate.rubles), Decimal(rate.nominal))
