"""`tracker reconcile`: a partner's statement against our books."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Self

from tracker import app
from tracker.core.reconciliation import Difference, Run
from tracker.errors import TrackerError
from tracker.reconcile.apply import Applied, Permission
from tracker.reconcile.differences_file import DifferencesFile
from tracker.reconcile.flow import Reconciled, Statement
from tracker.reconcile.text import examine
from tracker.reconcile.words import document, words
from tracker.settings import Settings
from tracker.simulate.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("partner")
    parser.add_argument("statement", type=Path, help="CSV, Excel, or Admitad's XML or JSON")
    parser.add_argument("--from", dest="first", type=_day, metavar="DAY", help="first day; default: of its orders")
    parser.add_argument("--to", dest="last", type=_day, metavar="DAY", help="last day; default: of its orders")
    parser.add_argument("--encoding", help="such as windows-1251; default: found out")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every difference to this file")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--dry-run", action="store_true", help="only compare: the default")
    parser.add_argument("--apply", action="store_true", help="take the statement's word; after a dry run of the file")
    parser.add_argument("--decline-missing", action="store_true", help="with --apply: decline what it does not name")
    parser.add_argument(
        "--take-older", action="store_true", help="with --apply: also what our messages went further than"
    )
    parser.add_argument("--reason", help="with --apply: why; logged")
    parser.add_argument("--staff", help="with --apply: who you are; logged")


def reconcile(options: argparse.Namespace, settings: Settings) -> int:
    """0: the whole file was read · 1: rows of it could not be read."""
    permission = _permission(options)
    return asyncio.run(_reconcile(options, settings, permission))


def _permission(options: argparse.Namespace) -> Permission | None:
    if not options.apply:
        for flag, is_given in (("--decline-missing", options.decline_missing), ("--take-older", options.take_older)):
            if is_given:
                raise TrackerError(f"{flag} is for --apply: without it nothing is changed.")
        return None
    if options.dry_run:
        raise TrackerError("Give --dry-run or --apply, not both.")
    if not (options.reason or "").strip() or not (options.staff or "").strip():
        raise TrackerError("--apply needs --reason and --staff: both are logged.")
    return Permission(
        options.staff, options.reason, decline_missing=options.decline_missing, take_older=options.take_older
    )


async def _reconcile(options: argparse.Namespace, settings: Settings, permission: Permission | None) -> int:
    path: Path = options.statement
    examined = examine(path, options.encoding)
    async with app.open_reconciling(settings, options.partner) as desk:
        earlier = await desk.earlier(examined.sha256)
        if permission is not None and earlier is None:
            raise TrackerError(
                f"{path.name} was not compared yet: run it without --apply first, and look at the result."
            )
        statement = Statement(
            options.partner, path, examined, desk.words(path), desk.zone, (options.first, options.last)
        )
        with _differences(options.csv) as file, _Watch(examined.size, file) as watch:
            found = await desk.reconcile.run(statement, watch)
        applied = None
        if permission is not None and earlier is not None:
            with Progress("taken over", found.run.totals.differing) as progress:
                applied = await desk.apply.apply(found.run, earlier, permission, progress)
    _print(found, earlier, applied, as_json=options.json)
    return 1 if found.run.problems else 0


def _print(found: Reconciled, earlier: Run | None, applied: Applied | None, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(document(found, earlier, applied), ensure_ascii=False))
    else:
        print("\n".join(words(found, earlier)))
        if applied is not None:
            print(f"\nTaken: {_counted(applied.taken)}\nNot taken: {_counted(applied.left)}")
    for problem in found.problems:
        print(f"{found.run.file_name}:{problem.place}: {problem.sentence}", file=sys.stderr)
    if (more := found.run.problems - len(found.problems)) > 0:
        print(f"{found.run.file_name}: {more:,} problems more", file=sys.stderr)


def _counted(results: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {result}" for result, count in results.items()) or "none"


@contextmanager
def _differences(path: Path | None) -> Iterator[DifferencesFile | None]:
    """The file is there when all of it is."""
    if path is None:
        yield None
        return
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8-sig", newline="") as file:
            yield DifferencesFile(file)
        partial.replace(path)
    except OSError as error:
        raise TrackerError(f"{path}: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)


class _Watch:
    """Shows how far it is, and writes the differences down."""

    def __init__(self, size: int, file: DifferencesFile | None) -> None:
        self._reading = Progress("KB read", size // 1024)
        self._read = self._compared = 0
        self._comparing: Progress | None = None
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        (self._comparing or self._reading).__exit__(*ended)

    def read(self, done: int) -> None:
        self._reading(done // 1024 - self._read)
        self._read = done // 1024

    def compared(self, orders: int, of: int) -> None:
        if self._comparing is None:
            self._reading.__exit__()
            self._comparing = Progress("compared", of)
        theirs = min(orders, of - self._compared)  # orders that only we have are none of them
        self._compared += theirs
        self._comparing(theirs)

    def found(self, differences: Sequence[Difference]) -> None:
        if self._file is not None:
            self._file.write(differences)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day; write one such as 2026-06-01") from None
