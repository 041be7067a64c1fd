"""Counters as Prometheus reads them; log lines that no sender can begin."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker import telemetry as telemetry_module
from tracker.exposition import Metric
from tracker.telemetry import REQUEST_ID, JsonLines, Telemetry, set_up_logging

PLAIN = Metric("tracker_plain_total", "Things.")
LABELLED = Metric("tracker_labelled_total", "Things by what they are.", ("one", "two"))
GAUGE = Metric("tracker_gauge", "A level.", kind="gauge")


def test_nothing_is_rendered_before_anything_is_counted() -> None:
    assert Telemetry().render() == ""


def test_counters_are_rendered_by_name_and_label() -> None:
    telemetry = Telemetry()
    telemetry.count(PLAIN)
    telemetry.count(PLAIN, by=2)
    telemetry.count(LABELLED, "b", "2")
    telemetry.count(LABELLED, "a", "1")
    telemetry.count(LABELLED, "a", "1")
    telemetry.gauge(GAUGE, 2.5)
    telemetry.gauge(GAUGE, 0.25)
    assert telemetry.render() == (
        "# HELP tracker_gauge A level.\n"
        "# TYPE tracker_gauge gauge\n"
        "tracker_gauge 0.25\n"
        "# HELP tracker_labelled_total Things by what they are.\n"
        "# TYPE tracker_labelled_total counter\n"
        'tracker_labelled_total{one="a",two="1"} 2\n'
        'tracker_labelled_total{one="b",two="2"} 1\n'
        "# HELP tracker_plain_total Things.\n"
        "# TYPE tracker_plain_total counter\n"
        "tracker_plain_total 3\n"
    )
    assert telemetry.value(LABELLED, "a", "1") == 2
    assert telemetry.value(LABELLED, "c", "3") == telemetry.value(Metric("unknown", "")) == 0


def test_what_a_label_holds_cannot_break_out_of_it() -> None:
    telemetry = Telemetry()
    telemetry.count(LABELLED, 'a"} 1\ntracker_forged_total 9', "back\\slash")
    [line] = [line for line in telemetry.render().splitlines() if not line.startswith("#")]
    assert line == r'tracker_labelled_total{one="a\"} 1\ntracker_forged_total 9",two="back\\slash"} 1'


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (3.0, "3"), (1e15, "1000000000000000"), (0.1, "0.1"), (-2.5, "-2.5"), (1e-7, "1e-07"),
     (float("inf"), "inf")],
)  # fmt: skip
def test_a_number_is_one_that_prometheus_reads(value: float, text: str) -> None:
    telemetry = Telemetry()
    telemetry.gauge(GAUGE, value)
    assert telemetry.render().splitlines()[-1] == f"tracker_gauge {text}"


def test_the_metrics_have_names_of_their_own_as_prometheus_wants_them() -> None:
    metrics = [one for one in vars(telemetry_module).values() if isinstance(one, Metric)]
    assert len({metric.name for metric in metrics}) == len(metrics) >= 8
    for metric in metrics:
        assert re.fullmatch("tracker_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") is (metric.kind == "counter")
        assert metric.help.endswith(".")
        assert all(re.fullmatch("[a-z]+", label) for label in metric.labels)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """The root logger as a process sets it up, and as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    stream = io.StringIO()
    set_up_logging(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_one_json_object(logged: io.StringIO) -> None:
    logging.getLogger("tracker.part").warning("%s went %d", "it", 7)
    logging.getLogger("tracker.part").debug("not shown")
    [line] = logged.getvalue().splitlines()
    entry = json.loads(line)
    assert datetime.fromisoformat(entry.pop("time")).utcoffset() is not None
    assert entry == {"level": "warning", "logger": "tracker.part", "message": "it went 7"}


def test_a_line_says_which_request_it_is_about(logged: io.StringIO) -> None:
    token = REQUEST_ID.set("request-7")
    logging.getLogger("tracker").info("inside")
    REQUEST_ID.reset(token)
    logging.getLogger("tracker").info("outside")
    inside, outside = (json.loads(line) for line in logged.getvalue().splitlines())
    assert inside["request_id"] == "request-7"
    assert "request_id" not in outside


def test_a_traceback_stays_within_its_line(logged: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError("first\nsecond")

    try:
        fail()
    except ValueError:
        logging.getLogger("tracker").exception("failed")
    [line] = logged.getvalue().splitlines()
    assert "ValueError: first\nsecond" in json.loads(line)["exception"]


@given(st.text(st.characters(codec=None, categories=None)))
def test_nothing_that_a_sender_writes_begins_a_line_or_reaches_a_terminal(sent: str) -> None:
    line = JsonLines().format(logging.LogRecord("tracker", logging.INFO, "", 0, "%s", (sent,), None))
    assert line.isascii()
    assert line.isprintable()
    message: str = json.loads(line)["message"]
    assert message.encode("utf-16", "surrogatepass") == sent.encode("utf-16", "surrogatepass")


def test_it_is_logged_to_stderr_unless_told_otherwise(logged: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging()
    assert logging.getLogger().handlers[0].stream is sys.stderr  # type: ignore[attr-defined]
    logging.getLogger("tracker").info("hello")
    assert json.loads(capsys.readouterr().err)["message"] == "hello"
    assert logged.getvalue() == ""
