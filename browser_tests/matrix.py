"""`python -m browser_tests.matrix`: the table of docs/browsers.md, from what the last run of the tests measured."""

import json
import sys
from pathlib import Path
from typing import Any

from browser_tests.measure import MEASURED
from tests.running import ROOT

DOCUMENT = ROOT / "docs" / "browsers.md"
BEGIN, END = "<!-- matrix -->", "<!-- end of the matrix -->"
CHECKS = {"ad_blocker": "ad blocker", "cookies": "cookies blocked", "private_mode": "private window"}


def table(measured: dict[str, Any]) -> str:
    """In Markdown, one row a browser and state."""
    names = list(CHECKS.values())
    lines = [f"| browser | state | loads | {' | '.join(names)} | whole page, ms |", "| --- " * (len(names) + 4) + "|"]
    for one in measured.values():
        cells = [_cell(one, check) for check in CHECKS]
        total = f"{one['median_ms']} / {one['max_ms']}"
        lines.append(f"| {one['browser']} | {one['state']} | {one['loads']} | {' | '.join(cells)} | {total} |")
    return "\n".join(lines)


def _cell(one: dict[str, Any], check: str) -> str:
    counted = one["checks"][check]
    said = f"**found {counted['found']}**" if check in one["really"] else f"false alarms {counted['found']}"
    if counted["unknown"]:
        said += f", unknown {counted['unknown']}"
    return f"{said} ({counted['median_ms']} / {counted['max_ms']} ms)"


def in_document(text: str, rows: str) -> str:
    """The document with the table between its marks. Raises ValueError without them."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{DOCUMENT.name} has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{rows}\n{END}{after}"


def main(measured: Path = MEASURED, document: Path = DOCUMENT) -> int:
    if not measured.exists():
        print("Nothing was measured yet: run `python -m pytest browser_tests/test_matrix.py` first.", file=sys.stderr)
        return 1
    rows = table(json.loads(measured.read_text()))
    document.write_text(in_document(document.read_text(), rows))
    print(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
