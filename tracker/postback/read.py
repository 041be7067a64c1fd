"""A request in a partner's dialect -> what it says, or why it says nothing (design, section 6; postbacks.md 6)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tracker.core.money import CONTEXT, parse_sum
from tracker.core.partner import AmountIs, AmountUnit, Origin, Partner
from tracker.core.reasons import MessageCode
from tracker.core.report import Report, Status
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import Dialect, Said
from tracker.postback.refusal import Refusal
from tracker.postback.request import RawRequest, fields

# Every way in which a network writes a macro that it did not fill in (postbacks.md 2.1).
_MACRO = re.compile(r"(\[\[\[.*\]\]\]|!!!.*!!!|\{\{?.*\}?\}|<.*>|\(.*\)|#.+#)", re.DOTALL)
_UNIX = re.compile(r"[0-9]{9,10}")
_MAX_ORDER_ID = 255
_YEARS = range(2000, 2101)  # near the ends of the calendar no deadline can be counted
_TRUE, _FALSE = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no"})


class _RefusedError(Exception):
    def __init__(self, code: MessageCode, sentence: str) -> None:
        super().__init__(sentence)
        self.refusal = Refusal(code, sentence)


def read(partner: Partner, request: RawRequest) -> Report | Refusal:
    """What the message says. Never raises for any bytes."""
    sent = fields(request)
    if isinstance(sent, Refusal):
        return sent
    try:
        return _Reader(partner, sent).report()
    except _RefusedError as refused:
        return refused.refusal


def parameters(partner: Partner) -> frozenset[str]:
    """Every parameter that is read of the partner's messages."""
    fields_of_ours = DIALECTS[partner.postback.dialect].fields.keys() | dict(partner.postback.mapping).keys()
    return frozenset(name for field in fields_of_ours for name in _names(partner, field))


def _names(partner: Partner, field: str) -> tuple[str, ...]:
    mapped = dict(partner.postback.mapping).get(field)
    return (mapped,) if mapped else DIALECTS[partner.postback.dialect].fields.get(field, ())


