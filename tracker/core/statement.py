"""How a partner writes its statement: the file with which it says, once a month, what it will pay for."""

from dataclasses import dataclass
from enum import StrEnum


class StatementFormat(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    ADMITAD_XML = "admitad-xml"
    ADMITAD_JSON = "admitad-json"


class StatementField(StrEnum):
    """What a row may say. `map:` renames any of them."""

    ORDER_ID = "order_id"
    LINE_ID = "line_id"
    CLICK_ID = "click_id"
    STATUS = "status"
    AMOUNT = "amount"
    DELIVERY = "delivery"
    COMMISSION = "commission"
    CURRENCY = "currency"
    ORDER_TIME = "order_time"


@dataclass(frozen=True, slots=True)
class StatementAmounts:
    """`decimal` None: a comma or a point, where that cannot be taken for a thousand."""

    decimal: str | None = None
    minor: bool = False  # sums are in kopecks
    include_delivery: bool = False


@dataclass(frozen=True, slots=True)
class StatementProfile:
    format: StatementFormat | None = None  # None: by the file's name
    mapping: tuple[tuple[str, str], ...] = ()  # our field -> the file's column
    statuses: tuple[tuple[str, str], ...] = ()  # the file's word -> approved, pending+hold, ...
    status: str | None = None  # what a row without one means
    amounts: StatementAmounts = StatementAmounts()
    timezone: str | None = None  # None: that of the partner's messages, else the programme's
    time_format: str | None = None  # of strptime; None: ISO 8601, 24.11.2026 15:04:05 or Unix seconds
