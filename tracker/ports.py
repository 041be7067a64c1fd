"""What the flows need from the stores. A protocol stands here only where two real implementations exist."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple, Protocol

from tracker.core.click import Click
from tracker.core.confirmation import Confirmation
from tracker.core.decision import Decision
from tracker.core.facts import PostbackFact, RevisionFact, TagFact
from tracker.core.order import Message, Order, Override
from tracker.core.reasons import Flag, Reason
from tracker.core.report import Status


class ClickFinder(Protocol):
    """Finds a recorded click by its id: in Valkey while it is young, in ClickHouse for ever."""

    async def find(self, click_id: str, partner_id: str) -> Click | None:
        """None: no such click. Raises StoreUnavailableError when that cannot be told now."""


class WarehouseEngine(Protocol):
    """ClickHouse, embedded or a server. Blocking; each thread may use it."""

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Rows are on disk when this returns. Raises PoisonError for rows that can never be stored, else
        StoreUnavailableError."""

    def execute(self, sql: str) -> None:
        """Run one statement that changes the schema. Raises WarehouseQueryError."""

    def query(
        self,
        sql: str,
        *,
        format_: str = "JSONCompact",
        parameters: Mapping[str, str] = MappingProxyType({}),
        as_analyst: bool = False,
    ) -> bytes:
        """Run one statement that only reads, return its output in that ClickHouse format.

        `parameters` fill `{name:Type}`, each in ClickHouse's escaped text. `as_analyst`: with an analyst's rights and
        limits, database `analytics`; else with ours. Raises WarehouseQueryError.
        """

    def close(self) -> None: ...


class ClickIds(Protocol):
    """Makes and reads signed click ids (design, section 5)."""

    def read(self, text: str, partner_id: str) -> str | None:
        """The click id in its one canonical form, or None: not ours, or signed for another partner. Accepts upper
        case, surrounding blanks and one double URL-encoding."""


@dataclass(frozen=True, slots=True)
class RawPostback:
    """One received request as it is kept for ever: secrets are masked, the sender's address is a keyed hash."""

    postback_id: str
    received_at: datetime
    partner_id: str
    dialect: str
    method: str
    query: str
    content_type: str
    body: bytes
    address_hash: int = 0
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order as the ledger holds it. `version` grows with whatever is added to it; 0: no message has named it, though
    the tag may have seen it.

    `revision` and `cashback` are those of its last revision, `posted` holds kopecks by account.
    """

    order: Order
    version: int = 0
    revision: int = 0
    cashback: int = 0
    rewarded_elsewhere: bool = False
    first_seen_at: datetime | None = None
    posted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Siblings:
    """All orders that the ledger holds of one shopper at one partner, by order id."""

    partner_id: str
    shopper_id: str
    orders: Mapping[str, KnownOrder]


@dataclass(frozen=True, slots=True)
class Revision:
    """A new revision of an order: the decision, the fact to ship, and what must be posted for it in kopecks."""

    decision: Decision
    fact: RevisionFact
    entries: Mapping[str, int]
    rewarded_elsewhere: bool


@dataclass(frozen=True, slots=True)
class FoundClick:
    """The click that a message of an order names, found only after it had come."""

    received_at: datetime  # the message, within its order
    click: Click


@dataclass(frozen=True, slots=True)
class OrderChange:
    """What is added to one order."""

    before: KnownOrder
    message: Message | None = None
    override: Override | None = None
    confirmation: Confirmation | None = None
    found: FoundClick | None = None
    revision: Revision | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """All of it is written in one transaction, or nothing when an order or the siblings are no longer as loaded.

    `raw` is set when the request is new; without it, `fact` is a new verdict about a request that is kept already.
    `note` tells staff what went wrong. `tag` is a report of the tag that is shipped with what it changed.
    """

    fact: PostbackFact | None = None
    raw: RawPostback | None = None
    note: str = ""
    tag: TagFact | None = None
    orders: tuple[OrderChange, ...] = ()
    siblings: tuple[Siblings, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A kept request that still has to be decided (`deferred`, `failed`), or decided anew. `order_id` as far as it was
    understood."""

    raw: RawPostback
    version: int
    code: str
    order_id: str
    http_status: int
    note: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """A message whose click is signed by us and is not found yet: of which order, and the request that it came by."""

    partner_id: str
    order_id: str
    received_at: datetime
    request: Waiting


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """One conversion as staff see it in a list."""

    partner_id: str
    order_id: str
    status: str
    hold: bool
    cashback: int
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    held_by_us: tuple[str, ...]
    click_id: str
    first_seen_at: datetime
    confirm_by: datetime | None
    first_approved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Purchase:
    """One matched conversion as its shopper sees it. `cashback` is whole rubles: credited, or, while pending, what
    approval will bring."""

    partner_id: str
    order_id: str
    status: Status
    hold: bool
    cashback: int
    base: Decimal
    currency: str
    reasons: tuple[Reason, ...]
    flags: tuple[Flag, ...]
    click_id: str
    at: datetime  # of the order; of the click where the partner does not say
    confirm_by: datetime
    first_approved_at: datetime | None
    revised_at: datetime


class ShopperClick(NamedTuple):
    """One click-out as its shopper sees it."""

    click_id: str
    partner_id: str
    clicked_at: datetime
    refusals: tuple[Reason, ...]
