"""The hot record of a click: how it is packed, and in which bucket of Valkey it lies (design, section 8).

A bucket is a hash that holds the clicks of one hour and one shard, so that a whole bucket expires at once, and is found
from the click id alone. Small hashes are one compact block: about 90 bytes a click, where a key each would take 200.
"""

from functools import lru_cache

import msgspec

from tracker.core.click import Check, CheckResult, Click, Confidence, Device, Finding, Surface
from tracker.core.click_id import RANDOM_BITS, parts
from tracker.core.facts import ClickFact
from tracker.core.reasons import ClickReason, Reason
from tracker.core.unix_time import moment

SLOTS = 16  # streams, and hash tags of Valkey Cluster
BUCKET_SECONDS = 3600
FULL_BUCKET = 256  # records; a block is searched from its beginning
_EXPIRY_MARGIN_SECONDS = 3600

# A record holds places in these lists: it is read by the next release too, so they only grow at their end.
_DEVICES = list(Device)
_SURFACES = list(Surface)
_CHECKS = list(Check)
_RESULTS = [
    (finding, confidence) for finding in (Finding.UNKNOWN, Finding.OK, Finding.FOUND) for confidence in Confidence
]
_PLACES = {
    (str(surface), str(device)): place << 4 | number
    for place, surface in enumerate(_SURFACES)
    for number, device in enumerate(_DEVICES)
}
_CHECK_BITS = {
    (str(check), str(finding), str(confidence)): number << 4 * place
    for place, check in enumerate(_CHECKS)
    for number, (finding, confidence) in enumerate(_RESULTS)
}


class HotClick(msgspec.Struct, frozen=True, array_like=True):
    """What attribution needs of a click and its id does not say."""

    microsecond: int
    partner_id: str
    shopper_id: str
    terms_version: str
    place: int  # surface and device
    refusals: list[str]
    traffic: list[str]
    checks: int  # four bits each


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a click lies. Each next bucket is used when the one before is full: 16 and 256 of them to the first."""

    slot: str  # "{07}"
    buckets: tuple[str, str, str]
    field: bytes
    ends_at: int  # Unix time at which the bucket's hour is over


_SLOTS = tuple(f"{{{slot:02}}}" for slot in range(SLOTS))


def slot_of(shard: int) -> str:
    return _SLOTS[shard % SLOTS]


@lru_cache(maxsize=16)  # asked several times while a click is recorded
def place_of(click_id: str) -> Place:
    second, shard, random = parts(click_id)
    slot = slot_of(shard)
    hour, into = divmod(second, BUCKET_SECONDS)
    bucket = f"h{slot}{hour:x}.{shard:x}"
    return Place(
        slot=slot,
        buckets=(bucket, f"{bucket}.{random & 15:x}", f"{bucket}.{random & 255:02x}+"),
        field=(into << RANDOM_BITS | random).to_bytes(7, "big"),
        ends_at=(hour + 1) * BUCKET_SECONDS,
    )


def expires_at(place: Place, hot_days: int) -> int:
    return place.ends_at + hot_days * 86_400 + _EXPIRY_MARGIN_SECONDS


def pack(fact: ClickFact) -> bytes:
    checks = 0
    for check in fact.checks:
        checks += _CHECK_BITS[check[:3]]
    return msgspec.msgpack.encode(
        HotClick(
            microsecond=fact.clicked_at_us % 1_000_000,
            partner_id=fact.partner_id,
            shopper_id=fact.shopper_id,
            terms_version=fact.terms_version,
            place=_PLACES[fact.surface, fact.device],
            refusals=fact.refusals,
            traffic=fact.traffic,
            checks=checks,
        )
    )


def unpack(click_id: str, packed: bytes) -> Click:
    hot = msgspec.msgpack.decode(packed, type=HotClick)
    return Click(
        click_id=click_id,
        partner_id=hot.partner_id,
        clicked_at=moment(parts(click_id).second * 1_000_000 + hot.microsecond),
        terms_version=hot.terms_version,
        shopper_id=hot.shopper_id or None,
        surface=_SURFACES[hot.place >> 4],
        device=_DEVICES[hot.place & 15],
        checks=tuple(
            CheckResult(check, *_RESULTS[hot.checks >> 4 * place & 15]) for place, check in enumerate(_CHECKS)
        ),
        refusals=tuple(Reason(code) for code in hot.refusals),
        traffic=tuple(ClickReason(code) for code in hot.traffic),
    )
