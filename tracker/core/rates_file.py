"""A file of exchange rates: CSV with the columns date, currency, nominal and rubles, or the central bank's XML. Every
problem is found at once, with its line."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from tracker.core.rates import RUBLES, ExchangeRate, RateKey
from tracker.core.rates_xml import RateRow, xml_rows
from tracker.errors import ConfigurationError

COLUMNS = ("date", "currency", "nominal", "rubles")
NOMINALS = tuple(10**power for power in range(7))

_RUBLES = re.compile(r"[0-9]{1,9}([.,][0-9]{1,8})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DAY = (re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII), re.compile(r"\d{2}\.\d{2}\.\d{4}", re.ASCII))


@dataclass(frozen=True, slots=True)
class RatesFile:
    """`lines` says where in the file a rate stands. With `problems`, there is nothing to import."""

    rates: tuple[ExchangeRate, ...] = ()
    lines: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()


def read_rates(content: bytes, source: str, currency: str | None = None) -> RatesFile:
    """`currency` is that of an XML over a period, which does not name it."""
    try:
        rows = xml_rows(content, currency) if content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<" else _csv_rows(content)
    except (ValueError, csv.Error, ConfigurationError) as error:
        return RatesFile(problems=(str(error),))
    if not rows:
        return RatesFile(problems=("there is no rate in it",))
    return _read(rows, source)


def _csv_rows(content: bytes) -> list[RateRow]:
    """Raises ValueError."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError("it is not in UTF-8; save it so") from None
    head = lines[0] if lines else ""
    delimiter = ";" if ";" in head else ","
    names = [name.strip().lower() for name in head.split(delimiter)]
    if missing := [name for name in COLUMNS if name not in names]:
        raise ValueError(f"line 1: the columns {', '.join(missing)} are missing; name date, currency, nominal, rubles")
    rows = []
    reader = csv.reader(lines[1:], delimiter=delimiter)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            said = dict(zip(names, (cell.strip() for cell in cells), strict=False))
            rows.append(RateRow(reader.line_num + 1, *(said.get(name, "") for name in COLUMNS)))
    return rows


def _read(rows: Iterable[RateRow], source: str) -> RatesFile:
    known: dict[RateKey, int] = {}
    rates, problems = [], []
    for row in rows:
        day, wrong = _day(row.day), _problems(row)
        if wrong or day is None:
            problems += [f"line {row.line}: {problem}" for problem in wrong]
            continue
        rate = ExchangeRate(row.currency.upper(), day, int(row.nominal), Decimal(row.rubles.replace(",", ".")), source)
        if rate.key in known:
            problems.append(f"line {row.line}: {rate.currency} of {day} stands in line {known[rate.key]} already")
        known.setdefault(rate.key, row.line)
        rates.append(rate)
    return RatesFile(problems=tuple(problems)) if problems else RatesFile(tuple(rates), tuple(known.values()))


def _problems(row: RateRow) -> list[str]:
    problems = []
    if _day(row.day) is None:
        problems.append(f"{row.day!r} is no date; write 2019-03-02 or 02.03.2019")
    code = row.currency.upper()
    if code in (RUBLES, "RUR"):
        problems.append("a ruble is a ruble: leave this line out")
    elif not _CURRENCY.fullmatch(code):
        problems.append(
            f"{row.currency!r} is no currency; write its three letters (for an XML over a period: --currency)"
        )
    if row.nominal not in map(str, NOMINALS):
        problems.append(f"{row.nominal!r} is no nominal; write 1, 10, 100, ... up to {NOMINALS[-1]}")
    if not _RUBLES.fullmatch(row.rubles) or not Decimal(row.rubles.replace(",", ".")):
        problems.append(f"{row.rubles!r} is no rate; write the rubles for the nominal, such as 65.8000")
    return problems


def _day(text: str) -> date | None:
    iso, russian = (form.fullmatch(text) for form in _DAY)
    try:
        if iso:
            return date.fromisoformat(text)
        return datetime.strptime(text, "%d.%m.%Y").date() if russian else None  # noqa: DTZ007 - only its day is taken
    except ValueError:
        return None
