"""A request in a partner's dialect -> what it says, or why it says nothing (design, section 6; postbacks.md 6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from tracker.core.money import CONTEXT
from tracker.core.partner import AmountIs, Amounts, Origin, Partner, PostbackProfile
from tracker.core.rates import RUBLES, currency_code
from tracker.core.reasons import MessageCode
from tracker.core.report import BasketLine, Report, Status
from tracker.postback import currencies, values
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import Items, Said, Shape
from tracker.postback.refusal import Refusal
from tracker.postback.request import RawRequest, fields

_MAX_ORDER_ID = 255
_MOST_ITEMS = 200
_OUR_WORDS = {str(status): Said(status) for status in Status}  # of `defaults:`, whatever the sender's own are


class _RefusedError(Exception):
    def __init__(self, code: MessageCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def read(partner: Partner, request: RawRequest) -> Report | Refusal:
    """What the message says. Never raises for any bytes."""
    shape = DIALECTS[partner.postback.dialect].shape(request.shape)
    sent = fields(request, partner.postback.json_field or shape.json_field)
    if isinstance(sent, Refusal):
        return sent
    profile = partner.postback
    reader = _Reader(partner, shape, sent, dict(profile.mapping), dict(profile.defaults), amounts_of(profile, shape))
    try:
        return reader.report()
    except _RefusedError as refused:
        order_id = (reader.text("order_id") or "")[:_MAX_ORDER_ID]
        return Refusal(refused.code, refused.sentence, order_id, (reader.text("click_id") or "")[:_MAX_ORDER_ID])


def parameters(partner: Partner) -> frozenset[str]:
    """Every parameter that is read of the partner's messages."""
    return _parameters(partner.postback.dialect, partner.postback.mapping)


@lru_cache(maxsize=10_000)
def _parameters(dialect: str, mapping: tuple[tuple[str, tuple[str, ...]], ...]) -> frozenset[str]:
    """There are as many as partners.yaml has partners."""
    named = {name for _, names in mapping for name in names}
    return frozenset(named).union(*(shape.parameters for shape in DIALECTS[dialect].shapes))


def amounts_of(profile: PostbackProfile, shape: Shape) -> Amounts:
    """What partners.yaml states wins over what the network's own documents say."""
    if shape.amounts is None:
        return profile.amounts
    return replace(shape.amounts, **{name: getattr(profile.amounts, name) for name in profile.stated})


