"""Facts without the person: the stand-in's, and nothing of the browser or its address."""

from typing import TypeVar

import msgspec

from tracker.core.facts import ClickFact, RevisionFact, TagFact

Fact = TypeVar("Fact", bound=ClickFact)


def forget_click(fact: Fact, stand_in: str) -> Fact:
    return msgspec.structs.replace(
        fact, shopper_id=stand_in, browser_id="", deep_link="", user_agent_hash=0, address_hash=0, address_net=""
    )


def forget_revision(fact: RevisionFact, stand_in: str) -> RevisionFact:
    return msgspec.structs.replace(fact, shopper_id=stand_in)


def forget_tag(fact: TagFact) -> TagFact:
    return msgspec.structs.replace(fact, user_agent_hash=0, address_hash=0)
