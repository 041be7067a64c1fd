"""Clicks for the tests of the stores: an ordinary one, and what to change about it."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from tracker.core.click import Check
from tracker.core.facts import ClickFact
from tracker.core.signing_keys import since_ever
from tracker.redirect.click_id import SignedClickIds

CLICKED_AT = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)
SECOND = int(CLICKED_AT.timestamp())
HOT_DAYS = (datetime.now(UTC) - CLICKED_AT).days + 4  # hot whatever day it is: Valkey has its own clock
LONG_AGO = -(HOT_DAYS + 7) * 86_400  # seconds after CLICKED_AT at which a click is no longer hot
CLICK_IDS = SignedClickIds(since_ever("a key"))


def click_id(*, second: float = SECOND, shard: int = 5, random: int = 0, partner: str = "lamoda") -> str:
    return CLICK_IDS.make(partner, shard, int(second), random)


def click_fact(
    number: int = 0, *, after: float = 0, shard: int = 5, partner: str = "lamoda", **changes: object
) -> ClickFact:
    """Click `number` of a shopper, `after` seconds after CLICKED_AT."""
    second, fraction = divmod(round((SECOND + after) * 1_000_000), 1_000_000)
    ordinary = ClickFact(
        click_id=click_id(second=second, shard=shard, random=number, partner=partner),
        partner_id=partner,
        clicked_at_us=second * 1_000_000 + fraction,
        outcome="go",
        shopper_id="shopper-0042",
        browser_id="0123456789abcdef0123",
        surface="site",
        device="desktop",
        banner="",
        deep_link="",
        terms_version="0123456789abcdef",
        rate=Decimal("0.05"),
        traffic=[],
        refusals=[],
        checks=[(str(check), "ok", "high", "", 0) for check in Check],
        browser_family="Chrome",
        browser_version="142.0.0",
        os_family="Windows",
        user_agent_hash=1,
        address_hash=2,
        address_net="203.0.113.0/24",
        referer_host="programme.example",
        request_id="request-1",
        supersedes=[],
        script="",
    )
    return msgspec.structs.replace(ordinary, **changes)
