"""What we count and what we log: every counter and every log field has its name here, once."""

import json
import logging
import sys
from bisect import bisect_left
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from tracker import exposition
from tracker.board import Board
from tracker.exposition import NOT_KNOWN, SECONDS, Metric

CLICKS = Metric("tracker_clicks_total", "Click-outs by how they were answered.", ("outcome",))
CLICK_REASONS = Metric("tracker_click_reasons_total", "What screening found about click-outs.", ("reason",))
CLICK_PAGES = Metric("tracker_click_pages_total", "Pages shown instead of a redirect.", ("code",))
CHECKS = Metric("tracker_checks_total", "What browsers were found to be.", ("check", "finding", "confidence"))
CLICKS_NOT_RECORDED = Metric("tracker_clicks_not_recorded_total", "Click-outs that no store could record.")
JOURNALED = Metric("tracker_journal_clicks_total", "Clicks put into the journal because Valkey did not take them.")
JOURNAL_REPLAYED = Metric("tracker_journal_replayed_total", "Clicks of the journal that Valkey has taken since.")
JOURNAL_BYTES = Metric("tracker_journal_bytes", "What the journal holds that Valkey has not taken yet.", kind="gauge")
JOURNAL_BEGUN = Metric(
    "tracker_journal_begun_seconds", "Unix time at which its oldest file was begun; 0: it is empty.", kind="gauge"
)
JOURNAL_DAMAGED = Metric("tracker_journal_damaged_total", "Places of a journal that could not be read.")
DOUBLE_CLICKS = Metric("tracker_double_clicks_total", "Double clicks answered with the click id of the first.")
TAG_REPORTS = Metric("tracker_tag_reports_total", "Reports of the tag by what they saw of the tab.", ("kind", "tab"))
TAG_CLICKS_NOT_OURS = Metric(
    "tracker_tag_clicks_not_ours_total", "Click ids in reports of the tag that we did not sign for that partner."
)
POSTBACKS = Metric("tracker_postbacks_total", "Postbacks by what became of them.", ("partner", "verdict"))
POSTBACKS_NOT_STORED = Metric(
    "tracker_postbacks_not_stored_total", "Postbacks answered 503, since nothing could be stored."
)
UNKNOWN_WORDS = Metric(
    "tracker_unknown_status_words_total",
    "Messages with a status word that nobody explained: it changes no status.",
    ("partner",),
)
REPLAYED = Metric("tracker_postbacks_replayed_total", "Kept postbacks that were decided later.")
CAME_LATER = Metric(
    "tracker_came_later_total", "Clicks found, and orders that got their exchange rate, after the message.", ("what",)
)
REFUSED_REQUESTS = Metric("tracker_refused_requests_total", "Requests that were refused as such.", ("code",))
LIMITED = Metric("tracker_limited_total", "Requests and connections that were one too many.", ("limit",))
SLOW_CONNECTIONS = Metric("tracker_slow_connections_total", "Connections closed because a request stayed incomplete.")
REQUEST_SECONDS = Metric(
    "tracker_request_seconds", "Time to answer, by what was asked and the class of the answer's status.",
    ("route", "answer"), "histogram", SECONDS,
)  # fmt: skip
OPEN_CONNECTIONS = Metric("tracker_open_connections", "Connections that are open.", kind="gauge")
STORE_SECONDS = Metric(
    "tracker_store_seconds", "Round trips to Valkey and PostgreSQL, those that failed among them.",
    ("store", "act"), "histogram", SECONDS,
)  # fmt: skip
STORE_FAILURES = Metric("tracker_store_failures_total", "Round trips that a store failed.", ("store",))
CONVERSION_REASONS = Metric(
    "tracker_conversion_reasons_total", "Why messages left a conversion without cashback.", ("reason",)
)
SHIPPED = Metric("tracker_shipped_rows_total", "Rows that ClickHouse has on disk.", ("table",))
BACKLOG = Metric("tracker_backlog_entries", "Facts that are not in ClickHouse yet.", ("source",), "gauge")
OLDEST_CLICK = Metric(
    "tracker_oldest_unshipped_click_seconds", "Age of the oldest click not in ClickHouse yet.", kind="gauge"
)
OLDEST_OUTBOX = Metric(
    "tracker_oldest_unshipped_outbox_seconds", "Age of the oldest fact of money not in ClickHouse yet.", kind="gauge"
)
BATCH_SECONDS = Metric(
    "tracker_drain_batch_seconds", "Time to put one batch on ClickHouse's disk.", ("source",), "histogram", SECONDS
)
EMPTIED = Metric(
    "tracker_drain_emptied_time_seconds", "When the drain last had nothing left to ship, in Unix time.", ("source",),
    "gauge", largest=True,
)  # fmt: skip
QUARANTINED = Metric("tracker_quarantined_total", "Facts set aside that ClickHouse will never take.", ("source",))
BROKEN_PARTS = Metric(
    "tracker_warehouse_broken_parts", "Parts of tables that the embedded ClickHouse lost, found damaged.", kind="gauge"
)
SHIP_FAILURES = Metric("tracker_ship_failures_total", "Attempts to ship facts that a store failed.", ("source",))
NOTICES_DELIVERED = Metric("tracker_notifications_delivered_total", "Notifications that the programme took.")
NOTICE_FAILURES = Metric("tracker_notification_failures_total", "Attempts to notify that were not taken.")
NOTICES_GIVEN_UP = Metric("tracker_notifications_given_up_total", "Notifications that nobody took within three days.")
NOTICES_WAITING = Metric("tracker_notifications_waiting", "Notifications that are still to be delivered.", kind="gauge")
OLDEST_NOTICE = Metric(
    "tracker_oldest_waiting_notification_seconds", "How long the oldest of them has waited.", kind="gauge"
)
OUR_ERRORS = Metric("tracker_errors_total", "Requests that failed through our own fault.", ("code",))
STARTED = Metric(
    "tracker_process_start_time_seconds", "When each process that runs was started, in Unix time.", ("process",),
    "gauge", largest=True,
)  # fmt: skip
BUILD = Metric("tracker_build_info", "Processes that run, by the version of their code.", ("version",), "gauge")
CONFIGURATION = Metric(
    "tracker_configuration_info", "Processes that run, by the hash of the configuration that they work by.", ("hash",),
    "gauge",
)  # fmt: skip

