"""Writes the table of docs/reliability.md from what the fault tests noted.

python -m tests.faults.report RESULTS [DOCUMENT]
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.results import ROOT

DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN = "<!-- table: written by make soak -->"
END = "<!-- end of table -->"
HEAD = ("Fault", "What must hold", "Rounds", "Failed", "Bound at 95 %", "Seen")


@dataclass
class Row:
    fault: str
    must_hold: str
    rounds: int = 0
    failures: int = 0
    seen: list[str] = field(default_factory=list)

    def add(self, noted: dict[str, object]) -> None:
        self.rounds += int(str(noted["rounds"]))
        self.failures += int(str(noted["failures"]))
        if noted["seen"]:
            self.seen.append(str(noted["seen"]))

    @property
    def bound(self) -> str:
        """0 failures in n rounds bound the rate of failure by 3/n at 95 %."""
        if self.failures or not self.rounds:
            return "none"
        percent = 300 / self.rounds
        return f"{percent:.2g} %" if percent < 100 else "100 %"

    @property
    def cells(self) -> tuple[str, ...]:
        return (self.fault, self.must_hold, f"{self.rounds:,}", f"{self.failures:,}", self.bound, "; ".join(self.seen))


def table(noted: Sequence[dict[str, object]]) -> str:
    """Rows of the same fault and the same promise are one row."""
    rows: dict[tuple[object, object], Row] = {}
    for one in noted:
        key = one["fault"], one["must_hold"]
        rows.setdefault(key, Row(str(key[0]), str(key[1]))).add(one)
    rule = ("---", "---", "---:", "---:", "---:", "---")
    lines = [_line(HEAD), _line(rule), *(_line(row.cells) for row in rows.values())]
    return f"{_where(noted)}\n\n" + "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _where(noted: Sequence[dict[str, object]]) -> str:
    days, commits, cores = (", ".join(sorted({str(one[name]) for one in noted})) for name in ("day", "commit", "cores"))
    return f"Run on {days}, at commit {commits}, on a machine with {cores} cores."


def write(results: Path, document: Path) -> None:
    noted = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
    before, _, rest = document.read_text("utf-8").partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found or not noted:
        sys.exit(f"{document} has no place for the table, or {results} has no row.")
    document.write_text(f"{before}{BEGIN}\n\n{table(noted)}\n\n{END}{after}", "utf-8")


def main(results: str, document: str = str(DOCUMENT)) -> None:
    write(Path(results), Path(document))


if __name__ == "__main__":
    main(*sys.argv[1:])
