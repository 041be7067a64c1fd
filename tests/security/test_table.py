"""docs/security-tests.md, the list of defences and the tests are one thing: none of them can name what is not there."""

import ast
import re
from functools import cache

import pytest

from tests.security.switch_off import ROOT, Off, defences

ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in (ROOT / "docs/security-tests.md").read_text().splitlines()
    if re.match(r"\| 4\.[1-6] \|", line)
]
SECTIONS = {"4.1": 6, "4.2": 8, "4.3": 2, "4.4": 5, "4.5": 17, "4.6": 1}


@cache
def names_in(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.is_file() or not path.name.startswith("test_"):
        return frozenset()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.parse(path.read_text()).body if isinstance(node, functions))


def is_a_test(named: str) -> bool:
    file, _, function = named.partition("::")
    return function.startswith("test_") and function in names_in(file)


def test_every_section_of_the_checklist_is_there() -> None:
    assert {section: sum(row[0] == section for row in ROWS) for section in SECTIONS} == SECTIONS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_every_row_names_tests_that_exist_and_defences_that_can_be_switched_off(row: list[str]) -> None:
    named = re.findall("`([^`]+)`", row[3])
    assert named
    assert [one for one in named if not is_a_test(one)] == []
    ids = [one.strip() for one in row[4].split(",")]
    known = {off.id: off for off in defences()}
    assert ids
    assert [one for one in ids if one not in known or known[one].test not in named] == []


def test_every_defence_of_the_list_is_in_the_table_once() -> None:
    listed = [off.id for off in defences()]
    assert len(listed) == len(set(listed))
    assert sorted(listed) == sorted(one.strip() for row in ROWS for one in row[4].split(","))


@pytest.mark.parametrize("off", defences(), ids=lambda off: off.id)
def test_what_is_switched_off_is_in_the_source_once(off: Off) -> None:
    assert (ROOT / off.file).read_text().count(off.old) == 1
    assert off.old != off.new
