"""A record of a statement -> what it says of an order, or what is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from tracker.core.money import CONTEXT
from tracker.core.rates import currency_code
from tracker.core.reconciliation import StatementRow
from tracker.core.report import Status
from tracker.core.statement import StatementField, StatementProfile
from tracker.reconcile.record import Problem, Record
from tracker.reconcile.statuses import Said, said_by
from tracker.reconcile.sums import parse_amount

_LONGEST_ORDER_ID = 255
_LARGEST_SUM = Decimal(10) ** 12
_YEARS = range(2000, 2101)
_TOTALS = ("итого", "всего", "total")  # what tables write below the column of order ids
_TIME_FORMATS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y")


class _BadError(Exception):
    """A sentence about one value."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a partner writes: its profile, the zone of its times, its words for statuses, in lower case, and what a sum
    without a currency is in; empty: that is not known."""

    profile: StatementProfile
    zone: str
    statuses: Mapping[str, Said]
    currency: str = ""

    @classmethod
    def of(cls, profile: StatementProfile, zone: str, known: Mapping[str, Said], currency: str = "") -> "Words":
        """What partners.yaml says of the statement comes before what is known anyway."""
        own = {theirs.strip().lower(): _said(ours) for theirs, ours in profile.statuses}
        return cls(profile, profile.timezone or zone, {**known, **own}, currency)


def read_row(record: Record, words: Words) -> tuple[StatementRow | None, list[Problem]]:
    """No row: it is about no order. What cannot be read leaves the row `unread`."""
    order_id = _text(record, StatementField.ORDER_ID)
    if not order_id:
        return None, [Problem(record.place, "no order id")] if len(record.values) > 1 else []
    if order_id.lower().startswith(_TOTALS) and StatementField.STATUS not in record.values:
        return None, []
    if len(order_id) > _LONGEST_ORDER_ID:
        return None, [Problem(record.place, f"{order_id[:40]!r} is not an order id")]
    row = StatementRow(
        place=record.place,
        order_id=order_id,
        line_id=_text(record, StatementField.LINE_ID)[:_LONGEST_ORDER_ID],
        click_id=_text(record, StatementField.CLICK_ID)[:_LONGEST_ORDER_ID],
    )
    return _Reader(record, words).read(row)


@dataclass(frozen=True, slots=True)
class _Reader:
    record: Record
    words: Words

    def read(self, row: StatementRow) -> tuple[StatementRow, list[Problem]]:
        problems: list[Problem] = []
        for step in (self._with_status, self._with_sums, self._with_time):
            try:
                row = step(row)
            except _BadError as bad:
                problems.append(Problem(self.record.place, f"order {row.order_id}: {bad}"))
        return replace(row, unread=bool(problems)), problems

    def _with_status(self, row: StatementRow) -> StatementRow:
        word = _text(self.record, StatementField.STATUS)
        if not word and self.words.profile.status is None:
            return row
        said = self.words.statuses.get(word.lower()) if word else _said(self.words.profile.status or "")
        if said is None:
            raise _BadError(
                f"the status {word[:40]!r} is not known; name it in partners.yaml under statement: statuses:"
            )
        return replace(row, status=said[0], hold=said[1])

    def _with_sums(self, row: StatementRow) -> StatementRow:
        currency = _text(self.record, StatementField.CURRENCY).upper()
        if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise _BadError(f"{currency[:20]!r} is not a currency")
        goods, delivery = self._sum(StatementField.AMOUNT), self._sum(StatementField.DELIVERY)
        if goods is not None and self.words.profile.amounts.include_delivery:
            if delivery is None:
                raise _BadError("the sums include delivery, but the row names none")
            goods = CONTEXT.subtract(goods, delivery)
        return replace(
            row,
            goods=goods,
            delivery=delivery,
            commission=self._sum(StatementField.COMMISSION),
            currency=currency_code(currency) or self.words.currency,
        )

    def _sum(self, field: str) -> Decimal | None:
        value = self.record.values.get(field)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        amounts = self.words.profile.amounts
        rubles = value if isinstance(value, Decimal) else parse_amount(str(value), amounts.decimal)
        if rubles is None or not rubles.is_finite() or abs(rubles) >= _LARGEST_SUM:
            raise _BadError(f"{field} {str(value)[:40]!r} is not a sum{_hint(str(value), amounts.decimal)}")
        return CONTEXT.scaleb(rubles, -2) if amounts.minor else rubles

    def _with_time(self, row: StatementRow) -> StatementRow:
        value = self.record.values.get(StatementField.ORDER_TIME)
        if value is None or value == "":
            return row
        moment = value if isinstance(value, datetime) else self._moment(_text(self.record, StatementField.ORDER_TIME))
        if moment is None or moment.year not in _YEARS:
            raise _BadError(
                f"{str(value)[:40]!r} is not a time; name its form in partners.yaml: statement: time_format:"
            )
        day_only = moment.time() == time()  # Excel, and many exports, write a day as its midnight
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_zone(self.words.zone))
        return replace(row, order_time=moment.astimezone(UTC), day_only=day_only)

    def _moment(self, text: str) -> datetime | None:
        if self.words.profile.time_format:
            return _parsed(lambda: datetime.strptime(text, self.words.profile.time_format or ""))  # noqa: DTZ007 - the zone is the partner's
        if text.isascii() and text.isdigit() and len(text) in (9, 10):
            return datetime.fromtimestamp(int(text), UTC)
        if (moment := _parsed(lambda: datetime.fromisoformat(text))) is not None:
            return moment
        for form in _TIME_FORMATS:
            if (moment := _parsed(lambda form=form: datetime.strptime(text, form))) is not None:  # type: ignore[misc] # noqa: DTZ007 - as above
                return moment
        return None


def _said(ours: str) -> Said:
    status, _, hold = ours.partition("+")
    return said_by(Status(status), hold=bool(hold))


def _parsed(parse: Callable[[], datetime]) -> datetime | None:
    try:
        return parse()
    except ValueError:
        return None


def _hint(text: str, decimal: str | None) -> str:
    if decimal is None and text.count(",") == 1:
        return ": its comma may part thousands or decimals; say which in partners.yaml: statement: amounts: decimal:"
    return ""


def _text(record: Record, field: str) -> str:
    """What no database's text can hold is written as an escape, as in a postback. A number is an id in plain digits."""
    value = record.values.get(field)
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) <= _LONGEST_ORDER_ID else str(value)
    text = str(value).strip()
    return text if text.isascii() and "\0" not in text else _storable(text)


def _storable(text: str) -> str:
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
