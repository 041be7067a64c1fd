"""What must be against what is: two tables by their keys, and every difference with its id."""

from collections.abc import Mapping
from typing import NamedTuple

SHOWN = 10

Row = Mapping[str, str]


class Check(NamedTuple):
    """One comparison. `expected` and `found` count rows; any difference fails it."""

    name: str
    expected: int
    found: int
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


def compare(name: str, expected: Mapping[str, Row], found: Mapping[str, Row]) -> Check:
    """Only the columns that are expected are looked at."""
    differences = [f"{key}: missing" for key in expected if key not in found]
    differences += [f"{key}: not expected, {dict(found[key])}" for key in found if key not in expected]
    for key in expected.keys() & found.keys():
        for column, value in expected[key].items():
            if found[key].get(column) != value:
                differences.append(f"{key}: {column} should be {value!r}, is {found[key].get(column)!r}")
    return Check(name, len(expected), len(found), tuple(sorted(differences)))


def table(checks: list[Check]) -> list[str]:
    """As an operator reads it: one line a check, below it the first differences."""
    lines = [f"{'':4} {'compared':28} {'expected':>9} {'found':>9} {'different':>9}"]
    for check in checks:
        mark = "ok" if check.passed else "NO"
        lines.append(f"{mark:4} {check.name:28} {check.expected:9,} {check.found:9,} {len(check.differences):9,}")
        lines += [f"       {difference}" for difference in check.differences[:SHOWN]]
        if len(check.differences) > SHOWN:
            lines.append(f"       and {len(check.differences) - SHOWN:,} more")
    return lines
