"""Runs and differences in words, of one language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tracker.core.rates import RUBLES
from tracker.core.reconciliation import Cause, Difference, Kind, Ours, Run, Theirs
from tracker.reports.reconciliation.texts import ReconciliationText
from tracker.web import wording

PATH = "/reports/reconciliations"
_KOPECK = Decimal("0.01")


class Chip(NamedTuple):
    """A filter."""

    label: str
    orders: str
    address: str
    is_chosen: bool


class Filter(NamedTuple):
    kind: str = ""
    cause: str = ""

    def address(self, run: Run, suffix: str = "", **more: str) -> str:
        """Of the page, or of the file, that shows what passes."""
        query = {name: value for name, value in (("kind", self.kind), ("cause", self.cause), *more.items()) if value}
        return f"{PATH}/{run.run_id}{suffix}" + (f"?{urlencode(query)}" if query else "")


@dataclass(frozen=True, slots=True)
class Words:
    text: ReconciliationText
    language: str
    zone: str
    partners: Mapping[str, str]  # id -> name

    def run_row(self, run: Run) -> dict[str, object]:
        return {
            "address": f"{PATH}/{run.run_id}",
            "at": self.moment(run),
            "partner": self.partners.get(run.partner_id, run.partner_id),
            "file": run.file_name,
            "period": self.period(run),
            "rows": self.number(run.rows),
            "differing": self.number(run.totals.differing),
            "difference": self.rubles(run.totals.difference),
            "applied": self.text.not_applied if run.applied is None else self._applied_day(run),
        }

    def headline(self, run: Run) -> list[tuple[str, str]]:
        totals, text = run.totals, self.text
        shown = [
            (text.theirs, self.rubles(totals.theirs)),
            (text.ours, self.rubles(totals.ours)),
            (text.difference, self.rubles(totals.difference)),
            (f"{text.cashback}, {text.if_right}", self.rubles(Decimal(totals.cashback))),
        ]
        if totals.commission:
            shown.append((text.commission, self.number(_rounded(totals.commission))))
        shown += [
            (text.no_rate, f"{self.number(_rounded(amount))} {currency}")
            for currency, amount in sorted(totals.other_currencies.items())
        ]
        return shown + ([(text.unread, self.number(totals.unread))] if totals.unread else [])

    def kinds(self, run: Run, chosen: Filter) -> list[Chip]:
        counts = {kind: run.totals.orders.get(kind, 0) for kind in Kind}
        return [
            self._chip(self.text.kind[kind], count, run, chosen._replace(kind=kind), is_chosen=chosen.kind == kind)
            for kind, count in counts.items()
            if count and kind is not Kind.MATCHED
        ]

    def causes(self, run: Run, chosen: Filter) -> list[Chip]:
        counts = {cause: run.totals.causes.get(cause, 0) for cause in Cause}
        return [
            self._chip(
                self.text.of_cause[cause], count, run, chosen._replace(cause=cause), is_chosen=chosen.cause == cause
            )
            for cause, count in sorted(counts.items(), key=lambda one: -one[1])
            if count
        ]

    def _chip(self, label: str, count: int, run: Run, filter_: Filter, *, is_chosen: bool) -> Chip:
        return Chip(label, self.number(count), filter_.address(run), is_chosen)

    def lines(self, differences: Iterable[Difference]) -> list[dict[str, str]]:
        return [
            {
                "order": one.order_id,
                "what": ", ".join(self.text.kind[kind] for kind in one.kinds),
                "cause": ", ".join((*(self.text.of_cause[cause] for cause in one.causes), *one.codes)),
                "theirs": self._theirs(one.theirs),
                "ours": self._ours(one.ours),
                "difference": "?" if one.rubles is None else self.rubles(one.rubles),
                "cashback": "?" if one.cashback is None else self.rubles(Decimal(one.cashback)),
            }
            for one in differences
        ]

    def _theirs(self, side: Theirs | None) -> str:
        if side is None:
            return "—"
        amount = self.text.no_sum if side.goods is None else self.number(_rounded(side.goods))
        currency = "" if side.currency in ("", RUBLES) else f" {side.currency}"
        return f"{amount}{currency}, {self.text.status[side.status or '']}"

    def _ours(self, side: Ours | None) -> str:
        return "—" if side is None else f"{self.number(_rounded(side.base))}, {self.text.status[side.status]}"

    def applied(self, run: Run) -> str:
        if run.applied is None:
            return ""
        at, staff, reason = run.applied
        moment = wording.moment(at, self.zone, self.language)
        return self.text.applied_by.format(at=moment, staff=staff, reason=reason)

    def _applied_day(self, run: Run) -> str:
        return "" if run.applied is None else wording.day(self._local(run.applied[0]), self.language)

    def moment(self, run: Run) -> str:
        return wording.moment(run.at, self.zone, self.language)

    def period(self, run: Run) -> str:
        first, last = self._local(run.since), self._local(run.until - timedelta(microseconds=1))
        until = wording.day(last, self.language, year=True)
        return until if first == last else f"{wording.day(first, self.language)} – {until}"

    def _local(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()

    def rubles(self, amount: Decimal) -> str:
        return wording.rubles(_rounded(amount), self.language)

    def number(self, value: Decimal | int) -> str:
        return wording.number(value, self.language)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_KOPECK, rounding=ROUND_HALF_UP)
