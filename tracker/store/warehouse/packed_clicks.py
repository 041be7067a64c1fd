"""Clicks on their way from Valkey to an engine that decodes MessagePack itself: of each only what the drain must know
is looked at here. Text that is held as bytes, and a truth value for a number, pass where a full decoder refuses them:
they say the same."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, get_type_hints

import msgspec

from tracker.core.facts import ClickFact
from tracker.errors import PoisonError
from tracker.store.warehouse.packed_rows import Layout, PackedRows
from tracker.store.warehouse.rows import CHECK_COLUMNS, HashShopper, StreamedClick, click_rows

_FIELDS = get_type_hints(ClickFact)
_SHAPE = msgspec.msgpack.encode([None] * len(_FIELDS))[: -len(_FIELDS)]  # how an array of so many values begins
_SEEN = [(name, _FIELDS[name]) for name in ClickFact.__struct_fields__[: 1 + list(_FIELDS).index("shopper_id")]]
# The first values of a fact. What follows them is stepped over: it is whole, whatever it says.
_seen: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
    msgspec.defstruct("_Seen", _SEEN, frozen=True, array_like=True, gc=False)
)
_clicks = msgspec.msgpack.Decoder(StreamedClick)
_number = msgspec.msgpack.Encoder()


class PackedClick(NamedTuple):
    values: bytes
    clicked_at_us: int
    shopper_id: str


def pack(fact: bytes) -> PackedClick | None:
    """None: it is no fact of this release's shape. Raises msgspec.MsgspecError for what is none at all."""
    if not fact.startswith(_SHAPE):
        return None
    seen = _seen.decode(fact)
    return PackedClick(fact[len(_SHAPE) :], seen.clicked_at_us, seen.shopper_id)


def pack_again(fact: StreamedClick) -> PackedClick:
    return PackedClick(msgspec.msgpack.encode(fact)[len(_SHAPE) :], fact.clicked_at_us, fact.shopper_id)


def packed_rows(clicks: Sequence[PackedClick], hash_shopper: HashShopper) -> PackedRows:
    """At least one."""
    encode = _number.encode
    parts = [part for values, _, shopper in clicks for part in (values, encode(hash_shopper(shopper)))]

    def unpack() -> Any:
        try:
            return click_rows([_clicks.decode(_SHAPE + click.values) for click in clicks], hash_shopper)
        except (msgspec.MsgspecError, ValueError) as error:
            raise PoisonError(f"One of these is no click: {error}") from error

    return PackedRows(b"".join(parts), len(clicks), _LAYOUT, unpack)


# As what ClickHouse reads each kind of field: wider than its column.
_CHECKS = list[tuple[str, str, str, str, int]]
_TYPES: dict[Any, str] = {
    str: "String",
    int: "Int64",
    list[str]: "Array(String)",
    Decimal | None: "Nullable(String)",
    _CHECKS: "Array(Tuple(String, String, String, String, Int64))",
}


def _of(kind: Any) -> list[str]:
    return [name for name, type_ in _FIELDS.items() if type_ == kind]


# With a blank between them no text makes the broken end of another whole: to ask for all at once is quicker.
_LISTS = _of(list[str]) + [f"{name}.{place}" for name in _of(_CHECKS) for place in range(1, 5)]
_TEXTS = ", ".join([*_of(str), *(f"arrayStringConcat({name}, ' ')" for name in _LISTS)])
_FITS = [
    f"isValidUTF8(concatWithSeparator(' ', {_TEXTS}))",
    f"least({', '.join(_of(int))}) >= 0",  # greater ones than these are left to the full decoder, as are odd decimals
    "clicked_at_us < 4294967296000000",
    *(rf"ifNull(match({name}, '^-?[0-9]{{1,10}}(\\.[0-9]{{1,8}})?$'), 1)" for name in _of(Decimal | None)),
    *(f"arrayMin({name}.5) >= 0 AND arrayMax({name}.5) < 4294967296" for name in _of(_CHECKS)),
]
_LAYOUT = Layout(
    ", ".join(f"{name} {_TYPES[type_]}" for name, type_ in _FIELDS.items()) + ", shopper_hash UInt64",
    {"clicked_at": "intDiv(clicked_at_us, 1000000)"}
    | {column: f"checks.{place}" for place, column in enumerate(CHECK_COLUMNS, 1)},
    " AND ".join(_FITS),
)
