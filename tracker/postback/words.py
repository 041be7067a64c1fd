"""One message's words: what it says of a field, by whatever name its sender has for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tracker.core.partner import Partner
from tracker.core.reasons import MessageCode
from tracker.postback import values
from tracker.postback.dialects.dialect import Shape


class RefusedError(Exception):
    """The message says nothing, or nothing that can be understood."""

    def __init__(self, code: MessageCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Words:
    partner: Partner
    shape: Shape
    sent: Mapping[str, str]
    mapped: Mapping[str, tuple[str, ...]]
    defaults: Mapping[str, str]
    _values: dict[str, str] = field(init=False)  # of the parameters that are not empty

    def __post_init__(self) -> None:
        stripped = ((name, value.strip()) for name, value in self.sent.items())
        object.__setattr__(self, "_values", {name: value for name, value in stripped if value})

    def names(self, field: str) -> tuple[str, ...]:
        """The sender's names for a field: `map:` of the partner, else the dialect's."""
        return self.mapped.get(field) or self.shape.fields.get(field, ())

    def parameter(self, field: str) -> str:
        """The one of them that is there."""
        names = self.names(field)
        if len(names) == 1:
            return names[0]
        return next((name for name in names if name in self._values), names[0] if names else field)

    def stated(self, field: str) -> str | None:
        """What the message says of a field; an empty value and a macro that was not filled in say nothing."""
        for name in self.names(field):
            if value := self._values.get(name):
                return None if values.is_macro(value) else value
        return None

    def text(self, field: str) -> str | None:
        """The same, or what a message of this kind, or of this partner, means that does not say it."""
        return self.stated(field) or self.shape.implied.get(field) or self.defaults.get(field)

    def count(self, field: str) -> int | None:
        text = self.text(field)
        if text is None:
            return None
        found = values.count(text)
        if found is None:
            raise RefusedError(MessageCode.AMOUNT_BAD, f"{self.parameter(field)}={text[:40]!r} is not a count.")
        return found

    def truth(self, field: str) -> bool | None:
        text = self.text(field) or ""
        return self.shape.truths.get(text.lower(), values.truth(text))

    def time(self, field: str) -> datetime | None:
        text = self.text(field)
        if text is None or values.is_day(text):
            return None
        found = values.moment(text, self.partner.postback.timezone or self.shape.timezone)
        if found is None:
            raise RefusedError(
                MessageCode.TIME_BAD,
                f"{self.parameter(field)}={text[:40]!r}: send Unix seconds, or ISO 8601 with an offset like +03:00.",
            )
        return found
