"""docs/performance.md: each measured table has its place there, and is replaced by the next run."""

import os
import re
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from bench.table import Table

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"


def write(part: str, table: Table, document: Path = DOCUMENT) -> None:
    """In place of the table of that part and title, or behind the others of the part."""
    begin, end = f"<!-- {part}: {table.title} -->", "<!-- end -->"
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    block = f"{begin}\n\n{table}\n\n{_where()}\n\n{end}"
    text = document.read_text("utf-8")
    if place.search(text):
        document.write_text(place.sub(lambda _: block, text), "utf-8")
        return
    last = f"<!-- more of {part} -->"
    if last not in text:
        raise SystemExit(f"{document} has no place for {part}: write {last!r} where its tables belong.")
    document.write_text(text.replace(last, f"{block}\n\n{last}"), "utf-8")


@cache
def _where() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return f"Measured on {datetime.now(UTC).date()}, at commit {asked.stdout.strip()}, with {os.cpu_count()} cores."
