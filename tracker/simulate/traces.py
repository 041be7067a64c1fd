"""What a run needs, and what it leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tracker.simulate.clicks import PlannedClick
from tracker.simulate.found import Ask, Audit
from tracker.simulate.messages import Message, Stray
from tracker.simulate.orders import Sending
from tracker.simulate.outcome import Clicked
from tracker.simulate.traffic import Answered, Replied, Sign


class Service(Protocol):
    """The running tracker, as the command hands it over."""

    @property
    def url(self) -> str:
        """Of this machine."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """Of the partners' postbacks, by partner."""

    @property
    def sign(self) -> Sign: ...

    @property
    def ask(self) -> Ask: ...

    async def audit(self) -> Audit: ...


class Plan(NamedTuple):
    """`name` begins every id of the run; `alone` says that the tracker had nothing before."""

    clicks: int
    seed: int
    name: str
    alone: bool


class Reply(NamedTuple):
    message: Message
    must_be: int  # HTTP status
    replied: Replied


@dataclass(frozen=True, slots=True)
class Traces:
    """What was sent, and how it was answered."""

    clicks: list[PlannedClick] = field(default_factory=list)
    answers: dict[int, Answered] = field(default_factory=dict)  # by the click's number
    made: dict[str, Clicked] = field(default_factory=dict)  # by click id
    sendings: list[Sending] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
