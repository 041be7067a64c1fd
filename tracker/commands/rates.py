"""`tracker rates`: import exchange rates of the days of orders, and list them."""

import argparse
import asyncio
from pathlib import Path

from tracker import app
from tracker.core.rates import ExchangeRate
from tracker.core.rates_file import RatesFile, read_rates
from tracker.errors import ConfigurationError
from tracker.settings import Settings


def rates(options: argparse.Namespace, settings: Settings) -> None:
    """Orders that waited for a rate are decided by the running tracker within minutes; by `tracker replay` at once."""
    if options.action == "list":
        _list(options, settings)
        return
    path = Path(options.file)
    read = _read(path, options.currency)
    done = asyncio.run(app.import_rates(settings, read.rates))
    if done.contrary:
        raise ConfigurationError(_contrary(path, read, done.contrary))
    print(
        f"{done.added} rates added, {done.filled} days between them filled; {len(read.rates) - done.added} were known."
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
