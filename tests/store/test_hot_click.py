"""The hot record: small, and nothing that attribution needs is lost in it."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tests.store.factories import CLICKED_AT, SECOND, click_fact, click_id
from tracker.core.click import Check, CheckResult, Click, Confidence, Device, Finding, Surface
from tracker.core.click_id import SHARDS
from tracker.core.reasons import ClickReason, Reason
from tracker.store.hot_click import BUCKET_SECONDS, expires_at, pack, place_of, unpack

seconds = st.integers(0, 2**32 - 1)
shards = st.integers(0, SHARDS - 1)
randoms = st.integers(0, 2**38 - 1)
every_result = st.fixed_dictionaries(
    {check: st.tuples(st.sampled_from(Finding), st.sampled_from(Confidence)) for check in Check}
)


@given(
    after=st.integers(0, 10**9).map(lambda microseconds: microseconds / 1_000_000),
    partner=st.from_regex("[a-z0-9][a-z0-9-]{0,63}", fullmatch=True),
    shopper=st.just("") | st.from_regex("[!-~]{1,64}", fullmatch=True),
    surface=st.sampled_from(Surface),
    device=st.sampled_from(Device),
    found=every_result,
    refusals=st.lists(st.sampled_from(Reason), unique=True),
    traffic=st.lists(st.sampled_from(ClickReason), unique=True),
)
def test_what_is_packed_is_what_is_unpacked(
    after: float,
    partner: str,
    shopper: str,
    surface: Surface,
    device: Device,
    found: Mapping[Check, tuple[Finding, Confidence]],
    refusals: list[Reason],
    traffic: list[ClickReason],
) -> None:
    fact = click_fact(
        after=after,
        partner=partner,
        shopper_id=shopper,
        surface=str(surface),
        device=str(device),
        checks=[
            (str(check), str(finding), str(confidence), "script:ok", 63)
            for check, (finding, confidence) in found.items()
        ],
        refusals=[str(reason) for reason in refusals],
        traffic=[str(reason) for reason in traffic],
    )
    assert unpack(fact.click_id, pack(fact)) == Click(
        click_id=fact.click_id,
        partner_id=partner,
        clicked_at=CLICKED_AT + timedelta(seconds=after),
        terms_version=fact.terms_version,
        shopper_id=shopper or None,
        surface=surface,
        device=device,
        checks=tuple(CheckResult(check, *found[check]) for check in Check),
        refusals=tuple(refusals),
        traffic=tuple(traffic),
    )


def test_a_record_of_the_release_before_is_still_read() -> None:
    """The records of the last days outlive an update: what a number in them means must never change."""
    fact = click_fact(
        after=0.000_007,
        surface="app",
        device="tablet",
        refusals=["ad_blocker"],
        traffic=["repeat"],
        checks=[
            ("ad_blocker", "found", "high", "script:blocked", 63),
            ("cookies", "ok", "low", "", 0),
            ("private_mode", "found", "medium", "", 0),
        ],
    )
    packed = bytes.fromhex(
        "9807a66c616d6f6461ac73686f707065722d30303432b03031323334353637383961626364656612"
        "91aa61645f626c6f636b657291a6726570656174cd0738"
    )
    assert pack(fact) == packed
    assert unpack(fact.click_id, packed).checks == (
        CheckResult(Check.AD_BLOCKER, Finding.FOUND, Confidence.HIGH),
        CheckResult(Check.COOKIES, Finding.OK, Confidence.LOW),
        CheckResult(Check.PRIVATE_MODE, Finding.FOUND, Confidence.MEDIUM),
        CheckResult(Check.SECOND_TAB),
    )


def test_a_record_is_small_enough_for_a_compact_block() -> None:
    """A Valkey of one's own is asked for listpacks of values up to 96 bytes (tracker.embedded.valkey_check)."""
    ordinary = click_fact(after=0.999_999)
    with_a_uuid = click_fact(after=0.999_999, shopper_id="0191d5c8-7a1e-7d3c-9a53-4c1c1f0a7e11")
    refused = click_fact(after=0.999_999, refusals=["no_shopper"], traffic=["repeat"])
    assert len(pack(ordinary)) <= 50
    assert len(pack(with_a_uuid)) <= 80
    assert len(pack(refused)) <= 80


@given(seconds, shards, randoms)
def test_a_click_is_found_from_its_id_alone_and_in_one_slot(second: int, shard: int, random: int) -> None:
    place = place_of(click_id(second=second, shard=shard, random=random))
    assert place.slot == f"{{{shard % 16:02}}}"
    assert all(place.slot in bucket for bucket in place.buckets)
    assert len(set(place.buckets)) == 3
    assert second < place.ends_at <= second + BUCKET_SECONDS


def test_two_clicks_never_share_a_place() -> None:
    places = [
        place_of(click_id(second=SECOND + after, shard=shard, random=random))
        for after, shard, random in product((0, 1, 2, 3599, 3600), (0, 16, 1023), (0, 1, 15, 16, 255, 2**37, 2**38 - 1))
    ]
    for level in range(3):
        assert len({(place.buckets[level], place.field) for place in places}) == len(places)


def test_neighbours_in_time_share_a_bucket_and_expire_with_its_hour() -> None:
    hour = SECOND - SECOND % BUCKET_SECONDS
    first, last, next_hour = (place_of(click_id(second=hour + after)) for after in (0, 3599, 3600))
    assert first.buckets == last.buckets != next_hour.buckets
    assert first.field != last.field
    assert expires_at(first, 3) == expires_at(last, 3) == hour + 3600 + 3 * 86_400 + 3600
    assert expires_at(next_hour, 3) == expires_at(first, 3) + 3600
