"""A request as it is kept for ever, and the fact about what became of it."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec

from tracker.core.facts import PostbackFact
from tracker.core.reasons import MessageCode
from tracker.core.report import Report
from tracker.core.unix_time import microseconds
from tracker.ports import RawPostback
from tracker.postback.refusal import Refusal
from tracker.postback.request import RawRequest

# The dialect as which a row of a partner's statement is kept: no sender speaks it. What the row says, in our words, is
# the body; the row as text stands as the query.
STATEMENT = "statement"


def new_postback_id(now: datetime, random: bytes) -> str:
    """A UUID of version 7: it grows with time, so that the index grows at its end. `random` is 10 bytes."""
    number = (microseconds(now) // 1000) << 80 | int.from_bytes(random, "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62))


def storable(text: str) -> str:
    """What no database's text can hold is written as an escape, so that a request can always be kept."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def kept_request(raw: RawPostback) -> RawRequest:
    """As it was when it came, but for its secrets."""
    return RawRequest(raw.method, raw.query, raw.content_type, raw.body, shape=raw.dialect.partition("/")[2])


def statement_body(report: Report) -> bytes:
    return msgspec.json.encode(report)


def stated(raw: RawPostback) -> Report:
    """What a kept row of a statement says."""
    return msgspec.json.decode(raw.body, type=Report)


def postback_fact(
    raw: RawPostback,
    code: MessageCode | None,
    *,
    reasons: Sequence[str] = (),
    http_status: int = 200,
    report: Report | Refusal | None = None,
    version: int = 1,
) -> PostbackFact:
    """`code` None: decided. `report` is what was understood of it."""
    return PostbackFact(
        postback_id=raw.postback_id,
        version=version,
        received_at_us=microseconds(raw.received_at),
        partner_id=raw.partner_id,
        dialect=raw.dialect,
        method=raw.method,
        query=raw.query,
        order_id=storable(report.order_id) if report else "",
        line_id=storable(report.line_id) if isinstance(report, Report) else "",
        click_id=storable(report.click_id or "") if report else "",
        verdict=str(code or "decided"),
        reasons=[str(reason) for reason in reasons] or ([str(code)] if code else []),
        http_status=http_status,
        address_hash=raw.address_hash,
        request_id=raw.request_id,
    )
