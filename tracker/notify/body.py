"""A notification's body: JSON, with nothing personal in it but the shopper id that the programme gave us."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tracker.core.notice import Notice, Telling

TEST_TYPE = "cashback.test"


def notice_body(notice: Notice, telling: Telling, partner_name: str | None) -> bytes:
    """`partner_name`: None when the partner has left partners.yaml."""
    return _body(
        f"cashback.{telling.kind}",
        notice.at,
        {
            "shopper_id": notice.shopper_id,
            "partner_id": notice.partner_id,
            "partner_name": partner_name,
            "order_id": notice.order_id,
            "revision": notice.revision,
            "cashback": telling.cashback,
            "cashback_before": telling.cashback_before,
            "status": telling.status,
            "hold": telling.hold,
            "reasons": telling.reasons,
            "ordered_at": telling.ordered_at,
        },
    )


def trial_body(at: datetime) -> bytes:
    """What an operator sends to try the way; it is about no purchase."""
    return _body(TEST_TYPE, at, {"message": "A test of the tracker. Nothing was credited."})


def _body(type_: str, at: datetime, data: Mapping[str, object]) -> bytes:
    return msgspec.json.encode({"type": type_, "timestamp": at, "data": data})
