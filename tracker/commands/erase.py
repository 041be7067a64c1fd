"""`tracker erase`: one shopper leaves every store; every sum stays."""

import argparse
import asyncio

from tracker import app
from tracker.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shopper")
    parser.add_argument("--reason", required=True, help="logged; without the shopper's id")
    parser.add_argument("--staff", required=True, help="who does it; logged")


def run(options: argparse.Namespace, settings: Settings) -> None:
    """Beside a running tracker."""
    changed = asyncio.run(app.erase(settings, options.shopper, staff=options.staff, reason=options.reason))
    for place, count in changed.items():
        print(f"{place:34} {count}")
    if any(changed.values()):
        print("Erased: an anonymous stand-in is in their place, and no sum has changed.")
    else:
        print("Nothing was found under this id in any store: check how it is written. It stays blocked for a month.")
