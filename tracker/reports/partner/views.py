"""Messages, the checklist and a trial in words, ready for a template."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tracker.core.listed import KeptMessage
from tracker.core.reasons import Flag, MessageCode, Reason
from tracker.reports.partner.checklist import Item, Shown, State
from tracker.reports.partner.fixes import DECIDED, fixes_of
from tracker.reports.partner.texts import PartnerText
from tracker.web import wording

LONGEST_SHOWN = 4000  # characters of a query or a body

_LOOKS = {State.DONE: "good", State.OPEN: "", State.WRONG: "bad", State.NEEDLESS: ""}
# What a sender need not look into.
_FINE = frozenset({
    DECIDED, MessageCode.DUPLICATE, MessageCode.TEST, MessageCode.DEFERRED, Flag.ORDER_TIME_UNKNOWN,
    Flag.ORIGIN_UNVERIFIED, Flag.RATE_MISSING, Flag.AFTER_WINDOW,
})  # fmt: skip
_NOTICES = _FINE | {Reason.NO_SHOPPER}


@dataclass(frozen=True, slots=True)
class Words:
    text: PartnerText
    language: str
    timezone: str
    paths: Callable[[str], str] = str  # of a dialect as it is kept with a message

    @property
    def other_language(self) -> str:
        return "en" if self.language == "ru" else "ru"

    def checklist(self, items: Sequence[Shown], *, signed: bool = False) -> list[Mapping[str, str]]:
        """`signed`: a message needs more than the address, so that opening it in a browser is refused."""
        return [self._shown(one, signed=signed) for one in items]

    def message(self, kept: KeptMessage) -> Mapping[str, object]:
        status = self.text.statuses.get(kept.status, kept.status)
        return {
            "at": self._moment(kept),
            "method": kept.method,
            "query": _cut(kept.query),
            "body": _cut(kept.body.decode("utf-8", "replace")),
            "order_id": kept.order_id,
            "path": self.paths(kept.dialect),
            "verdict": self.text.verdicts.get(kept.verdict, kept.verdict),
            "code": kept.verdict,
            "look": _look(kept),
            "status": f"{status}, {self.text.on_hold}" if kept.hold else status,
            "http_status": kept.http_status,
            "fixes": _worst_first(fixes_of(kept.verdict, [*kept.reasons, *kept.flags], self.language)),
            "unknown": self._unknown(kept.unknown_status) if kept.unknown_status else "",
            "note": "" if kept.verdict == MessageCode.FAILED else kept.note,  # what failed is our own business
        }

    def trial(self, printed: Mapping[str, object]) -> Mapping[str, object]:
        """The object that `tracker try-postback` prints, and the same in words."""
        codes = [*_listed(printed.get("reasons")), *_listed(printed.get("flags"))]
        return {
            "rows": [(said, self._value(name, printed.get(name))) for name, said in self.text.trial_fields.items()],
            "notes": [self._note(note) for note in _listed(printed.get("notes"))],
            "fixes": _worst_first(fixes_of(DECIDED, codes, self.language)),
            "reply": printed.get("reply", ""),
            "object": json.dumps(printed, ensure_ascii=False, indent=2),
        }

    def _note(self, note: str) -> str:
        kind, _, word = note.partition(":")
        return self._unknown(word) if kind == "unknown_status" else self.text.trial_unsigned

    def _shown(self, one: Shown, *, signed: bool) -> Mapping[str, str]:
        what, advice = self.text.items[one.item]
        if signed and one.item in (Item.REACHED, Item.TESTED):
            advice = self.text.test_signed
        if one.state in (State.DONE, State.NEEDLESS):
            advice = ""
        elif one.words:
            advice = self._unknown(*one.words)
        elif one.state is State.WRONG:
            advice = self.text.sum_refused
        return {"what": what, "advice": advice, "state": self.text.states[one.state], "look": _LOOKS[one.state]}

    def _unknown(self, *words: str) -> str:
        return self.text.unknown_words.format(words=", ".join(words))

    def _value(self, name: str, value: object) -> str:
        if value is None:
            return "—"
        if isinstance(value, bool):
            return self.text.yes if value else self.text.no
        return self.text.statuses.get(str(value), str(value)) if name == "status" else str(value)

    def _moment(self, kept: KeptMessage) -> str:
        local = kept.received_at.astimezone(ZoneInfo(self.timezone))
        return f"{wording.day(local.date(), self.language)}, {local:%H:%M:%S}"


def _look(kept: KeptMessage) -> str:
    if kept.http_status >= 400:
        return "bad"
    return "warn" if kept.unknown_status or {kept.verdict, *kept.reasons, *kept.flags} - _FINE else "good"


def _worst_first(fixes: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What must be mended, then what is good to know."""
    return sorted(fixes, key=lambda fix: fix[0] in _NOTICES)


def _listed(codes: object) -> list[str]:
    return [str(code) for code in codes] if isinstance(codes, list) else []


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