@dataclass(frozen=True, slots=True)
class _Reader:
    partner: Partner
    shape: Shape
    sent: Mapping[str, str]
    mapped: Mapping[str, tuple[str, ...]]
    defaults: Mapping[str, str]
    amounts: Amounts

    def report(self) -> Report:
        self._refuse_what_is_no_order()
        said = self._status()
        goods, sums = self._sums()
        basket = tuple(self._basket(goods))
        return Report(
            order_id=self._order_id(),
            line_id=self._line_id(),
            line_count=self._count("line_count"),
            event_id=self.text("event_id"),
            click_id=self.text("click_id"),
            status=said.status if said else None,
            status_as_sent=self.text("status"),
            hold=self._truth("hold") if self.text("hold") else (said.hold if said else None),
            settled=self._truth("settled") if self.text("settled") else (said.settled if said else None),
            goods=None if basket else goods,
            commission=self._sum("commission"),
            currency=self._currency(),
            currency_if_new=self._currency_if_new() if goods is not None or basket else None,
            tariff=self.text("tariff"),
            promo_code=self.text("promo_code"),
            origin=self._origin(),
            order_time=self._time("order_time"),
            event_time=self._time("event_time"),
            sums_as_sent=sums,
            basket=basket,
        )

    def names(self, field: str) -> tuple[str, ...]:
        """The sender's names for a field: `map:` of the partner, else the dialect's."""
        return self.mapped.get(field) or self.shape.fields.get(field, ())

    def parameter(self, field: str) -> str:
        """The one of them that is there."""
        names = self.names(field)
        if len(names) == 1:
            return names[0]
        return next((name for name in names if self.sent.get(name, "").strip()), names[0] if names else field)

    def stated(self, field: str) -> str | None:
        """What the message says of a field; an empty value and a macro that was not filled in say nothing."""
        value = self.sent.get(self.parameter(field), "").strip() if self.names(field) else ""
        return value if value and not values.is_macro(value) else None

    def text(self, field: str) -> str | None:
        """The same, or what a message of this kind, or of this partner, means that does not say it."""
        return self.stated(field) or self.shape.implied.get(field) or self.defaults.get(field)

    def _refuse_what_is_no_order(self) -> None:
        if not any(value.strip() for value in self.sent.values()):
            raise _RefusedError(MessageCode.EMPTY, "The message has no parameters.")
        events = self.shape.events & self.sent.keys()
        if events and self.text("order_id") is None:
            raise _RefusedError(MessageCode.EMPTY, f"The message is about {', '.join(sorted(events))}, not an order.")
        if values.truth(self.sent.get("test", "").strip()):
            raise _RefusedError(MessageCode.TEST, "The message is a test.")
        for field in ("click_id", "order_id"):
            name = self.parameter(field)
            if values.is_macro(self.sent.get(name, "")):
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

    def _line_id(self) -> str:
        line_id = self.text("line_id") or ""
        if self.shape.corrections and not line_id:
            # Two equal rows that take away could not be told from one that came twice.
            raise _RefusedError(
                MessageCode.ORDER_MISSING, f"{self.parameter('line_id')} is missing: each row needs its own."
            )
        # The lines of a partner who says so are each sent with the sum of them all.
        stated_total = "is_" in self.partner.postback.stated and self.amounts.is_ is AmountIs.ORDER_TOTAL
        return "" if stated_total and not self.shape.corrections else line_id

    def _status(self) -> Said | None:
        """None for a word that nobody explained: it never approves."""
        word = (self.text("status") or "").lower()
        own = _own_words(self.partner.postback.statuses)
        if word in own:
            return own[word]
        for name, said in self.shape.listed.items():
            if word and word in [one.strip().lower() for one in self.sent.get(name, "").split(",")]:
                return said
        return self.shape.statuses.get(word) or (None if self.stated("status") else _OUR_WORDS.get(word))

    def _sums(self) -> tuple[Decimal | None, tuple[tuple[str, str], ...]]:
        """What was paid for goods, without delivery; and the sums as they were sent."""
        names = [self.parameter(field) for field in ("amount", "delivery", "commission")]
        as_sent = tuple((name, self.sent[name]) for name in names if name in self.sent)
        goods = self._sum("amount")
        delivery = self._sum("delivery")
        if goods is None:
            return None, as_sent
        if self._is_delivery(self.text("product")):
            return Decimal(0), as_sent
        if self.amounts.is_ is AmountIs.UNIT_PRICE:
            goods = CONTEXT.multiply(goods, Decimal(self._count("quantity") or 1))
        if self.amounts.include_delivery:
            if delivery is None:
                name = self.parameter("delivery")
                raise _RefusedError(
                    MessageCode.DELIVERY_MISSING,
                    f"The sums include delivery, but {name} is missing; send 0 if free.",
                )
            goods = CONTEXT.subtract(goods, delivery)
        if goods < 0 and not self.shape.corrections:
            raise _RefusedError(MessageCode.AMOUNT_BAD, f"{self.parameter('amount')} is less than the delivery in it.")
        return goods, as_sent

    def _is_delivery(self, product: str | None) -> bool:
        return product is not None and product.lower() in {one.lower() for one in self.amounts.delivery_lines}

    def _basket(self, total: Decimal | None) -> Iterator[BasketLine]:
        """The lines of a message that has them all, if they make up its total: else only the total is sure."""
        items = self.shape.items
        if items is None:
            return
        numbers = {name.removeprefix(f"{items.path}.").partition(".")[0] for name in self.sent}
        lines = [self._item(items, number) for number in range(_MOST_ITEMS) if str(number) in numbers]
        goods = Decimal(0)
        for line in lines:
            goods = CONTEXT.add(goods, line.goods or Decimal(0))
        if total is None or total == goods:
            yield from lines

    def _item(self, items: Items, number: int) -> BasketLine:
        prefix = f"{items.path}.{number}."

        def said(names: tuple[str, ...]) -> str | None:
            return next((text for name in names if (text := self.sent.get(prefix + name, "").strip())), None)

        product = said(items.line_id)
        text = said(items.amount)
        goods = values.sum_of_money(text, self.amounts) if text else None
        if goods is None or self._too_fine(goods):
            raise _RefusedError(
                MessageCode.AMOUNT_BAD, f"{prefix}{items.amount[0]}={(text or '')[:40]!r} is not a sum of money."
            )
        if items.unit_price:
            quantity = values.count(said(items.quantity) or "1")
            if quantity is None:
                raise _RefusedError(MessageCode.AMOUNT_BAD, f"{prefix}{items.quantity[0]} is not a count.")
            goods = CONTEXT.multiply(goods, Decimal(quantity))
        if self._is_delivery(product):
            goods = Decimal(0)
        return BasketLine(line_id=f"{number + 1}:{product or ''}", goods=goods, tariff=said(items.tariff))

    def _sum(self, field: str) -> Decimal | None:
        text = self.text(field)
        if text is None:
            return None
        found = values.sum_of_money(text, self.amounts, negative=self.shape.corrections)
        if found is None or self._too_fine(found):
            name = self.parameter(field)
            raise _RefusedError(MessageCode.AMOUNT_BAD, f"{name}={text[:40]!r} is not a sum of money.")
        return found

    def _too_fine(self, found: Decimal) -> bool:
        stated = self.stated("currency")
        found_in = currency_code(stated) if stated else self._usual_currency()
        return found_in == RUBLES and values.decimals(found) > 2

    def _currency(self) -> str | None:
        """The one that the message states itself; unstated, it stays what it was."""
        stated = self.stated("currency")
        return self._listed(currency_code(stated)) if stated else None

    def _usual_currency(self) -> str | None:
        return currencies.usual(self.partner, self.text("currency"))

    def _currency_if_new(self) -> str | None:
        """What a sum that states no currency is in, where its order has none yet."""
        return None if self.stated("currency") else self._listed(self._usual_currency())

    def _listed(self, code: str | None) -> str | None:
        if problem := currencies.problem(self.partner, code, self.parameter("currency")):
            raise _RefusedError(MessageCode.CURRENCY_NOT_LISTED, problem)
        return code

    def _count(self, field: str) -> int | None:
        text = self.text(field)
        if text is None:
            return None
        found = values.count(text)
        if found is None:
            raise _RefusedError(MessageCode.AMOUNT_BAD, f"{self.parameter(field)}={text[:40]!r} is not a count.")
        return found

    def _truth(self, field: str) -> bool | None:
        text = self.text(field) or ""
        return self.shape.truths.get(text.lower(), values.truth(text))

    def _origin(self) -> Origin | None:
        word = (self.text("origin") or "").lower()
        return self.shape.origins.get(word) or next((origin for origin in Origin if origin == word), None)

    def _time(self, field: str) -> datetime | None:
        text = self.text(field)
        if text is None or values.is_day(text):
            return None
        found = values.moment(text, self.partner.postback.timezone or self.shape.timezone)
        if found is None:
            raise _RefusedError(
                MessageCode.TIME_BAD,
                f"{self.parameter(field)}={text[:40]!r}: send Unix seconds, or ISO 8601 with an offset like +03:00.",
            )
        return found


def _own_words(statuses: tuple[tuple[str, str], ...]) -> dict[str, Said]:
    """`{"4": "pending+hold", "1": approved}`: where one word holds, the others end the hold."""
    holds = any("+hold" in ours for _, ours in statuses)
    return {
        theirs.lower(): Said(
            Status(ours.partition("+")[0]),
            hold="+hold" in ours if holds else None,
            settled=True if "+settled" in ours else None,
        )
        for theirs, ours in statuses
    }
