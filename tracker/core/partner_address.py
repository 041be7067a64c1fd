"""An address that a partner, or its network, sends orders to."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Address:
    """`label` says where it is entered, `note` what to know; in the address is the partner's secret."""

    label: str
    url: str = field(repr=False)
    note: str = ""
