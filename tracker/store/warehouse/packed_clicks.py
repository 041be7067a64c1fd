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


class _Kind(NamedTuple):
    """Of a field's values: as what ClickHouse reads them, and what holds for those that fit (`{}` is the field)."""

    type: str
    fits: str


_TEXTS = "arrayAll(text -> isValidUTF8(text), {})"
# Behind the fact comes the shopper's hash. Numbers and decimals that are rarer than these are left to the full decoder.
_KINDS: dict[Any, _Kind] = {
    str: _Kind("String", "isValidUTF8({})"),
    int: _Kind("Int64", "{} >= 0"),
    list[str]: _Kind("Array(String)", _TEXTS),
    Decimal | None: _Kind("Nullable(String)", r"ifNull(match({}, '^-?[0-9]{1,10}(\\.[0-9]{1,8})?$'), 1)"),
    list[tuple[str, str, str, str, int]]: _Kind(
        "Array(Tuple(String, String, String, String, Int64))",
        " AND ".join(_TEXTS.replace("{}", "{}." + str(place)) for place in range(1, 5))
        + " AND arrayAll(number -> number BETWEEN 0 AND 4294967295, {}.5)",
    ),
}
_LAYOUT = Layout(
    ", ".join(f"{name} {_KINDS[type_].type}" for name, type_ in _FIELDS.items()) + ", shopper_hash UInt64",
    {"clicked_at": "intDiv(clicked_at_us, 1000000)"}
    | {column: f"checks.{place}" for place, column in enumerate(CHECK_COLUMNS, 1)},
    " AND ".join(_KINDS[type_].fits.replace("{}", name) for name, type_ in _FIELDS.items())
    + " AND clicked_at_us < 4294967296000000",
)
