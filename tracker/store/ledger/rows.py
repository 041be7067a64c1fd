"""Changes as rows: one JSON array for each table that `write_changes` fills."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from tracker.core.click import Click
from tracker.core.confirmation import Confirmation
from tracker.core.facts import PostbackFact, TagFact
from tracker.core.unix_time import moment
from tracker.ports import Change, KnownOrder, OrderChange, RawPostback, Revision
from tracker.store.ledger.documents import click_ids, report_document

# In the order of the function's arguments.
TABLES = (
    "expected", "siblings", "postbacks", "verdicts", "conversions", "messages", "found", "clicks", "overrides",
    "confirmations", "revisions", "entries", "outbox",
)  # fmt: skip

_facts = msgspec.msgpack.Encoder()
_json = msgspec.json.Encoder()
_Row = dict[str, object]


def arguments(changes: Sequence[Change]) -> list[str]:
    """What `write_changes` takes."""
    rows = _Rows()
    for item, change in enumerate(changes):
        rows.add(item, change)
    return [_json.encode(rows.tables[table]).decode() for table in TABLES]


def lock_names(change: Change) -> set[tuple[str, str, str]]:
    """What `write_changes` locks for a change; two changes of one call must not share any of it."""
    names = {("order", one.before.order.partner_id, one.before.order.order_id) for one in change.orders}
    names |= {("shopper", one.partner_id, one.shopper_id) for one in change.siblings}
    if change.fact is not None:
        names.add(("postback", "", change.fact.postback_id))
    return names


def tag_body(fact: TagFact) -> bytes:
    """As the outbox holds it."""
    return _facts.encode(fact)


def entry_id(partner_id: str, order_id: str, revision: int, account: str) -> uuid.UUID:
    """The same entry has the same id, whoever writes it."""
    name = _json.encode([partner_id, order_id, revision, account])
    return uuid.UUID(bytes=hashlib.sha256(name).digest()[:16])


class _Rows:
    def __init__(self) -> None:
        self.tables: dict[str, list[_Row]] = {table: [] for table in TABLES}

    def add(self, item: int, change: Change) -> None:
        for siblings in change.siblings:
            self._put(
                "siblings",
                item,
                partner_id=siblings.partner_id,
                shopper_id=siblings.shopper_id,
                versions={order_id: known.version for order_id, known in siblings.orders.items()},
            )
        if change.fact is not None:
            self._add_postback(item, change.fact, change.raw, change.note)
        if change.tag is not None:
            self._put("outbox", item, kind="tag", body=_bytea(tag_body(change.tag)))
        for one in change.orders:
            self._add_order(item, one, change.fact.postback_id if change.fact else None)

    def _put(self, table: str, item: int, **columns: object) -> None:
        self.tables[table].append({"item": item, **columns})

    def _add_postback(self, item: int, fact: PostbackFact, raw: RawPostback | None, note: str) -> None:
        verdict: _Row = {
            "id": fact.postback_id,
            "verdict": fact.verdict,
            "verdict_version": fact.version,
            "reasons": fact.reasons,
            "http_status": fact.http_status,
            "order_id": fact.order_id,
            "line_id": fact.line_id,
            "click_id": fact.click_id,
            "note": note,
        }
        if raw is None:
            self._put("verdicts", item, **verdict)
        else:
            self._put("postbacks", item, **verdict, **_raw_columns(raw))
        self._put("outbox", item, kind="postback", body=_bytea(_facts.encode(fact)))

    def _add_order(self, item: int, change: OrderChange, postback_id: str | None) -> None:
        before = change.before
        key: _Row = {"partner_id": before.order.partner_id, "order_id": before.order.order_id}
        added = change.message, change.override, change.confirmation, change.found
        grows = any(one is not None for one in added) and change.revision is None
        seen = len(before.order.confirmations)
        self._put("expected", item, **key, version=before.version, confirmations=seen, grows=grows)
        if change.message is not None:
            message = change.message
            self._put(
                "messages",
                item,
                **key,
                received_at=message.received_at,
                postback_id=postback_id,
                report=report_document(message.report),
                click_id=message.click.click_id if message.click else None,
                problem=message.problem,
            )
            self._add_click(item, key, before, message.click)
        if change.override is not None:
            override = change.override
            self._put(
                "overrides",
                item,
                **key,
                kind=override.kind,
                reason=override.reason,
                staff=override.staff,
                at=override.at,
                click_id=override.click.click_id if override.click else None,
            )
            self._add_click(item, key, before, override.click)
        if change.found is not None:
            found = change.found
            self._put("found", item, **key, received_at=found.received_at, click_id=found.click.click_id)
            self._add_click(item, key, before, found.click)
        if change.confirmation is not None:
            self._put("confirmations", item, **key, **_confirmation_columns(change.confirmation))
        if change.revision is not None:
            self._add_revision(item, key, change.revision)

    def _add_click(self, item: int, key: _Row, before: KnownOrder, click: Click | None) -> None:
        if click is not None and click.click_id not in click_ids(before.order):
            self._put("clicks", item, **key, click_id=click.click_id, facts=click)

    def _add_revision(self, item: int, key: _Row, revision: Revision) -> None:
        fact = revision.fact
        revised_at = moment(fact.revised_at_us)
        self._put("conversions", item, **key, **_conversion_columns(revision))
        body = _bytea(_facts.encode(fact))
        self._put(
            "revisions",
            item,
            **key,
            revision=fact.revision,
            revised_at=revised_at,
            postback_id=fact.postback_id or None,
            status=fact.status,
            hold=fact.hold,
            cashback=fact.cashback,
            cashback_change=fact.cashback_change,
            reasons=fact.reasons,
            flags=fact.flags,
            fact=body,
        )
        self._put("outbox", item, kind="revision", body=body)
        self._add_entries(item, key, revision.entries, fact.revision, revised_at)

    def _add_entries(self, item: int, key: _Row, entries: Mapping[str, int], revision: int, at: datetime) -> None:
        for account, kopecks in entries.items():
            self._put(
                "entries",
                item,
                **key,
                id=entry_id(str(key["partner_id"]), str(key["order_id"]), revision, account),
                revision=revision,
                account=account,
                amount_kopecks=kopecks,
                at=at,
            )


def _raw_columns(raw: RawPostback) -> _Row:
    return {
        "received_at": raw.received_at,
        "partner_id": raw.partner_id,
        "dialect": raw.dialect,
        "method": raw.method,
        "query": raw.query,
        "content_type": raw.content_type,
        "body": _bytea(raw.body),
        "address_hash": raw.address_hash,
        "request_id": raw.request_id,
    }


def _confirmation_columns(seen: Confirmation) -> _Row:
    return {
        "report_id": seen.report_id,
        "seen_at": seen.seen_at,
        "click_id": seen.click_id,
        "cookie_click_id": seen.cookie_click_id,
        "tab": seen.tab,
        "blocker": seen.blocker,
        "final": seen.final,
    }


def _conversion_columns(revision: Revision) -> _Row:
    decision, fact = revision.decision, revision.fact
    click = decision.click
    return {
        "revision": fact.revision,
        "first_seen_at": moment(fact.first_seen_at_us),
        "revised_at": moment(fact.revised_at_us),
        "status": decision.status,
        "hold": decision.hold,
        "held_by_us": decision.held_by_us,
        "settled": decision.settled,
        "base": decision.base,
        "rate": decision.rate,
        "accrual": decision.accrual,
        "cashback": decision.cashback,
        "reasons": decision.reasons,
        "flags": decision.flags,
        "rewarded_elsewhere": revision.rewarded_elsewhere,
        "click_id": click.click_id if click else None,
        "shopper_id": click.shopper_id if click else None,
        "clicked_at": click.clicked_at if click else None,
        "terms_version": click.terms_version if click else None,
        "surface": click.surface if click else None,
        "device": click.device if click else None,
        "origin": decision.origin,
        "ordered_at": decision.order_time,
        "confirm_by": decision.confirm_by,
        "first_approved_at": decision.first_approved_at,
        "commission": decision.commission,
        "currency": decision.currency,
        "promo_code": decision.promo_code,
        "lines": decision.lines,
        "exchange_rate": decision.exchange_rate,
        "exchange_day": decision.exchange_day,
    }


def _bytea(body: bytes) -> str:
    return "\\x" + body.hex()
