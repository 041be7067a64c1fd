"""Orders, messages and acts in words, ready for a template."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from tracker.core.listed import DeskOrder, KeptMessage, ListedRevision, OrderFile, StaffAct
from tracker.core.partner import Programme
from tracker.core.rates import RUBLES
from tracker.core.reasons import Flag, Reason
from tracker.ports import Waiting
from tracker.reports.analysts.codes import CODES
from tracker.reports.desk.forms import ActKind
from tracker.reports.desk.texts import DeskText
from tracker.web import wording

_LOOKS = {"pending": "warn", "approved": "good", "declined": "bad"}
_LONGEST_SHOWN = 4000


@dataclass(frozen=True, slots=True)
class Words:
    text: DeskText
    language: str
    programme: Programme

    @property
    def other_language(self) -> str:
        return "en" if self.language == "ru" else "ru"

    def order(self, one: DeskOrder) -> Mapping[str, object]:
        status = self.text.statuses.get(one.status, one.status)
        return {
            "partner": self.partner(one.partner_id),
            "order_id": one.order_id,
            "address": order_address(one.partner_id, one.order_id),
            "status": f"{status}, {self.text.on_hold}" if one.hold else status,
            "look": "warn" if one.hold else _LOOKS.get(one.status, ""),
            "cashback": wording.rubles(one.cashback, self.language),
            "reasons": [self._reason(code) for code in one.reasons],
            "flags": [self._flag(code) for code in one.flags],
            "held": [self._flag(code) for code in one.held_by_us],
            "facts": self._facts(one),
        }

    def waiting(self, one: Waiting) -> Mapping[str, str]:
        return {
            "at": self._moment(one.raw.received_at),
            "partner": self.partner(one.raw.partner_id),
            "order_id": one.order_id,
            "address": order_address(one.raw.partner_id, one.order_id),
            "why": self.text.waiting.get(one.code, one.code),
            "note": one.note,
            "query": _cut(one.raw.query),
            "body": _cut(one.raw.body.decode("utf-8", "replace")),
            "method": one.raw.method,
        }

    def file(self, file: OrderFile) -> Mapping[str, object]:
        """One order with everything that was said and done about it."""
        return {
            "order": self.order(file.order),
            "forms": [(kind, self.text.acts[kind]) for kind in applicable(file.order)],
            "messages": [self._message(one) for one in reversed(file.messages)],
            "revisions": [self._revision(one) for one in file.revisions],
            "acts": [self._act(one) for one in reversed(file.acts)],
        }

    def partner(self, partner_id: str) -> str:
        """Its name; its id once it has left the programme."""
        partner = self.programme.partners.get(partner_id)
        return partner.name if partner else partner_id

    def _facts(self, one: DeskOrder) -> list[tuple[str, str]]:
        text, sums = self.text, wording.rubles(one.base, self.language)
        if one.currency != RUBLES:  # what was paid, and what of it counts once its rate is known
            sums = f"{wording.number(one.goods, self.language)} {one.currency}" + (f", {sums}" if one.base else "")
        facts = [
            (text.base, sums),
            (text.first_seen, self._moment(one.first_seen_at)),
            (text.ordered, self._moment(one.ordered_at)),
            (text.clicked, self._moment(one.clicked_at)),
            (text.confirm_by, self._moment(one.confirm_by)),
            (text.shopper, one.shopper_id),
            (text.click, one.click_id),
            (text.promo_code, one.promo_code),
        ]
        if one.click_as_sent != one.click_id:
            facts.append((text.click_as_sent, one.click_as_sent))
        elif not one.click_id:
            facts.append((text.click_as_sent, text.none))
        return [(what, said) for what, said in facts if said]

    def _message(self, one: KeptMessage) -> Mapping[str, object]:
        return {
            "at": self._moment(one.received_at),
            "method": one.method,
            "query": _cut(one.query),
            "body": _cut(one.body.decode("utf-8", "replace")),
            "verdict": one.verdict,
            "http_status": one.http_status,
            "reasons": [self._reason(code) for code in one.reasons if code != one.verdict],
            "note": one.note,
        }

    def _revision(self, one: ListedRevision) -> Mapping[str, object]:
        status = self.text.statuses.get(one.status, one.status)
        change = one.cashback_change
        return {
            "at": self._moment(one.revised_at),
            "by": self.text.by_partner if one.by_message else self.text.by_us,
            "status": f"{status}, {self.text.on_hold}" if one.hold else status,
            "look": "warn" if one.hold else _LOOKS.get(one.status, ""),
            "cashback": wording.rubles(one.cashback, self.language),
            "change": f"{'+' if change > 0 else '−'}{wording.rubles(abs(change), self.language)}" if change else "",
            "why": [*map(self._reason, one.reasons), *map(self._flag, one.flags)],
        }

    def _act(self, one: StaffAct) -> Mapping[str, str]:
        return {
            "at": self._moment(one.at),
            "what": self.text.kinds.get(one.kind, one.kind),
            "reason": one.reason,
            "staff": one.staff,
            "click_id": one.click_id,
        }

    def _reason(self, code: str) -> str:
        return CODES[self.language].get(code, code)

    def _flag(self, code: str) -> str:
        return self.text.flags.get(code, code)

    def _moment(self, at: datetime | None) -> str:
        return wording.moment(at, self.programme.timezone, self.language) if at else ""


def applicable(order: DeskOrder) -> list[ActKind]:
    """What makes sense for an order as it stands; an order that has moved on since says so itself."""
    fits = {
        ActKind.CREDIT_LATE: Reason.LATE in order.reasons,
        ActKind.RELEASE: bool(set(order.held_by_us) - {Flag.RATE_MISSING}),
        ActKind.CLAIM: not order.click_id,
    }
    return [kind for kind in ActKind if fits[kind]]


def order_address(partner_id: str, order_id: str) -> str:
    """In the query: an order id may hold what a path cannot."""
    return f"/desk/order?{urlencode({'partner': partner_id, 'order': order_id})}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
