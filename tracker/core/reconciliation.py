"""A partner's statement against our books: what each side says of an order, how the two differ, and why they may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tracker.core.reasons import Flag
from tracker.core.report import Status

UNKNOWN_CURRENCY = "?"


class Kind(StrEnum):
    """How an order compares. `amount_differs` and `status_differs` may both hold."""

    MATCHED = "matched"
    ONLY_OURS = "only_ours"
    ONLY_THEIRS = "only_theirs"
    AMOUNT_DIFFERS = "amount_differs"
    STATUS_DIFFERS = "status_differs"


class Cause(StrEnum):
    """The likely cause of a difference: a closed list, explained in docs/reconciliation.md."""

    TIME_ZONE = "time_zone"
    DELIVERY = "delivery"
    CURRENCY = "currency"
    UNIT = "unit"
    ROUNDING = "rounding"
    WINDOW = "window"
    OUR_REFUSAL = "our_refusal"
    OUR_HOLD = "our_hold"
    WAITING = "waiting"
    NOT_STATED = "not_stated"
    UNMATCHED = "unmatched"
    LEFT_OUT = "left_out"
    LOST_POSTBACK = "lost_postback"
    MISSED_UPDATE = "missed_update"
    RETURN_NOT_TOLD = "return_not_told"
    STATEMENT_OLDER = "statement_older"
    UNKNOWN_TO_PARTNER = "unknown_to_partner"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """One row of a statement, read. None means "not said". `goods` is without delivery; `day_only`: of `order_time` no
    more than the day is known; `unread`: something in the row was no sum, status or time, so that its order is left out
    of the comparison."""

    place: int  # line, row or record of the file
    order_id: str
    line_id: str = ""
    click_id: str = ""
    status: Status | None = None
    hold: bool | None = None
    goods: Decimal | None = None
    delivery: Decimal | None = None
    commission: Decimal | None = None
    currency: str = ""
    order_time: datetime | None = None
    day_only: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """An order as the statement has it: its rows added up, those that are declined apart."""

    place: int
    status: Status | None = None
    hold: bool | None = None
    goods: Decimal | None = None
    delivery: Decimal | None = None
    commission: Decimal | None = None
    currency: str = ""
    click_id: str = ""
    order_time: datetime | None = None
    day_only: bool = False
    exchange_rate: Decimal | None = None  # rubles for one unit of `currency` on the order's day, if we have it
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """An order as our books have it. `base` is in rubles; `goods` are in `currency`, None where no message said a sum:
    they are looked up only where rubles do not answer."""

    status: Status
    base: Decimal
    at: datetime  # of the order; of the first message where the partner does not say
    hold: bool = False  # the partner's; ours is none of its business
    rate: Decimal | None = None
    cashback: int = 0
    goods: Decimal | None = None
    currency: str = "RUB"
    exchange_rate: Decimal | None = None  # rubles for one unit of it
    commission: Decimal | None = None
    reasons: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    click_id: str = ""


def currency_of(theirs: Theirs | None, ours: Ours | None) -> str:
    """What the statement's sum is in: as it says, else as our messages of the order stated. Empty: nobody said."""
    if theirs is not None and theirs.currency:
        return theirs.currency
    return "" if ours is None or Flag.AMOUNT_MISSING in ours.flags else ours.currency


@dataclass(frozen=True, slots=True)
class Pair:
    """One order on both sides; at least one of them is there."""

    order_id: str
    theirs: Theirs | None
    ours: Ours | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a statement was found to hold: orders, the first and last of their times, the statuses that it uses."""

    orders: int
    earliest: datetime | None
    latest: datetime | None
    statuses: frozenset[Status]


@dataclass(frozen=True, slots=True)
class Known:
    """What else we know of an order that differs: sums that its messages stated beside the goods, and what became of
    kept messages that did not make it an order."""

    other_sums: frozenset[Decimal] = frozenset()
    verdicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """What the statement is about: from `since` up to but not including `until`. `statuses` are those that it uses."""

    since: datetime
    until: datetime
    statuses: frozenset[Status] = frozenset(Status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`codes` are our own reason codes or verdicts behind it; `rubles` is theirs less ours, None in a currency without
    a rate; `cashback` is what taking the statement's word would change, None where that cannot be told."""

    order_id: str
    kinds: tuple[Kind, ...]
    causes: tuple[Cause, ...]
    codes: tuple[str, ...] = ()
    theirs: Theirs | None = None
    ours: Ours | None = None
    rubles: Decimal | None = None
    cashback: int | None = None

    @property
    def currency(self) -> str:
        return currency_of(self.theirs, self.ours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums are rubles; `other_currencies` are their sums that no rate of ours turns into rubles, and under
    UNKNOWN_CURRENCY those of which nobody said what they are in."""

    orders: Mapping[str, int] = field(default_factory=dict)  # by kind: one that differs in two ways stands under both
    differing: int = 0  # each order once
    causes: Mapping[str, int] = field(default_factory=dict)
    theirs: Decimal = Decimal(0)
    ours: Decimal = Decimal(0)
    commission: Decimal = Decimal(0)
    cashback: int = 0  # what taking the statement's word would change, where that can be told
    other_currencies: Mapping[str, Decimal] = field(default_factory=dict)
    unread: int = 0  # orders left out, since a row of theirs cannot be read

    @property
    def difference(self) -> Decimal:
        return self.theirs - self.ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One comparison, kept."""

    run_id: str
    partner_id: str
    file_name: str
    sha256: str
    since: datetime
    until: datetime
    at: datetime
    rows: int
    problems: int
    totals: Totals
    applied: tuple[datetime, str, str] | None = None  # when, by whom, why; None: only compared


@dataclass(frozen=True, slots=True)
class Agreed:
    """A difference that an earlier run of the same file had too. `lines` are those of our order: id and tariff."""

    difference: Difference
    lines: tuple[tuple[str, str | None], ...]
