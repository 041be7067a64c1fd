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


class UnreadableError(ValueError):
    """How the parts of the reader tell each other of a refusal. Its text is the sentence that the sender is told."""

    def __init__(self, sentence: str, code: MessageCode = MessageCode.UNPARSEABLE) -> None:
        super().__init__(sentence)
        self.code = code
