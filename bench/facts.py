"""Clicks as they come: a hundred thousand shoppers and browsers at a dozen shops, a few of them bots or double."""

from collections.abc import Iterator
from decimal import Decimal

from tracker.core.click import Check
from tracker.core.click_id import SHARDS
from tracker.core.facts import ClickFact
from tracker.core.signing_keys import since_ever
from tracker.redirect.click_id import SignedClickIds

SHOPPERS = 100_003  # a prime, so that whatever is counted by another one mixes with it
PARTNERS = 12
_RANDOM = 0x9E3779B1  # an odd multiplier spreads numbers over 32 bits
_AGENTS = [
    (family, f"{version}.0.0", os)
    for family, versions in (("Yandex Browser", 6), ("Chrome", 20), ("Firefox", 8), ("Mobile Safari", 6), ("Edge", 4))
    for version in range(120, 120 + versions)
    for os in ("Windows", "Android", "iOS", "Linux")
]
_OK = [(str(check), "ok", "high", "", 0) for check in Check]
_click_ids = SignedClickIds(since_ever("a key of the bench"))


def clicks(count: int, first_second: int, seconds: int) -> Iterator[ClickFact]:
    """`count` of them, spread evenly over so many seconds."""
    for number in range(count):
        since = number * seconds * 1_000_000 // count
        yield click(number, first_second * 1_000_000 + since)


def click(number: int, at_us: int, shard: int | None = None) -> ClickFact:
    """Of the shopper's own shard, unless another is wanted."""
    mixed = number * _RANDOM & 0xFFFFFFFF
    shopper = mixed % SHOPPERS
    partner = f"partner-{mixed % 997 % PARTNERS:02}"
    family, version, system = _AGENTS[shopper % len(_AGENTS)]
    asked = mixed % 5 < 3
    return ClickFact(
        click_id=_click_ids.make(partner, shopper % SHARDS if shard is None else shard, at_us // 1_000_000, number),
        partner_id=partner,
        clicked_at_us=at_us,
        outcome="go",
        shopper_id=f"shop{shopper:08}",  # 12 bytes
        browser_id=f"{shopper:020x}",
        surface="site" if mixed % 5 else "app",
        device="desktop" if mixed % 2 else "phone",
        banner=f"banner-{mixed % 40}",
        deep_link="" if mixed % 4 else f"https://shop.example/catalogue/item-{mixed % 100_000}",
        terms_version=f"{mixed % PARTNERS:016x}",
        rate=Decimal("0.05"),
        traffic=["repeat"] if mixed % 50 == 0 else [],
        refusals=["partner_app"] if mixed % 30 == 0 else [],
        checks=_seen(mixed) if asked else _OK,
        browser_family=family,
        browser_version=version,
        os_family=system,
        user_agent_hash=shopper % len(_AGENTS) * _RANDOM,
        address_hash=shopper * _RANDOM,
        address_net=f"203.0.{shopper % 250}.0/24",
        referer_host="programme.example",
        request_id=f"{number:016x}",
        supersedes=[],
        script="page-1" if asked else "",
    )


def _seen(mixed: int) -> list[tuple[str, str, str, str, int]]:
    """Hardly two are alike: each check took its time."""
    return [
        (str(check), "ok", "high", f"script:ok fetch:ok {mixed % 40}", 10 + (mixed >> 5 * place) % 300)
        for place, check in enumerate(Check)
    ]
