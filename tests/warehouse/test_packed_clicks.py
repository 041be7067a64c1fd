"""Clicks that the engine decodes itself are the rows that they are when we decode them, and neither way takes what the
other can not tell."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.store.factories import SECOND, click_fact
from tests.warehouse.setting import DAY, Warehouse, ask, hash_shopper
from tracker.core.facts import ClickFact
from tracker.errors import PoisonError
from tracker.store.clicks import FACT_FIELD
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.packed_clicks import PackedClick, pack, packed_rows
from tracker.store.warehouse.rows import CLICKS

FEW = settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each of them is two inserts: to shrink takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

texts = st.text(max_size=40) | st.sampled_from(
    ["", "\0", "\t\\N'\"", "заказ 😀", "x" * 300, "\U0010ffff", "[]", "NULL"]
)
few_texts = st.lists(texts, max_size=4)
hashes = st.integers(0, 2**63 - 1)
rates = st.none() | st.decimals(-9_999_999_999, 9_999_999_999, places=8).filter(lambda rate: "E" not in str(rate))
checks = st.lists(st.tuples(texts, texts, texts, texts, st.integers(0, 2**32 - 1)), max_size=5)
facts = st.builds(
    ClickFact,
    clicked_at_us=st.integers(SECOND * 1_000_000, (SECOND + 90 * DAY) * 1_000_000),
    rate=rates,
    traffic=few_texts,
    refusals=few_texts,
    supersedes=few_texts,
    checks=checks,
    user_agent_hash=hashes,
    address_hash=hashes,
    **{name: texts for name, type_ in ClickFact.__annotations__.items() if type_ is str},
)


def packed(fact: ClickFact | Sequence[object]) -> PackedClick:
    click = pack(msgspec.msgpack.encode(fact))
    assert click is not None
    return click


def changed(**changes: object) -> list[Any]:
    """The values of a fact, also of types that it does not have."""
    ordinary = msgspec.msgpack.decode(msgspec.msgpack.encode(click_fact()))
    return list((dict(zip(ClickFact.__struct_fields__, ordinary, strict=True)) | changes).values())


def stored(engine: EmbeddedEngine, rows: Sequence[Any]) -> Any:
    engine.execute("TRUNCATE TABLE tracker.clicks")
    engine.insert(CLICKS.name, CLICKS.columns, rows)
    columns = ", ".join(CLICKS.columns)
    sql = f"SELECT {columns} FROM tracker.clicks ORDER BY click_id, clicked_at_us"
    return json.loads(engine.query(sql, format_="JSONCompactStrings"))["data"]


@FEW
@given(some=st.lists(facts, min_size=1, max_size=20, unique_by=lambda fact: fact.click_id))
@pytest.mark.usefixtures("threads")
def test_both_ways_store_the_same_rows(engine: EmbeddedEngine, some: list[ClickFact]) -> None:
    rows = packed_rows(list(map(packed, some)), hash_shopper)
    as_they_are = stored(engine, rows)
    assert len(as_they_are) == len(rows) == len(some)
    assert as_they_are == stored(engine, rows.by_column)


CHECK = ("cookies", "ok", "high", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"rate": "0.123456789"},
        {"rate": "12345678901"},
        {"rate": "NaN"},
        {"rate": ""},
        {"checks": [CHECK]},
        {"checks": [(*CHECK, 1, "more")]},
        {"checks": [(*CHECK, 1), CHECK]},
        {"checks": [(*CHECK, -1)]},
        {"checks": [(*CHECK, 2**32)]},
        {"checks": [(*CHECK, 2**64 - 1)]},
        {"checks": [(*CHECK, 1.0)]},
        {"checks": [(*CHECK, None)]},
        {"checks": None},
        {"checks": "none"},
        {"user_agent_hash": -1},
        {"user_agent_hash": "1"},
        {"address_hash": None},
        {"address_hash": 1.5},
        {"clicked_at_us": -1},
        {"clicked_at_us": 2**32 * 1_000_000},
        {"clicked_at_us": 2**63},
        {"banner": None},
        {"banner": 1},
        {"banner": True},
        {"banner": ["a"]},
        {"banner": {"a": "b"}},
        {"banner": b"\xff"},
        {"banner": b"\xed\xa0\x80"},  # \ud800
        {"banner": msgspec.msgpack.Ext(2, b"a" * 16)},
        {"traffic": ["a", None]},
        {"traffic": [["a"]]},
        {"traffic": "a"},
        {"traffic": [b"\xc3", b"\xa9"]},
        {"supersedes": None},
    ],
)
@pytest.mark.usefixtures("threads")
def test_what_does_not_fit_is_refused_both_ways_with_all_that_came_with_it(
    engine: EmbeddedEngine, changes: dict[str, object]
) -> None:
    rows = packed_rows([packed(click_fact(1)), packed(changed(**changes)), packed(click_fact(2))], hash_shopper)
    with pytest.raises(PoisonError):
        engine.insert(CLICKS.name, CLICKS.columns, rows)
    with pytest.raises(PoisonError):
        engine.insert(CLICKS.name, CLICKS.columns, rows.by_column)
    assert engine.query("SELECT count() FROM tracker.clicks", format_="TSV") == b"0\n"


@pytest.mark.parametrize(
    ("changes", "column", "kept"),
    [
        ({"banner": b"b-1"}, "banner", "b-1"),
        ({"traffic": [b"repeat"]}, "traffic", "['repeat']"),
        ({"user_agent_hash": True}, "user_agent_hash", "1"),
    ],
)
@pytest.mark.usefixtures("threads")
def test_what_says_the_same_in_another_type_is_taken_for_that(
    engine: EmbeddedEngine, changes: dict[str, object], column: str, kept: str
) -> None:
    [row] = stored(engine, packed_rows([packed(changed(**changes))], hash_shopper))
    assert row[CLICKS.columns.index(column)] == kept


async def test_what_only_the_full_decoder_takes_is_shipped_by_it_with_its_neighbours(warehouse: Warehouse) -> None:
    rare = [
        click_fact(1, shard=1, rate=Decimal("1E-8")),
        click_fact(2, shard=2, user_agent_hash=2**64 - 1),
        click_fact(3, shard=3, address_hash=2**63),
    ]
    await warehouse.record(click_fact(0), *rare, click_fact(4, shard=4))
    later = [*msgspec.msgpack.decode(msgspec.msgpack.encode(click_fact(5))), "a field of a later release"]
    await warehouse.add_entries([(click_fact(5).click_id, {FACT_FIELD: msgspec.msgpack.encode(later)})])
    await warehouse.drain_once()
    assert await warehouse.waiting_clicks() == 0
    assert await warehouse.quarantined() == []
    shown = (
        "SELECT count(), min(rate) = toDecimal64('0.00000001', 8), max(user_agent_hash), max(address_hash) FROM clicks"
    )
    assert ask(warehouse.engine, shown) == [(6, 1, 2**64 - 1, 2**63)]


@pytest.mark.usefixtures("threads")
def test_a_click_that_is_twice_in_one_insert_counts_once(engine: EmbeddedEngine) -> None:
    some = [packed(click_fact(number)) for number in range(3)]
    for _ in range(2):
        engine.insert(CLICKS.name, CLICKS.columns, packed_rows(some * 2, hash_shopper))
        assert ask(engine, "SELECT count() FROM clicks") == [(3,)]
        assert ask(engine, "SELECT sum(clicks) FROM partner_daily") == [(3,)]
