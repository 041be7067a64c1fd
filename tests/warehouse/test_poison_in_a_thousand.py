"""A poisonous fact in a thousand blocks nobody: it is set aside with its bytes, counted, and the rest flows (I12)."""

from collections.abc import Callable
from decimal import Decimal
from itertools import cycle, islice

import msgspec
import pytest

from tests.faults.results import is_soak, note
from tests.store.factories import click_fact
from tests.warehouse.setting import Warehouse, ask, postback_fact, revision_fact
from tracker.store.clicks import FACT_FIELD
from tracker.telemetry import QUARANTINED, SHIP_FAILURES

pytestmark = pytest.mark.slow

GOOD = 40_000 if is_soak() else 8_000
EACH = 1_000


def changed(**changes: object) -> bytes:
    return msgspec.msgpack.encode(msgspec.structs.replace(click_fact(2**30), **changes))


def of_the_future() -> bytes:
    """Of a later release: it has a field more."""
    return msgspec.msgpack.encode([*msgspec.msgpack.decode(msgspec.msgpack.encode(click_fact(2**31))), "more"])


def with_null() -> bytes:
    values = msgspec.msgpack.decode(msgspec.msgpack.encode(click_fact(2**29)))
    return msgspec.msgpack.encode([None if value == "lamoda" else value for value in values])


CLICKS: list[Callable[[], bytes]] = [
    lambda: changed().replace(b"lamoda", b"l\xff\xfeoda"),  # no UTF-8
    lambda: changed(banner="a?b").replace(b"a?b", b"\xed\xa0\x80"),  # \ud800
    lambda: changed(rate=Decimal("NaN")),
    with_null,
    lambda: b"",
    lambda: b"\xc1",
    lambda: changed()[:-1],
]
MONEY: list[tuple[str, Callable[[], bytes]]] = [
    ("postback", lambda: msgspec.msgpack.encode(postback_fact(9)).replace(b"lamoda", b"l\xff\xfeoda")),
    ("revision", lambda: msgspec.msgpack.encode(revision_fact("NaN", base=Decimal("NaN")))),
    ("revision", lambda: b"\xc0"),
    ("tag", lambda: b"\x93\x01\x02\x03"),
]


async def test_a_poisonous_fact_in_a_thousand_is_set_aside_with_its_bytes_and_the_rest_flows(
    warehouse: Warehouse,
) -> None:
    poisons = list(islice(cycle(CLICKS), GOOD // EACH))
    for number, poison in enumerate(poisons):
        first = number * EACH
        await warehouse.record(*(click_fact(place, shard=place) for place in range(first, first + EACH)))
        fields = {FACT_FIELD: poison(), b"n": str(number).encode()}
        await warehouse.add_entries([(click_fact(number, shard=number).click_id, fields)])
    for number, (kind, body) in enumerate(MONEY):
        await warehouse.post(*(postback_fact(place) for place in range(number * 250, number * 250 + 250)))
        await warehouse.post_raw((kind, body()))
    await warehouse.drain_once()

    kept = await warehouse.quarantined()
    shipped = warehouse.count("SELECT uniqExact(click_id) FROM clicks")
    lost = GOOD - shipped
    note("poison in the stream, 1 of 1,000", "the rest flows, poison is kept with its bytes", len(kept), lost)
    assert shipped == GOOD
    assert await warehouse.waiting_clicks() == await warehouse.waiting_facts() == 0
    bodies = {msgspec.msgpack.decode(event)[FACT_FIELD] for source, event, _ in kept if source == "clicks"}
    assert bodies == {poison() for poison in poisons}
    assert {event for source, event, _ in kept if source == "outbox"} == {body() for _, body in MONEY}
    assert warehouse.telemetry.value(QUARANTINED, "clicks") == len(poisons)
    assert warehouse.telemetry.value(QUARANTINED, "outbox") == len(MONEY)
    assert warehouse.count("SELECT count() FROM postbacks") == 250 * len(MONEY)
    assert all(error for _, _, error in kept)


async def test_what_is_only_odd_flows_too(warehouse: Warehouse) -> None:
    """A field of a megabyte, a partner whom nobody knows, a field more than this release knows."""
    long = click_fact(1, deep_link="https://lamoda.example/" + "x" * 1_000_000)
    unknown = click_fact(2, partner="nobody-knows")
    later = click_fact(2**31)
    await warehouse.record(click_fact(0), long, unknown)
    await warehouse.add_entries([(later.click_id, {FACT_FIELD: of_the_future()})])
    await warehouse.drain_once()
    rows = ask(warehouse.engine, "SELECT click_id, length(deep_link), partner_id FROM clicks ORDER BY click_id")
    assert sorted(row[0] for row in rows) == sorted(one.click_id for one in (click_fact(0), long, unknown, later))
    assert (long.click_id, len(long.deep_link), "lamoda") in rows
    assert await warehouse.quarantined() == []
    assert warehouse.telemetry.value(SHIP_FAILURES, "clicks") == 0
