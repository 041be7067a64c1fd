"""What one message says of money: its sums, their currency, and the lines of a basket (postbacks.md 6.2, 6.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tracker.core.money import CONTEXT
from tracker.core.partner import AmountIs, Amounts
from tracker.core.rates import RUBLES, currency_code
from tracker.core.reasons import MessageCode
from tracker.core.report import BasketLine
from tracker.postback import currencies, values
from tracker.postback.dialects.dialect import Items
from tracker.postback.words import RefusedError, Words

_MOST_ITEMS = 200


@dataclass(frozen=True, slots=True)
class Sums:
    words: Words
    amounts: Amounts

    def goods(self) -> tuple[Decimal | None, tuple[tuple[str, str], ...]]:
        """What was paid for goods, without delivery; and the sums as they were sent."""
        names = [self.words.parameter(field) for field in ("amount", "delivery", "commission")]
        as_sent = tuple((name, self.words.sent[name]) for name in names if name in self.words.sent)
        goods = self.sum("amount")
        delivery = self.sum("delivery")
        if goods is None:
            return None, as_sent
        if self._is_delivery(self.words.text("product")):
            return Decimal(0), as_sent
        if self.amounts.is_ is AmountIs.UNIT_PRICE:
            goods = CONTEXT.multiply(goods, Decimal(self.words.count("quantity") or 1))
        if self.amounts.include_delivery:
            if delivery is None:
                name = self.words.parameter("delivery")
                raise RefusedError(
                    MessageCode.DELIVERY_MISSING,
                    f"The sums include delivery, but {name} is missing; send 0 if free.",
                )
            goods = CONTEXT.subtract(goods, delivery)
        if goods < 0 and not self.words.shape.corrections:
            raise RefusedError(
                MessageCode.AMOUNT_BAD, f"{self.words.parameter('amount')} is less than the delivery in it."
            )
        return goods, as_sent

    def _is_delivery(self, product: str | None) -> bool:
        return product is not None and product.lower() in {one.lower() for one in self.amounts.delivery_lines}

    def basket(self, total: Decimal | None) -> Iterator[BasketLine]:
        """The lines of a message that has them all, if they make up its total: else only the total is sure."""
        items = self.words.shape.items
        if items is None:
            return
        numbers = {name.removeprefix(f"{items.path}.").partition(".")[0] for name in self.words.sent}
        lines = [self._item(items, number) for number in range(_MOST_ITEMS) if str(number) in numbers]
        goods = Decimal(0)
        for line in lines:
            goods = CONTEXT.add(goods, line.goods or Decimal(0))
        if total is None or total == goods:
            yield from lines

    def _item(self, items: Items, number: int) -> BasketLine:
        prefix = f"{items.path}.{number}."

        def said(names: tuple[str, ...]) -> str | None:
            return next((text for name in names if (text := self.words.sent.get(prefix + name, "").strip())), None)

        product = said(items.line_id)
        text = said(items.amount)
        goods = values.sum_of_money(text, self.amounts) if text else None
        if goods is None or self._too_fine(goods):
            raise RefusedError(
                MessageCode.AMOUNT_BAD, f"{prefix}{items.amount[0]}={(text or '')[:40]!r} is not a sum of money."
            )
        if items.unit_price:
            quantity = values.count(said(items.quantity) or "1")
            if quantity is None:
                raise RefusedError(MessageCode.AMOUNT_BAD, f"{prefix}{items.quantity[0]} is not a count.")
            goods = CONTEXT.multiply(goods, Decimal(quantity))
        if self._is_delivery(product):
            goods = Decimal(0)
        return BasketLine(line_id=f"{number + 1}:{product or ''}", goods=goods, tariff=said(items.tariff))

    def sum(self, field: str) -> Decimal | None:
        text = self.words.text(field)
        if text is None:
            return None
        found = values.sum_of_money(text, self.amounts, negative=self.words.shape.corrections)
        if found is None or self._too_fine(found):
            name = self.words.parameter(field)
            raise RefusedError(MessageCode.AMOUNT_BAD, f"{name}={text[:40]!r} is not a sum of money.")
        return found

    def _too_fine(self, found: Decimal) -> bool:
        stated = self.words.stated("currency")
        found_in = currency_code(stated) if stated else self._usual_currency()
        return found_in == RUBLES and values.decimals(found) > 2

    def currency(self) -> str | None:
        """The one that the message states itself; unstated, it stays what it was."""
        stated = self.words.stated("currency")
        return self._listed(currency_code(stated)) if stated else None

    def _usual_currency(self) -> str | None:
        return currencies.usual(self.words.partner, self.words.text("currency"))

    def currency_if_new(self) -> str | None:
        """What a sum that states no currency is in, where its order has none yet."""
        return None if self.words.stated("currency") else self._listed(self._usual_currency())

    def _listed(self, code: str | None) -> str | None:
        if problem := currencies.problem(self.words.partner, code, self.words.parameter("currency")):
            raise RefusedError(MessageCode.CURRENCY_NOT_LISTED, problem)
        return code