# What should stay 0 is shown from the start: the first of them could not be told from a process that began to count.
FROM_THE_START: tuple[tuple[Metric, *tuple[str, ...]], ...] = (
    (CLICKS_NOT_RECORDED,), (POSTBACKS_NOT_STORED,), (NOTICES_GIVEN_UP,), (DOUBLE_CLICKS,),
    (OUR_ERRORS, "failed"), (OUR_ERRORS, "store_unavailable"),
    *((metric, source) for metric in (QUARANTINED, SHIP_FAILURES) for source in ("clicks", "outbox")),
)  # fmt: skip

# Who asks, on every log line that is written while a request is answered.
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


class Histogram:
    """One series of a histogram: to observe is one search in a short tuple and two additions."""

    __slots__ = ("_bounds", "_first", "_numbers", "_sum")

    def __init__(self, numbers: "memoryview[float]", first: int, bounds: tuple[float, ...]) -> None:
        self._numbers = numbers
        self._first = first
        self._bounds = bounds
        self._sum = first + len(bounds) + 1

    def observe(self, value: float) -> None:
        self._numbers[self._first + bisect_left(self._bounds, value)] += 1
        self._numbers[self._sum] += value


class Telemetry:
    """The counters of one process, on the board that it shares with the others of its installation."""

    def __init__(self, board: Board | None = None, place: int = 0) -> None:
        self._board = board or Board.private()
        self.place = self._board.place(place)
        self._numbers = self.place.numbers
        self._found = {key: first for key, first, _ in self.place.records()}  # of the process before us
        self._known: dict[tuple[Metric, tuple[str, ...]], int] = {}
        for key, first in self._found.items():
            if exposition.is_level(key):
                self._numbers[first] = NOT_KNOWN
        self.place.take()

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """`by=0` makes the series known before anything happens: what is not there cannot be told from 0."""
        known = self._known.get((metric, labels))
        self._numbers[self._first(metric, labels) if known is None else known] += by

    def gauge(self, metric: Metric, value: float, *labels: str) -> None:
        self._numbers[self._first(metric, labels)] = value

    def only(self, metric: Metric, *labels: str) -> None:
        """A gauge that is 1 for these labels and for no others of this process."""
        for known, first in self._known.items():
            if known[0] is metric:
                self._numbers[first] = NOT_KNOWN
        self.gauge(metric, 1, *labels)

    def histogram(self, metric: Metric, *labels: str) -> Histogram:
        """To be kept: looking it up costs more than observing."""
        return Histogram(self._numbers, self._first(metric, labels), metric.bounds)

    def value(self, metric: Metric, *labels: str) -> float:
        """Of this process; of a histogram, how many were observed."""
        known = self._known.get((metric, labels))
        if known is None:
            return 0
        return sum(self._numbers[known : known + len(metric.bounds) + 1])

    def levels(self, metric: Metric) -> list[float]:
        """A gauge's series, of all processes that run."""
        return exposition.levels(self._board, metric)

    @property
    def is_shared(self) -> bool:
        """Whether others are on our board."""
        return self._board.descriptor >= 0

    def render(self) -> str:
        """All processes of the board together, in Prometheus' text format."""
        return exposition.render(self._board)

    def _first(self, metric: Metric, labels: tuple[str, ...]) -> int:
        known = self._known.get((metric, labels))
        if known is None:
            key = exposition.key_of(metric, labels)
            known = self._found.get(key)
            if known is None:
                known = self.place.add(key, len(metric.bounds) + 2 if metric.bounds else 1)
            elif exposition.is_level(key):
                self._numbers[known] = 0
            self._known[metric, labels] = known
        return known


class JsonLines(logging.Formatter):
    """One JSON object a line: nothing that a sender writes can begin a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := REQUEST_ID.get():
            entry["request_id"] = request_id
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=True)


class TerminalLines(logging.Formatter):
    """For a person who looks on: what is printable, a line an entry."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        return "".join(
            sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in super().formatMessage(record)
        )


def set_up_logging(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """For a whole process; to stderr unless told otherwise. JSON, unless somebody looks on."""
    output = stream or sys.stderr
    handler = logging.StreamHandler(output)
    handler.setFormatter(TerminalLines() if output.isatty() else JsonLines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # It tells of every connection that fails, with a traceback; we say so ourselves, in a sentence.
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)
