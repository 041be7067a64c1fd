"""The table of docs/reliability.md is made of what was noted, and of nothing else."""

from pathlib import Path

import pytest

from tests.faults import report
from tests.faults.results import VARIABLE, note


def test_rows_are_noted_only_where_a_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    note("kill -9 of Valkey", "no click is lost", 20, 0)

    assert list(tmp_path.iterdir()) == []


def test_the_table_sums_rounds_and_says_what_they_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results, document = tmp_path / "rows", tmp_path / "page.md"
    document.write_text(f"before\n{report.BEGIN}\nyesterday\n{report.END}\nafter\n")
    monkeypatch.setenv(VARIABLE, str(results))
    note("kill -9 of Valkey", "no click is lost", 100, 0, "9,000 clicks")
    note("kill -9 of Valkey", "no click is lost", 50, 0, "4,000 clicks | restarts")
    note("disk full", "nothing is lost", 20, 1)

    report.main(str(results), str(document))

    text = document.read_text()
    assert "| kill -9 of Valkey | no click is lost | 150 | 0 | 2 % | 9,000 clicks; 4,000 clicks / restarts |" in text
    assert "| disk full | nothing is lost | 20 | 1 | none |  |" in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "yesterday" not in text


def test_a_run_without_a_row_leaves_the_table_as_it_is(tmp_path: Path) -> None:
    results, document = tmp_path / "rows", tmp_path / "page.md"
    results.write_text("")
    document.write_text(f"{report.BEGIN}\nyesterday\n{report.END}\n")

    with pytest.raises(SystemExit, match="no row"):
        report.main(str(results), str(document))

    assert "yesterday" in document.read_text()
