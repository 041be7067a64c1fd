"""`tracker rebuild`: ClickHouse's money tables from PostgreSQL, with a hash of each before and after."""

import argparse
import asyncio
import sys

import msgspec

from tracker import app
from tracker.settings import Settings

_EVERY = 50_000  # facts between two words of progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def rebuild(options: argparse.Namespace, settings: Settings) -> None:
    """Beside a running tracker; shipping waits meanwhile."""
    rebuilt = asyncio.run(app.rebuild(settings, _told()))
    if options.json:
        print(msgspec.json.encode(rebuilt).decode())
        return
    for one in rebuilt:
        same = "equal" if one.before == one.after else "was different: now as PostgreSQL says"
        print(f"{one.table:29} {one.after.rows:>10} rows  before {one.before.hash}  after {one.after.hash}  {same}")


def _told() -> "app.Told":
    last = 0

    async def told(made: int) -> None:
        nonlocal last
        if made - last >= _EVERY:
            last = made
            print(f"{made} facts made again", file=sys.stderr)

    return told
