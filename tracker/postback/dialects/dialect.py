"""What differs between networks, described: `read.py` and `reply.py` do the rest, the same for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tracker.core.report import Status

# The fields of a report that a message may state, by the names of the generic dialect and of `map:` in partners.yaml.
FIELDS = (
    "click_id", "order_id", "line_id", "line_count", "event_id", "status", "hold", "settled", "amount", "quantity",
    "delivery", "commission", "currency", "tariff", "promo_code", "origin", "order_time", "event_time",
)  # fmt: skip


class ReplyStyle(StrEnum):
    """In whose words we answer."""

    OK = "ok"  # the text OK
    JSON = "json"  # received_id, verdict, reasons


@dataclass(frozen=True, slots=True)
class Said:
    """What one status word means: a status, and whether it puts the conversion on hold."""

    status: Status
    hold: bool | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """`fields`: our field -> the sender's parameters, the first that is there counts. `events`: parameters that mark a
    message about no order."""

    name: str
    fields: Mapping[str, tuple[str, ...]]
    statuses: Mapping[str, Said]
    reply: ReplyStyle
    events: frozenset[str] = field(default_factory=frozenset)