@dataclass(frozen=True, slots=True)
class _Reader:
    partner: Partner
    sent: Mapping[str, str]

    @property
    def dialect(self) -> Dialect:
        return DIALECTS[self.partner.postback.dialect]

    def report(self) -> Report:
        self._refuse_what_is_no_order()
        said = self._status()
        goods, sums = self._sums()
        return Report(
            order_id=self._order_id(),
            line_id=self.text("line_id") or "",
            line_count=self._count("line_count"),
            event_id=self.text("event_id"),
            click_id=self.text("click_id"),
            status=said.status if said else None,
            status_as_sent=self.text("status"),
            hold=self._truth("hold") if self.text("hold") else (said.hold if said else None),
            settled=self._truth("settled"),
            goods=goods,
            commission=self._sum("commission"),
            currency=self._currency(stated=goods is not None),
            tariff=self.text("tariff"),
            promo_code=self.text("promo_code"),
            origin=self._origin(),
            order_time=self._time("order_time"),
            event_time=self._time("event_time"),
            sums_as_sent=sums,
        )

    def parameter(self, field: str) -> str:
        """The sender's name for a field: `map:` of the partner, else the dialect's that is there."""
        names = _names(self.partner, field)
        return next((name for name in names if self.sent.get(name, "").strip()), names[0] if names else field)

    def text(self, field: str) -> str | None:
        """The value of a field; an empty one and a macro that was not filled in are not said."""
        value = self.sent.get(self.parameter(field), "").strip()
        return None if not value or _MACRO.fullmatch(value) else value

    def _refuse_what_is_no_order(self) -> None:
        if not any(value.strip() for value in self.sent.values()):
            raise _RefusedError(MessageCode.EMPTY, "The message has no parameters.")
        events = self.dialect.events & self.sent.keys()
        if events and self.text("order_id") is None:
            raise _RefusedError(MessageCode.EMPTY, f"The message is about {', '.join(sorted(events))}, not an order.")
        if self.sent.get("test") == "1":
            raise _RefusedError(MessageCode.TEST, "The message is a test.")
        for field in ("click_id", "order_id"):
            name = self.parameter(field)
            if _MACRO.fullmatch(self.sent.get(name, "").strip()):
                raise _RefusedError(MessageCode.MACRO, f"{name} is a macro that the network did not fill in.")

    def _order_id(self) -> str:
        order_id = self.text("order_id")
        if order_id is None:
            raise _RefusedError(MessageCode.ORDER_MISSING, f"{self.parameter('order_id')} is missing.")
        if len(order_id) > _MAX_ORDER_ID:
            raise _RefusedError(
                MessageCode.ORDER_MISSING, f"{self.parameter('order_id')} is longer than {_MAX_ORDER_ID} characters."
            )
        return order_id

    def _status(self) -> Said | None:
        """None for a word that nobody explained: it never approves."""
        word = (self.text("status") or "").lower()
        own = {theirs.lower(): Said(Status(ours)) for theirs, ours in self.partner.postback.statuses}
        return own.get(word) or self.dialect.statuses.get(word)

    def _sums(self) -> tuple[Decimal | None, tuple[tuple[str, str], ...]]:
        """What was paid for goods, without delivery; and the sums as they were sent."""
        names = [self.parameter(field) for field in ("amount", "delivery", "commission")]
        as_sent = tuple((name, self.sent[name]) for name in names if name in self.sent)
        goods = self._sum("amount")
        delivery = self._sum("delivery")
        if goods is None:
            return None, as_sent
        if self.partner.postback.amounts.is_ is AmountIs.UNIT_PRICE:
            goods = CONTEXT.multiply(goods, Decimal(self._count("quantity") or 1))
        if self.partner.postback.amounts.include_delivery:
            if delivery is None:
                name = self.parameter("delivery")
                raise _RefusedError(
                    MessageCode.DELIVERY_MISSING,
                    f"The sums include delivery, but {name} is missing; send 0 if free.",
                )
            goods = CONTEXT.subtract(goods, delivery)
        if goods < 0:
            raise _RefusedError(MessageCode.AMOUNT_BAD, f"{self.parameter('amount')} is less than the delivery in it.")
        return goods, as_sent

    def _sum(self, field: str) -> Decimal | None:
        text = self.text(field)
        if text is None:
            return None
        amounts = self.partner.postback.amounts
        rubles = parse_sum(text, amounts.decimal)
        if rubles is not None and amounts.unit is AmountUnit.MINOR:
            rubles = CONTEXT.scaleb(rubles, -2)
        too_fine = rubles is not None and self._currency_as_sent() == "RUB" and _decimals(rubles) > 2
        if rubles is None or too_fine:
            name = self.parameter(field)
            raise _RefusedError(MessageCode.AMOUNT_BAD, f"{name}={text[:40]!r} is not a sum of money.")
        return rubles

    def _currency_as_sent(self) -> str:
        default = "RUB" if "RUB" in self.partner.currencies else min(self.partner.currencies)
        code = (self.text("currency") or default).upper()
        return "RUB" if code == "RUR" else code

    def _currency(self, *, stated: bool) -> str | None:
        code = self._currency_as_sent()
        if code not in self.partner.currencies:
            listed = ", ".join(sorted(self.partner.currencies))
            raise _RefusedError(
                MessageCode.CURRENCY_NOT_LISTED, f"The currency {code[:10]} is not listed for this partner: {listed}."
            )
        return code if stated or self.text("currency") else None

    def _count(self, field: str) -> int | None:
        text = self.text(field)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:7]) <= 100_000 and len(text) <= 6):
            raise _RefusedError(MessageCode.AMOUNT_BAD, f"{self.parameter(field)}={text[:40]!r} is not a count.")
        return int(text)

    def _truth(self, field: str) -> bool | None:
        word = (self.text(field) or "").lower()
        return True if word in _TRUE else False if word in _FALSE else None

    def _origin(self) -> Origin | None:
        word = (self.text("origin") or "").lower()
        return next((origin for origin in Origin if origin == word), None)

    def _time(self, field: str) -> datetime | None:
        """Unix seconds, or ISO 8601 with an offset unless the partner's zone is configured."""
        text = self.text(field)
        if text is None:
            return None
        moment = self._moment(text)
        if moment is not None and moment.year in _YEARS:
            return moment
        raise _RefusedError(
            MessageCode.TIME_BAD,
            f"{self.parameter(field)}={text[:40]!r}: send Unix seconds, or ISO 8601 with an offset like +03:00.",
        )

    def _moment(self, text: str) -> datetime | None:
        try:
            if _UNIX.fullmatch(text):
                return datetime.fromtimestamp(int(text), UTC)
            moment = datetime.fromisoformat(text)
            zone = self.partner.postback.timezone
            if moment.tzinfo is None and zone:
                moment = moment.replace(tzinfo=ZoneInfo(zone))
            return None if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
