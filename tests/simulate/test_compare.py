"""A comparison that cannot fail proves nothing."""

from tracker.simulate.compare import compare, table


def test_equal_tables_pass_whatever_else_is_found_in_their_rows() -> None:
    check = compare("orders", {"A-1": {"cashback": "50"}}, {"A-1": {"cashback": "50", "more": "x"}})

    assert (check.passed, check.expected, check.found) == (True, 1, 1)


def test_what_is_missing_added_or_changed_is_a_difference_with_its_id() -> None:
    check = compare(
        "orders",
        {"A-1": {"cashback": "50"}, "A-2": {"cashback": "1"}},
        {"A-1": {"cashback": "49"}, "A-3": {"cashback": "2"}},
    )

    assert not check.passed
    assert check.differences == (
        "A-1: cashback should be '50', is '49'",
        "A-2: missing",
        "A-3: not expected, {'cashback': '2'}",
    )


def test_a_column_that_is_not_found_is_a_difference() -> None:
    assert not compare("orders", {"A-1": {"cashback": "50"}}, {"A-1": {}}).passed


def test_the_table_shows_the_first_ten_differences() -> None:
    lines = table([compare("orders", {f"A-{n:02}": {} for n in range(12)}, {})])

    assert lines[1].split() == ["NO", "orders", "12", "0", "12"]
    assert len(lines) == 2 + 10 + 1
    assert lines[-1].strip() == "and 2 more"
