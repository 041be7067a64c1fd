"""What one postback says about one line of one order, in our words: the canonical form that every dialect yields."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tracker.core.partner import Origin


class Status(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One line of a message that states its whole basket. What it does not say, the message says for all of them."""

    line_id: str
    goods: Decimal | None
    tariff: str | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One message, read. None means "not said": such a field stays as it was.

    `goods` is what was paid for this line's goods, without delivery, in `currency`, and below zero only in a row that
    corrects others; `currency_if_new` is that of a sum which names none, where the order has none yet. `sums_as_sent`
    keeps the sums as text, exactly as they came. `line_id` is empty for a message about
    the order as a whole. Such a message may state its whole `basket`, which replaces all lines that were known.
    """

    order_id: str
    line_id: str = ""
    line_count: int | None = None
    event_id: str | None = None
    click_id: str | None = None
    status: Status | None = None
    status_as_sent: str | None = None
    hold: bool | None = None
    settled: bool | None = None
    goods: Decimal | None = None
    commission: Decimal | None = None
    currency: str | None = None
    currency_if_new: str | None = None
    tariff: str | None = None
    promo_code: str | None = None
    origin: Origin | None = None
    order_time: datetime | None = None
    event_time: datetime | None = None
    sums_as_sent: tuple[tuple[str, str], ...] = ()
    basket: tuple[BasketLine, ...] = ()
