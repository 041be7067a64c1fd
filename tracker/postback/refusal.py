"""A message that says nothing we can use: a value, not an exception."""

from dataclasses import dataclass

from tracker.core.reasons import MessageCode


@dataclass(frozen=True, slots=True)
class Refusal:
    """`sentence` tells the sender what to mend."""

    code: MessageCode
    sentence: str
