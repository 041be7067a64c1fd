"""What an operator with an old server is told."""

import pytest

from tracker.store.warehouse.migrate import migrations
from tracker.store.warehouse.versions import ON_DISK, VIEWS, Version, needed_version, no_views, what_waits


def test_the_files_say_what_they_need() -> None:
    files = migrations()
    assert needed_version(files["003_analytics.sql"]) == VIEWS
    assert needed_version(files["002_on_disk_before_acknowledged.sql"]) == ON_DISK
    assert needed_version(files["001_base_tables.sql"]) == (0, 0)


@pytest.mark.parametrize(
    ("version", "has_views", "is_on_disk"), [((18, 16), False, False), ((20, 10), False, True), ((24, 7), False, True)]
)
def test_what_waits_for_a_newer_server_is_named_with_what_it_costs(
    version: Version, *, has_views: bool, is_on_disk: bool
) -> None:
    told = what_waits(version, migrations())
    assert told is not None
    assert ("no views" not in told) == has_views
    assert ("power cut" not in told) == is_on_disk
    assert ("002_on_disk" not in told) == is_on_disk
    assert "003_analytics.sql" in told
    assert "\n" not in told


def test_of_a_server_that_knows_it_all_there_is_nothing_to_say() -> None:
    assert what_waits((26, 9), migrations()) is None
    assert "18.16 is too old" in no_views((18, 16))
