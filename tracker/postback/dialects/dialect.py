"""What differs between senders, described: `read.py`, `authenticate.py` and `reply.py` do the rest, the same for all.

A dialect is one sender's language; a shape is one kind of request in it. Admitad's sender, for one, tells orders at
`/r` and their fate at `/rp`, in other words and with other sums.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from tracker.core.partner import Amounts, Origin
from tracker.core.report import Status

# The fields of a report that a message may state, by the names of the generic dialect and of `map:` in partners.yaml.
FIELDS = (
    "click_id", "order_id", "line_id", "line_count", "event_id", "status", "hold", "settled", "amount", "quantity",
    "delivery", "commission", "currency", "tariff", "promo_code", "origin", "order_time", "event_time", "product",
)  # fmt: skip

# A value that stands in the path is read like a parameter of this name: `path.click` of `/offer/postback/{click}`.
PATH = "path."


class ReplyStyle(StrEnum):
    """In whose words we answer."""

    OK = "ok"  # the text OK
    SMALL_OK = "small_ok"  # the text ok, exactly
    JSON = "json"  # received_id, verdict, reasons
    TUNE = "tune"  # success=true; or success=false; err_msg=...;
    ADMITAD = "admitad"  # {"success": true} or {"success": false, "errors": [...]}
    PIXEL = "pixel"  # an image of one pixel


class Direction(StrEnum):
    """Who calls."""

    NETWORK = "network"  # a network fills in the macros of our address
    SENDER = "sender"  # the partner's own server, in the shape of a network's address


@dataclass(frozen=True, slots=True)
class Said:
    """What one status word means. None: it says nothing of that."""

    status: Status | None
    hold: bool | None = None
    settled: bool | None = None


# What most senders mean: whoever has no word for a hold has none.
PENDING = Said(Status.PENDING, hold=False)
HELD = Said(Status.PENDING, hold=True)
APPROVED = Said(Status.APPROVED, hold=False)
DECLINED = Said(Status.DECLINED, hold=False)


def words(said: Said, text: str) -> dict[str, Said]:
    """`words(DECLINED, "rejected cancelled")`."""
    return dict.fromkeys(text.split(), said)


@dataclass(frozen=True, slots=True)
class Items:
    """A list of JSON objects, each a basket line, at `path`; the names are the objects' own."""

    path: str
    line_id: tuple[str, ...]
    amount: tuple[str, ...]
    quantity: tuple[str, ...] = ()
    tariff: tuple[str, ...] = ()
    unit_price: bool = False  # else the sum of the line


@dataclass(frozen=True)
class Shape:
    """One kind of request.

    `fields`: our field -> the sender's parameters, the first that is there counts. `paths`: the network's own, for a
    sender that changes nothing but the host. `implied`: what this kind of request says by itself, such as a status.
    `listed`: parameters in which the sender lists its own words. `origins`: its words for where an order was made.
    `truths`: its words for yes and no, where they are not these. `events`: parameters that mark a message about no
    order.
    """

    name: str
    fields: Mapping[str, tuple[str, ...]]
    statuses: Mapping[str, Said]
    reply: ReplyStyle
    paths: tuple[str, ...] = ()
    implied: Mapping[str, str] = field(default_factory=dict)
    listed: Mapping[str, Said] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    truths: Mapping[str, bool] = field(default_factory=dict)
    events: frozenset[str] = frozenset()
    amounts: Amounts | None = None  # None: as partners.yaml says, which has defaults
    corrections: bool = False  # each message is a line of its own, and takes away if its sum is negative
    items: Items | None = None
    json_field: str | None = None
    timezone: str | None = None  # of times without an offset
    always_200: bool = False  # refusals too: whoever sees another status gives up, or stops sending for good

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """`/ok/{aim}.png` as a pattern with the group `aim`."""
        return tuple(_pattern(path) for path in self.paths)

    def captured(self, path: str) -> dict[str, str] | None:
        """What stands in a path of this shape, by `path.NAME`; None: it is none."""
        for pattern in self.patterns:
            if found := pattern.fullmatch(path):
                return {PATH + name: value for name, value in found.groupdict().items()}
        return None

    @property
    def parameters(self) -> frozenset[str]:
        return frozenset(name for names in self.fields.values() for name in names)


@dataclass(frozen=True)
class Dialect:
    """`shapes`: the first is the one at our own address. `proof` names the parameters in which a sender of this shape
    carries its secret. The rest is for the table in docs/partners.md: `sources` are keys of the public documents,
    `retries` says what the sender does when we fail, `unsure` what no source told us."""

    name: str
    title: str
    direction: Direction
    shapes: tuple[Shape, ...]
    sources: str
    retries: str
    covers: str
    unsure: str = ""
    macros: str = ""  # the query of our address with the network's macros
    proof: tuple[str, ...] = ()

    def shape(self, name: str) -> Shape:
        """By its name; the first if there is none of that name any more."""
        return next((shape for shape in self.shapes if shape.name == name), self.shapes[0])

    def at(self, path: str) -> tuple[Shape, dict[str, str]] | None:
        """The shape whose own path that is, and what stands in it."""
        for shape in self.shapes:
            captured = shape.captured(path)
            if captured is not None:
                return shape, captured
        return None


def _pattern(path: str) -> re.Pattern[str]:
    """With and without a slash at the end."""
    pieces = re.split(r"\{(\w+)\}", path.rstrip("/"))
    text = "".join(f"(?P<{piece}>[^/]+)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))
    return re.compile(f"{text}/?")
