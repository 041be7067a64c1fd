"""Which exchange rates an order needs: those of the day of its order, in the programme's zone (docs/rules.md, C-12)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tracker.core.fold import fold, own_messages, owner
from tracker.core.order import Message, Order
from tracker.core.partner import TermsVersion
from tracker.core.rates import DayRates, RateKey, is_foreign


def needed_rates(order: Order, terms: Mapping[str, TermsVersion]) -> frozenset[RateKey]:
    """Nothing while the order has no click: it is not paid then, and the terms name the time zone."""
    reports = [message.report for message in order.messages]
    currencies = {code for one in reports for code in (one.currency, one.currency_if_new) if is_foreign(code)}
    click = owner(order) if currencies else None
    if click is None:
        return frozenset()
    messages = own_messages(order, click)
    day = order_day(fold(messages).order_time, messages, terms[click.terms_version])
    return frozenset((currency, day) for currency in currencies if currency is not None)


def order_day(order_time: datetime | None, messages: Iterable[Message], terms: TermsVersion) -> date:
    """Of the order time that is stated; where the partner states none, of the earliest message."""
    at = order_time or min(message.at for message in messages)
    return at.astimezone(ZoneInfo(terms.timezone)).date()


def day_rates(order: Order, day: date) -> DayRates:
    return {rate.currency: rate for rate in order.rates if rate.day == day}
