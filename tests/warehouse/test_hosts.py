"""Which host of a cluster is asked, and when nobody is."""

import pytest

from tracker.store.warehouse.hosts import REST_SECONDS, Hosts, addresses


def test_each_host_has_the_account_and_the_settings_of_all() -> None:
    assert addresses("clickhouses://us%2Cer:p%40ss@one:9440, two,[::1]:9000/?insert_quorum=3") == [
        "clickhouses://us%2Cer:p%40ss@one:9440/?insert_quorum=3",
        "clickhouses://us%2Cer:p%40ss@two/?insert_quorum=3",
        "clickhouses://us%2Cer:p%40ss@[::1]:9000/?insert_quorum=3",
    ]
    assert addresses("clickhouse://one:9000/") == ["clickhouse://one:9000/"]


@pytest.mark.parametrize("url", ["clickhouse://one:nine/", "clickhouse://one:9000,:9000/", "clickhouse://one:99999/"])
def test_what_is_no_host_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        addresses(url)


def test_who_failed_is_asked_last() -> None:
    hosts = Hosts(["one", "two", "three"], now=lambda: 0.0)
    hosts.failed("one")
    assert hosts.in_order() == ["two", "three", "one"]
    hosts.failed("one")  # another thread had asked it before: who answers keeps its place
    assert hosts.in_order() == ["two", "three", "one"]


def test_when_all_have_failed_nobody_is_asked_for_a_moment() -> None:
    moment = 100.0
    hosts = Hosts(["one", "two"], now=lambda: moment)
    hosts.all_failed()
    assert hosts.in_order() == []
    moment += REST_SECONDS
    assert hosts.in_order() == ["one", "two"]
