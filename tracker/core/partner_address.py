"""What a partner, or its network, is told to send: addresses, words for a status, and what proves who speaks."""

from dataclasses import dataclass, field
from enum import StrEnum


class Purpose(StrEnum):
    """What is told at an address."""

    ALL = "all"  # orders, and every change of them
    NEW = "new"  # orders, without a word for their status
    CHANGES = "changes"  # what became of orders that were told before


@dataclass(frozen=True, slots=True)
class Address:
    """`label` says where it is entered, if it is not simply ours; in the address is the partner's secret."""

    label: str
    url: str = field(repr=False)
    purpose: Purpose = Purpose.ALL


@dataclass(frozen=True, slots=True)
class StatusWords:
    """The sender's words by our status. Of `missing` the sender has no word, and nothing stands in for it."""

    known: tuple[tuple[str, tuple[str, ...]], ...]
    missing: tuple[str, ...] = ()


class AskedKind(StrEnum):
    PARAMETER = "parameter"
    SIGNATURE = "signature"
    WEBHOOK = "webhook"  # Standard Webhooks
    NETWORKS = "networks"


@dataclass(frozen=True, slots=True)
class Signing:
    """How a signature is made, with an example: `text` signed with the partner's key gives `made`."""

    algorithm: str
    encoding: str
    over: str  # query, body, or the parameters in their order
    separator: str
    text: str
    made: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One proof beside the secret of the address. `value` is the newest key, or the networks."""

    kind: AskedKind
    name: str = ""
    value: str = field(default="", repr=False)
    in_header: bool = False
    signing: Signing | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """All that is asked for; or any one of it."""

    each: tuple[Asked, ...] = ()
    any_of: bool = False
