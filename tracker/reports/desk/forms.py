"""What staff send from the desk, and the proof that they sent it themselves from our own page."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import web

_LONGEST = 1000


class ActKind(StrEnum):
    CREDIT_LATE = "credit_late"
    RELEASE = "release"
    CLAIM = "claim"


@dataclass(frozen=True, slots=True)
class Act:
    """`click_id` only of a claim: the click that the order is given to."""

    kind: ActKind
    partner_id: str
    order_id: str
    reason: str
    staff: str
    click_id: str = ""


class Acting(Protocol):
    async def do(self, act: Act) -> str:
        """Empty: done; else why nothing was changed. Raises StoreUnavailableError."""


class FormTokens:
    """A form's own proof: bound to the cookie, which no other site can read."""

    def __init__(self, key: str) -> None:
        self._key = bytes.fromhex(key)

    def make(self, cookie: str) -> str:
        return hmac.new(self._key, b"form:" + cookie.encode("utf-8", "surrogatepass"), "sha256").hexdigest()

    def is_valid(self, cookie: str, given: str) -> bool:
        return hmac.compare_digest(self.make(cookie).encode(), given.encode("utf-8", "surrogatepass"))


def is_from_our_page(request: web.Request, public_host: str) -> bool:
    """By what browsers say and no page can make up. A browser that says nothing is not believed."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    return urlsplit(request.headers.get("Origin", "")).netloc in {request.host, public_host} - {""}


def read_act(form: Mapping[str, object]) -> Act | None:
    """None: it is no form of ours."""
    kind = next((one for one in ActKind if one == form.get("act")), None)
    partner_id, order_id = field(form, "partner"), field(form, "order")
    if kind is None or not partner_id or not order_id:
        return None
    return Act(
        kind,
        partner_id,
        order_id,
        reason=field(form, "reason").strip(),
        staff=field(form, "staff").strip(),
        click_id=field(form, "click_id").strip() if kind is ActKind.CLAIM else "",
    )


def field(form: Mapping[str, object], name: str) -> str:
    """Text that PostgreSQL can take. Empty: it was not said, or is a file, or has characters that no order id has."""
    value = form.get(name, "")
    if not isinstance(value, str) or any(ord(one) < 32 or 0xD800 <= ord(one) < 0xE000 for one in value):
        return ""
    return value[:_LONGEST]


def moment(query: Mapping[str, str]) -> datetime | None:
    """Where a page of a queue goes on; None: at the start."""
    try:
        return datetime.fromisoformat(query.get("at", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def message_id(query: Mapping[str, str]) -> str:
    try:
        return str(UUID(query.get("id", "")))
    except ValueError:
        return ""
