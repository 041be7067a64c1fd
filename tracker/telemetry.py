"""What we count and what we log: every counter and every log field has its name here, once."""

import json
import logging
import sys
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One family of counters. `labels` name what tells its counters apart: closed lists, never what a sender wrote."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: str = "counter"


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
SLOW_CONNECTIONS = Metric("tracker_slow_connections_total", "Connections closed because a request stayed incomplete.")
SHIPPED = Metric("tracker_shipped_rows_total", "Rows that ClickHouse has on disk.", ("table",))
BACKLOG = Metric("tracker_backlog_entries", "Facts that are not in ClickHouse yet.", ("source",), "gauge")
OLDEST_CLICK = Metric(
    "tracker_oldest_unshipped_click_seconds", "Age of the oldest click not in ClickHouse yet.", kind="gauge"
)
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

# Who asks, on every log line that is written while a request is answered.
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


@dataclass(slots=True)
class Telemetry:
    """The counters of one process. A process of its own has counters of its own: Prometheus adds them up."""

    _values: dict[Metric, dict[tuple[str, ...], float]] = field(default_factory=dict)

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        values = self._values.setdefault(metric, {})
        values[labels] = values.get(labels, 0) + by

    def gauge(self, metric: Metric, value: float, *labels: str) -> None:
        self._values.setdefault(metric, {})[labels] = value

    def value(self, metric: Metric, *labels: str) -> float:
        return self._values.get(metric, {}).get(labels, 0)

    def render(self) -> str:
        """In Prometheus' text format."""
        lines: list[str] = []
        for metric, values in sorted(self._values.items(), key=lambda item: item[0].name):
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
            for labels, value in sorted(values.items()):
                pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in zip(metric.labels, labels, strict=True))
                lines.append(f"{metric.name}{f'{{{pairs}}}' if pairs else ''} {_number(value)}")
        return "".join(f"{line}\n" for line in lines)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(value)


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


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
