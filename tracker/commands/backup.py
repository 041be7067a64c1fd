"""`tracker backup` and `tracker restore`: the embedded parts, and the secrets."""

import argparse
import asyncio
from pathlib import Path

from tracker import app
from tracker.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)


def back_up(options: argparse.Namespace, settings: Settings) -> None:
    """Beside a running tracker."""
    asyncio.run(app.back_up(settings, options.folder.absolute(), print))
    print(f"Done: {options.folder}. The secrets are in it: keep it as safe as the data folder.")


def restore(options: argparse.Namespace, settings: Settings) -> None:
    """Into the data folder of the settings, which must be empty."""
    for one in asyncio.run(app.restore(settings, options.folder.absolute(), print)):
        print(f"{one.table:29} {one.after.rows:>10} rows")
    print(f"Done: start `tracker serve --data {settings.data}`. Erase again whoever was erased since the backup.")
