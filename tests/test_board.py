"""Counters of several processes: a scrape of any of them is the sum, and what a killed one counted is not lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tracker.board import LARGEST_RECORD, PLACE_BYTES, Board, State
from tracker.exposition import Metric
from tracker.telemetry import CLICKS, CONFIGURATION, OLDEST_CLICK, Telemetry

ROOT = Path(__file__).resolve().parent.parent

_CHILD = """
import sys, time
from tracker.board import Board, State
from tracker.telemetry import *
telemetry = Telemetry(Board.open(int(sys.argv[1])), int(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    telemetry.count(CLICKS, "go")
    telemetry.histogram(REQUEST_SECONDS, "click_out", "3xx").observe(0.003)
telemetry.gauge(OLDEST_CLICK, float(sys.argv[3]))
telemetry.only(CONFIGURATION, "00000000000000aa")
telemetry.place.configuration = "00000000000000aa"
telemetry.place.state = State.READY
print("counted", flush=True)
time.sleep(60)
"""


def counting(board: Board, place: int, count: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(board.descriptor), str(place), str(count)],
        cwd=ROOT, pass_fds=[board.descriptor], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def line(text: str, name: str) -> str:
    [found] = [one for one in text.splitlines() if one.startswith(name)]
    return found.rpartition(" ")[2]


def test_one_scrape_is_the_sum_and_outlives_a_kill_and_a_restart() -> None:
    board = Board.make(3)
    ours = Telemetry(board, 0)
    ours.count(CLICKS, "go")
    one, other = counting(board, 1, 100), counting(board, 2, 10)
    try:
        text = ours.render()
        assert line(text, 'tracker_clicks_total{outcome="go"}') == "111"
        assert line(text, 'tracker_request_seconds_count{route="click_out",answer="3xx"}') == "110"
        assert line(text, 'tracker_request_seconds_bucket{route="click_out",answer="3xx",le="0.005"}') == "110"
        assert line(text, 'tracker_request_seconds_bucket{route="click_out",answer="3xx",le="0.0025"}') == "0"
        assert line(text, 'tracker_configuration_info{hash="00000000000000aa"}') == "2"
        assert board.place(1).state is State.READY
        assert board.place(1).configuration == "00000000000000aa"

        one.send_signal(signal.SIGKILL)
        one.wait()
        text = ours.render()
        assert line(text, 'tracker_clicks_total{outcome="go"}') == "111"
        assert line(text, 'tracker_configuration_info{hash="00000000000000aa"}') == "1"  # of those that run
        assert board.place(1).state is State.NOBODY

        one = counting(board, 1, 5)
        assert line(ours.render(), 'tracker_clicks_total{outcome="go"}') == "116"
    finally:
        for process in (one, other):
            process.kill()
            process.wait()


def test_a_level_is_that_of_the_process_that_runs_now() -> None:
    board = Board.make(1)
    before = Telemetry(board)
    before.gauge(OLDEST_CLICK, 50)
    before.count(CLICKS, "go", by=3)

    after = Telemetry(board)
    assert OLDEST_CLICK.name not in after.render()
    after.count(OLDEST_CLICK, by=2)
    after.count(CLICKS, "go")
    assert after.value(OLDEST_CLICK) == 2
    assert line(after.render(), 'tracker_clicks_total{outcome="go"}') == "4"

    after.place.leave()
    assert OLDEST_CLICK.name not in after.render()


def test_of_levels_that_do_not_add_up_the_largest_counts() -> None:
    board = Board.make(2)
    age = Metric("tracker_age_seconds", "Age.", kind="gauge", largest=True)
    for place, seconds in ((0, 3), (1, 8)):
        Telemetry(board, place).gauge(age, seconds)
    assert line(Telemetry(board, 0).render() + "", "tracker_age_seconds") == "8"


def test_only_one_configuration_is_shown_of_a_process() -> None:
    telemetry = Telemetry()
    telemetry.only(CONFIGURATION, "old")
    telemetry.only(CONFIGURATION, "new")
    shown = [one for one in telemetry.render().splitlines() if one.startswith(CONFIGURATION.name)]
    assert shown == ['tracker_configuration_info{hash="new"} 1']


def test_an_observation_falls_into_the_first_bucket_that_holds_it() -> None:
    metric = Metric("tracker_seconds", "Time.", (), "histogram", (0.1, 1.0))
    telemetry = Telemetry()
    histogram = telemetry.histogram(metric)
    for seconds in (0.05, 0.1, 0.5, 7):
        histogram.observe(seconds)
    assert telemetry.render().splitlines()[2:] == [
        'tracker_seconds_bucket{le="0.1"} 2',
        'tracker_seconds_bucket{le="1"} 3',
        'tracker_seconds_bucket{le="+Inf"} 4',
        "tracker_seconds_sum 7.65",
        "tracker_seconds_count 4",
    ]


def test_a_board_that_is_full_goes_on_counting_what_it_knows() -> None:
    telemetry = Telemetry()
    telemetry.count(CLICKS, "go")
    metric = Metric("tracker_many_total", "x" * 1000 + ".", ("one",))
    for number in range(PLACE_BYTES // 1000 + 10):
        telemetry.count(metric, str(number))
    telemetry.count(CLICKS, "go")
    assert telemetry.place.add(b"too many", LARGEST_RECORD + 1) == telemetry.place.add(b"x" * PLACE_BYTES, 1)
    assert line(telemetry.render(), 'tracker_clicks_total{outcome="go"}') == "2"


def test_a_place_of_another_process_is_alive_as_long_as_it_runs() -> None:
    place = Board.make(1).place(0)
    seen = [place.is_alive]
    place.take()
    seen.append(place.is_alive)
    for pid in (1, 2**22 + os.getpid()):  # init, which is somebody else's; nobody's: above the largest
        place._header[0] = pid
        seen.append(place.is_alive)
    assert seen == [False, True, True, False]
