"""The programme's side of notifications, as a demo needs one: verifies them, keeps what shoppers would be sent."""

import hmac
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tracker.core.standard_webhooks import key_of, signature

_MOST_KEPT = 200
_TOLERANCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Told:
    """One notification, as received: `kind` is the last word of its type."""

    at: str
    kind: str
    shopper: str
    partner: str
    order: str
    cashback: int
    before: int
    status: str
    hold: bool
    reasons: tuple[str, ...]


class Telling:
    """What was told, newest last; in the memory of this process."""

    def __init__(self, secret: str | None) -> None:
        self._key = key_of(secret) if secret else None
        self._told: OrderedDict[str, Told] = OrderedDict()

    def receive(self, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """False: it is not signed with our secret, or long ago. One that comes again is taken and not shown twice."""
        message_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if self._key is None or not sent_at.isdecimal() or abs(now.timestamp() - int(sent_at)) > _TOLERANCE_SECONDS:
            return False
        expected = signature(self._key, message_id, int(sent_at), body).encode()
        given = headers.get("webhook-signature", "").split()
        if not any(hmac.compare_digest(expected, one.encode()) for one in given):
            return False
        said = json.loads(body)
        kind = said["type"].rpartition(".")[2]
        if kind != "test" and message_id not in self._told:
            self._told[message_id] = _told(kind, said["timestamp"], said["data"])
            if len(self._told) > _MOST_KEPT:
                self._told.popitem(last=False)
        return True

    def newest_first(self) -> list[Told]:
        return list(reversed(self._told.values()))


def _told(kind: str, at: str, data: Mapping[str, object]) -> Told:
    reasons = data["reasons"]
    return Told(
        at=f"{at[:10]} {at[11:19]}",
        kind=kind,
        shopper=str(data["shopper_id"]),
        partner=str(data["partner_name"] or data["partner_id"]),
        order=str(data["order_id"]),
        cashback=int(str(data["cashback"])),
        before=int(str(data["cashback_before"])),
        status=str(data["status"]),
        hold=bool(data["hold"]),
        reasons=tuple(map(str, reasons)) if isinstance(reasons, list) else (),
    )
