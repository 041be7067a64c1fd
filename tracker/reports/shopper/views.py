"""Clicks, purchases and revisions in words, ready for a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

from tracker.core.facts import RevisionFact
from tracker.core.partner import Programme
from tracker.core.reasons import Flag, Reason
from tracker.core.report import Status
from tracker.core.unix_time import moment
from tracker.ports import Purchase, ShopperClick
from tracker.reports.shopper.period import State, Totals, state_of
from tracker.reports.shopper.reasons import REASONS
from tracker.reports.shopper.texts import ShopperText
from tracker.web import wording

_LOOKS = {State.PENDING: "warn", State.ACCRUED: "good", State.REJECTED: "bad"}


@dataclass(frozen=True, slots=True)
class Words:
    text: ShopperText
    language: str
    programme: Programme
    now: datetime

    @property
    def other_language(self) -> str:
        return "en" if self.language == "ru" else "ru"

    def totals(self, both: Totals) -> Mapping[str, str]:
        return {"accrued": self._rubles(both.accrued), "pending": self._rubles(both.pending)}

    def purchase(self, one: Purchase) -> Mapping[str, object]:
        state = state_of(one)
        return {
            "partner": self._partner(one.partner_id),
            "order_id": one.order_id,
            "address": f"/my/{one.partner_id}/{quote(one.order_id, safe='')}",
            "at": self._moment(one.at),
            "state": self.text.states[state],
            "look": _LOOKS[state],
            "cashback": self._cashback(one.cashback, state),
            "goods": self._goods(one),
            "click_id": one.click_id,
            "expectation": self._expectation(one, state),
            "reasons": self._reasons((*one.reasons, *(flag for flag in one.flags if state is State.PENDING))),
        }

    def click(self, one: ShopperClick) -> Mapping[str, object]:
        return {
            "partner": self._partner(one.partner_id),
            "partner_id": one.partner_id,
            "at": self._moment(one.clicked_at),
            "click_id": one.click_id,
            "reasons": self._reasons(one.refusals),
        }

    def history(self, facts: Sequence[RevisionFact]) -> list[Mapping[str, object]]:
        return [self._revision(fact) for fact in reversed(facts)]

    def _revision(self, fact: RevisionFact) -> Mapping[str, object]:
        reasons = tuple(Reason(code) for code in fact.reasons)
        pending = fact.status == Status.PENDING or fact.hold
        state = State.PENDING if pending else State.ACCRUED
        if fact.status == Status.DECLINED or (reasons and not fact.cashback):
            state = State.REJECTED
        change = fact.cashback_change
        return {
            "at": self._moment(moment(fact.revised_at_us)),
            "by": self.text.first_told if fact.postback_id else self.text.by_us,
            "state": self.text.states[state],
            "look": _LOOKS[state],
            "cashback": self._cashback(fact.cashback, state),
            "change": f"{'+' if change > 0 else '−'}{self._rubles(abs(change))}" if change else "",
            "reasons": self._reasons(reasons),
        }

    def _expectation(self, one: Purchase, state: State) -> str:
        """When the shop usually confirms, or that it has not done so in time."""
        if state is not State.PENDING:
            return ""
        if one.status is Status.PENDING and self.now > one.confirm_by:
            return self.text.not_confirmed.format(day=self._day(one.confirm_by))
        if one.hold:
            return self.text.on_hold
        partner = self.programme.partners.get(one.partner_id)
        if partner is None or partner.expected_days is None:
            return self.text.expected.format(day=self._day(one.confirm_by))
        return self.text.expected.format(day=self._day(one.at + timedelta(days=partner.expected_days)))

    def _reasons(self, codes: Sequence[Reason | Flag]) -> list[tuple[str, str]]:
        """What happened and what to do next time; a flag that says nothing to a shopper is left out."""
        words = REASONS[self.language]
        return [words[code] for code in codes if code in words]

    def _cashback(self, rubles: int, state: State) -> str:
        if state is State.PENDING:
            return self.text.will_be.format(sum=self._rubles(rubles))
        return self._rubles(rubles) if rubles else self.text.nothing_counts

    def _goods(self, one: Purchase) -> str:
        return self._rubles(one.base) if one.base else ""  # declined: nothing of it counts any more

    def _rubles(self, amount: Decimal | int) -> str:
        return wording.rubles(amount, self.language)

    def _moment(self, at: datetime) -> str:
        return wording.moment(at, self.programme.timezone, self.language)

    def _day(self, at: datetime) -> str:
        return wording.day(at.date(), self.language, year=True)

    def _partner(self, partner_id: str) -> str:
        partner = self.programme.partners.get(partner_id)
        return partner.name if partner else partner_id
