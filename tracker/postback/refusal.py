"""A message that says nothing we can use: a value, not an exception."""

from dataclasses import dataclass

from tracker.core.reasons import MessageCode


@dataclass(frozen=True, slots=True)
class Refusal:
    """`sentence` tells the sender what to mend. The order and the click are what could be read all the same: whoever
    compares books looks for them."""

    code: MessageCode
    sentence: str
    order_id: str = ""
    click_id: str = ""
