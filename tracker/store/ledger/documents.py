"""An order as PostgreSQL hands it over, and the JSON in which reports and clicks are kept: exact decimals as text,
times with their zone."""

from dataclasses import fields
from datetime import datetime

import msgspec

from tracker.core.click import Click
from tracker.core.confirmation import Confirmation
from tracker.core.order import Message, Order, Override, OverrideKind
from tracker.core.reasons import Reason
from tracker.core.report import Report
from tracker.ports import KnownOrder


class _Document(msgspec.Struct):
    """One row of the view `order_documents`."""

    version: int
    revision: int
    cashback: int
    rewarded_elsewhere: bool
    first_seen_at: datetime
    messages: list[tuple[Report, datetime, str | None, Reason | None]] | None
    clicks: list[Click] | None
    overrides: list[tuple[OverrideKind, str, str, datetime, str | None]] | None
    confirmations: list[Confirmation] | None
    posted: dict[str, int] | None


_documents = msgspec.json.Decoder(_Document)
_confirmations = msgspec.json.Decoder(list[Confirmation])
_REPORT_FIELDS = tuple(field.name for field in fields(Report))


def known_order(partner_id: str, order_id: str, document: str | None, seen: str | None = None) -> KnownOrder:
    """`document` None: no message has named the order; `seen` is what the tag alone may have told of it."""
    if document is None:
        return KnownOrder(Order(partner_id, order_id, confirmations=tuple(_confirmations.decode(seen or "[]"))))
    kept = _documents.decode(document)
    clicks = {click.click_id: click for click in kept.clicks or ()}
    order = Order(
        partner_id,
        order_id,
        messages=tuple(
            Message(report, received_at, None if click_id is None else clicks[click_id], problem)
            for report, received_at, click_id, problem in kept.messages or ()
        ),
        overrides=tuple(
            Override(kind, reason, staff, at, None if click_id is None else clicks[click_id])
            for kind, reason, staff, at, click_id in kept.overrides or ()
        ),
        confirmations=tuple(kept.confirmations or ()),
    )
    return KnownOrder(
        order=order,
        version=kept.version,
        revision=kept.revision,
        cashback=kept.cashback,
        rewarded_elsewhere=kept.rewarded_elsewhere,
        first_seen_at=kept.first_seen_at,
        posted=kept.posted or {},
    )


def report_document(report: Report) -> dict[str, object]:
    """Without what was not said, which is most of it."""
    return {name: value for name in _REPORT_FIELDS if (value := getattr(report, name)) not in (None, ())}


def click_ids(order: Order) -> set[str]:
    """The clicks whose facts the order holds."""
    named = [message.click for message in order.messages] + [override.click for override in order.overrides]
    return {click.click_id for click in named if click is not None}
