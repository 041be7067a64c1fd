"""One order at one partner: the set of messages about it, each with its order key.

Everything that we decide about a purchase is a pure function of this set, of the clicks that its messages name, of the
set of what the tag saw, of staff's overrides and of the exchange rates of its day. So arrival order, repetition and
the number of workers cannot change what a purchase earns (docs/rules.md, L-01).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tracker.core.click import Click
from tracker.core.confirmation import Confirmation
from tracker.core.rates import ExchangeRate
from tracker.core.reasons import Reason
from tracker.core.report import Report


@dataclass(frozen=True, slots=True)
class Message:
    """A report with its place in time. `received_at` is unique and increasing within one order.

    `click` is the click that the message names, if we know it; otherwise `problem` says why not (`unknown_click`,
    `bad_signature`). A message about an order that has an owner needs no click.
    """

    report: Report
    received_at: datetime
    click: Click | None = None
    problem: Reason | None = None

    @property
    def at(self) -> datetime:
        """The order key's time: the partner's own event time, else our receipt."""
        return self.report.event_time or self.received_at

    @property
    def awaits_click(self) -> bool:
        """Whether the click that it names is signed by us and not found yet: it may be found later."""
        return self.problem is Reason.UNKNOWN_CLICK and self.report.click_id is not None

    @property
    def named(self) -> str | None:
        """The click that it names, found or not yet. None: it names none that could own the order."""
        if self.click is not None:
            return self.click.click_id
        return self.report.click_id if self.awaits_click else None


class OverrideKind(StrEnum):
    """What staff may do, each time with a logged reason."""

    CREDIT_LATE = "credit_late"  # `tracker late override`
    RELEASE = "release"  # `tracker held release`
    CLAIM = "claim"  # `tracker unmatched claim`


@dataclass(frozen=True, slots=True)
class Override:
    kind: OverrideKind
    reason: str
    staff: str
    at: datetime
    click: Click | None = None  # only of a claim: the click that the order is given to


@dataclass(frozen=True, slots=True)
class Order:
    partner_id: str
    order_id: str
    messages: tuple[Message, ...] = ()
    overrides: tuple[Override, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    rates: tuple[ExchangeRate, ...] = ()  # those that are known of the ones that it needs
