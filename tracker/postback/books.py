"""What the flows need from the ledger."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from tracker.core.facts import TagFact
from tracker.core.partner import TermsVersion
from tracker.core.rates import ExchangeRate, RateKey
from tracker.ports import Awaited, Change, KnownOrder, ListedOrder, Siblings, Waiting


class Books(Protocol):
    """Every method raises StoreUnavailableError when the ledger does not answer."""

    async def load(self, partner_id: str, order_id: str) -> KnownOrder:
        """The order as it stands."""

    async def siblings(self, partner_id: str, shopper_id: str) -> Siblings:
        """All orders of one shopper at one partner."""

    async def terms(self, versions: Iterable[str]) -> Mapping[str, TermsVersion]:
        """Raises KeyError for a version that was never stored."""

    async def rates(self, needed: Iterable[RateKey]) -> tuple[ExchangeRate, ...]:
        """Those of them that were imported."""

    async def write(self, change: Change) -> bool:
        """In one transaction. False: an order is no longer as it was loaded, and nothing was written."""

    async def ship(self, fact: TagFact) -> None:
        """Put a report of the tag that is about no order into the outbox."""

    async def find_waiting(self, postback_id: str) -> Waiting | None:
        """A deferred or failed request."""


class StaffBooks(Books, Protocol):
    """And the lists that staff work through."""

    async def late(self, now: datetime) -> list[ListedOrder]: ...

    async def unmatched(self) -> list[ListedOrder]: ...

    async def held(self) -> list[ListedOrder]: ...

    async def waiting(self, after: tuple[datetime, str] | None = None, *, limit: int = 100) -> list[Waiting]:
        """Deferred and failed requests, oldest first; `after` is the receipt time and id of the last one seen."""


class AwaitingBooks(Books, Protocol):
    """And what waits for a click or an exchange rate that may still come."""

    async def awaited(self, due: datetime, since: datetime, *, limit: int) -> list[Awaited]:
        """Messages whose click is looked for again by `due`, in turn. Those received before `since` are given up."""

    async def look_again(self, one: Awaited, at: datetime) -> None:
        """Look for this one's click at that time."""

    async def rates_came(self, after: tuple[str, str] = ("", ""), *, limit: int = 100) -> list[tuple[str, str]]:
        """Orders that wait for an exchange rate which was imported since: partner and order id, after those given."""
