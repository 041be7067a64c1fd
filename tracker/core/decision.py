"""What was decided about one conversion."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from tracker.core.click import Click
from tracker.core.partner import Origin
from tracker.core.reasons import Flag, Reason
from tracker.core.report import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDecision:
    """One basket line as it stands: the latest that the partner said, and what was counted."""

    line_id: str
    status: Status
    goods: Decimal | None
    currency: str | None
    tariff: str | None
    commission: Decimal | None
    rate: Decimal | None
    accrual: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`cashback` is whole rubles: what was credited, or, while pending, what approval will bring; 0 when declined.

    `base` and `accrual` are exact rubles. `rate` is the share that applied, None when lines differ or a sum is fixed.
    `hold` is the partner's hold or ours; `held_by_us` lists why we hold (staff release it).
    """

    status: Status
    hold: bool
    settled: bool
    base: Decimal
    rate: Decimal | None
    accrual: Decimal
    cashback: int
    reasons: tuple[Reason, ...] = ()
    flags: tuple[Flag, ...] = ()
    held_by_us: tuple[Flag, ...] = ()
    click: Click | None = None  # the owner; None while unmatched
    origin: Origin | None = None
    order_time: datetime | None = None
    confirm_by: datetime | None = None  # end of the window; None without a click
    first_approved_at: datetime | None = None
    commission: Decimal | None = None
    currency: str = "RUB"
    promo_code: str | None = None
    lines: tuple[LineDecision, ...] = ()
    exchange_rate: Decimal | None = None  # rubles for one unit of `currency`; None: in rubles, or no rate yet
    exchange_day: date | None = None  # the day whose rate counts, also while there is none; None: all is in rubles

    @property
    def available(self) -> bool:
        """Whether the cashback is the shopper's to spend: approved and not on hold."""
        return self.status is Status.APPROVED and not self.hold
