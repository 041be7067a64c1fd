"""What the checks page sends back, read once into a frozen value."""

from enum import StrEnum
from typing import Annotated

import msgspec

from tracker.fraud.browser import Evidence

LONGEST_BODY = 4096


class Act(StrEnum):
    """What the shopper asks for."""

    CHECK = "check"  # the first look, and each Retry
    OVER = "over"  # start over in this tab
    OVERRULE = "overrule"  # go on in spite of what is only a warning
    ANYWAY = "anyway"  # go on without cashback


class _Said(msgspec.Struct, frozen=True):
    page: Annotated[str, msgspec.Meta(max_length=512)]
    act: Act
    tab: Annotated[str, msgspec.Meta(pattern=r"^(?:[a-z0-9]{16})?\Z")] = ""
    copied: bool = False


class CheckRequest(msgspec.Struct, frozen=True):
    page: str  # the token of the page that asks
    act: Act
    tab: str  # that the tab keeps in its sessionStorage; empty: it cannot
    copied: bool  # another open tab has that id: this one is its copy, and has a new id
    evidence: Evidence


def read_check(body: bytes) -> CheckRequest | None:
    """None: no page of ours sends such a thing."""
    if len(body) > LONGEST_BODY:
        return None
    try:
        said = msgspec.json.decode(body, type=_Said)
        evidence = msgspec.json.decode(body, type=Evidence)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return CheckRequest(said.page, said.act, said.tab, said.copied, evidence)
