"""What the pages of partners and staff list: messages, orders and their history as the ledger holds them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """One received request, its secrets masked, with what became of it. `status`, `hold` and `flags` are those of its
    order once this message had been decided; an empty status: it changed nothing. `unknown_status`: the word that it
    sent for a status, if nobody told us what that means. `dialect` may name a kind of request: `tune-sender/update`."""

    postback_id: str
    received_at: datetime
    partner_id: str
    method: str
    query: str
    body: bytes
    verdict: str
    reasons: tuple[str, ...]
    http_status: int
    order_id: str
    note: str
    status: str
    hold: bool
    flags: tuple[str, ...] = ()
    unknown_status: str = ""
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What a partner has shown to work. `unknown_statuses` are of its latest messages."""

    reached: bool = False
    tested: bool = False
    matched: bool = False
    decided: bool = False
    approved: bool = False
    taken_back: bool = False
    sum_stated: bool = False
    sum_refused: bool = False  # the newest word about a sum was refused
    status_stated: bool = False
    unknown_statuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeskOrder:
    """One order as staff see it. `click_as_sent` is what the partner sent for a click id, whatever it was."""

    partner_id: str
    order_id: str
    status: str
    hold: bool
    cashback: int
    base: Decimal  # rubles
    goods: Decimal  # as stated, in `currency`
    currency: str
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    held_by_us: tuple[str, ...]
    click_id: str
    click_as_sent: str
    shopper_id: str
    promo_code: str
    first_seen_at: datetime
    ordered_at: datetime | None
    clicked_at: datetime | None
    confirm_by: datetime | None


@dataclass(frozen=True, slots=True)
class StaffAct:
    """What staff did about an order, and why."""

    kind: str
    reason: str
    staff: str
    at: datetime
    click_id: str


@dataclass(frozen=True, slots=True)
class ListedRevision:
    """One state that an order had. `by_message`: the partner's message made it, not staff or the tag."""

    revised_at: datetime
    status: str
    hold: bool
    cashback: int
    cashback_change: int
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    by_message: bool


@dataclass(frozen=True, slots=True)
class OrderFile:
    """One order with its history. Messages and acts are oldest first, states newest first."""

    order: DeskOrder
    messages: tuple[KeptMessage, ...]
    revisions: tuple[ListedRevision, ...]
    acts: tuple[StaffAct, ...]
