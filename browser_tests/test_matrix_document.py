"""The table of docs/browsers.md, without a browser."""

from pathlib import Path

import pytest

from browser_tests.matrix import DOCUMENT, main, table
from browser_tests.measure import Counted, Measured

COUNTED = Counted(found=0, unknown=0, median_ms=40, max_ms=88)
MEASURED = Measured(
    browser="Firefox 1.2",
    state="private window",
    really=["private_mode"],
    loads=20,
    checks={"ad_blocker": COUNTED, "cookies": COUNTED, "private_mode": Counted(19, 1, 1, 3)},
    median_ms=190,
    max_ms=250,
)
ROW = (
    "| Firefox 1.2 | private window | 20 | false alarms 0 (40 / 88 ms) | false alarms 0 (40 / 88 ms) "
    "| **found 19**, unknown 1 (1 / 3 ms) | 190 / 250 |"
)


def test_what_was_measured_becomes_a_row_and_replaces_what_stood_there(tmp_path: Path) -> None:
    measured, document = tmp_path / "matrix.json", tmp_path / "browsers.md"
    MEASURED.write(measured)
    document.write_text("before\n<!-- matrix -->\nold\n<!-- end of the matrix -->\nafter\n")
    assert main(measured, document) == 0
    assert main(measured, document) == 0
    lines = document.read_text().splitlines()
    assert lines[:2] == ["before", "<!-- matrix -->"]
    assert lines[-3:] == [ROW, "<!-- end of the matrix -->", "after"]
    assert "old" not in lines


def test_another_state_stands_beside_it(tmp_path: Path) -> None:
    MEASURED.write(tmp_path / "matrix.json")
    MEASURED.write(tmp_path / "matrix.json")
    assert (tmp_path / "matrix.json").read_text().count('"state"') == 1


def test_nothing_measured_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path / "none.json", tmp_path / "none.md") == 1
    assert "test_matrix.py" in capsys.readouterr().err


def test_the_document_has_a_place_for_the_table() -> None:
    assert DOCUMENT.read_text().count("<!-- matrix -->") == 1
    assert table({}).count("\n") == 1
