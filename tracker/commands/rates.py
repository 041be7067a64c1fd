"""`tracker rates`: import exchange rates of the days of orders, and list them."""

import argparse
import asyncio
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from tracker import app
from tracker.core.rate_gaps import LONGEST_GAP, Gap
from tracker.core.rates import ExchangeRate
from tracker.core.rates_file import RatesFile, read_rates
from tracker.errors import ConfigurationError
from tracker.settings import Settings

_NAMED = 5  # spans of days that a line names


def rates(options: argparse.Namespace, settings: Settings) -> None:
    """Orders that waited for a rate are decided by the running tracker within minutes; by `tracker replay` at once."""
    if options.action == "list":
        _list(options, settings)
        return
    path = Path(options.file)
    read = _read(path, options.currency)
    done = asyncio.run(app.import_rates(settings, read.rates, fill_to_known=options.fill_gaps))
    if done.contrary:
        raise ConfigurationError(_contrary(path, read, done.contrary))
    print(
        f"{done.added} rates added, {done.filled} days between them filled; {len(read.rates) - done.added} were known."
    )
    for currency, missing in groupby(done.missing, key=attrgetter("currency")):
        print(_missing(currency, list(missing)))


def _missing(currency: str, missing: Sequence[Gap]) -> str:
    days = [f"{gap.first}" if gap.first == gap.last else f"{gap.first} to {gap.last}" for gap in missing]
    more = f" and {len(days) - _NAMED} spans more" if len(days) > _NAMED else ""
    return (
        f"{currency} has no rate of {', '.join(days[:_NAMED])}{more}: import them; where none was published, "
        f"--fill-gaps takes the day before, up to {LONGEST_GAP} in a row."
    )


def _list(options: argparse.Namespace, settings: Settings) -> None:
    found = asyncio.run(app.list_rates(settings, options.currency and options.currency.upper()))
    for rate in found:
        print(f"{rate.currency} {rate.day}  {rate.nominal} = {rate.rubles} rubles  ({rate.source})")
    if not found:
        print("There are no exchange rates. Import them with `tracker rates import FILE`.")


def _read(path: Path, currency: str | None) -> RatesFile:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {error.strerror}"]) from None
    read = read_rates(content, path.name, currency)
    if read.problems:
        raise ConfigurationError([f"{path.name}: {problem}" for problem in read.problems])
    return read


def _contrary(path: Path, read: RatesFile, there: tuple[ExchangeRate, ...]) -> list[str]:
    lines = dict(zip((rate.key for rate in read.rates), read.lines, strict=True))
    return [
        f"{path.name}: line {lines[rate.key]}: {rate.currency} of {rate.day} is known as {rate.nominal} = {rate.rubles}"
        f" rubles ({rate.source}), and orders may have been decided by it: it is never changed; leave the line out"
        for rate in there
    ]
