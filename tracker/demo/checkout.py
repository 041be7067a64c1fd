"""From a basket, or an application form, to an order. Pure: the moment and the numbers are arguments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tracker.core.partner import Origin, Partner, Terms
from tracker.core.terms import terms_at
from tracker.demo.goods import RUBLE, currency_of, goods_of
from tracker.demo.order import Landing, Line, Order, reports_by_line

DELIVERIES: Mapping[str, int] = {"courier": 300, "pick_up": 0}


@dataclass(frozen=True, slots=True)
class Choices:
    """What the buyer chose. An unknown word falls back to the first choice."""

    delivery: str = ""
    origin: str = ""
    tariff: str = ""


def take_order(
    partner: Partner, basket: Mapping[str, int], choices: Choices, landing: Landing | None, now: datetime, number: int
) -> Order:
    """`number` makes the order's id, and the network's, unlike those before this process was started."""
    terms = terms_at(partner.terms, now)
    application = takes_applications(terms)
    return Order(
        id=f"{partner.id[:3].upper()}-{number}",
        payment_id=number,
        landing=landing,
        ordered_at=now,
        lines=() if application else _lines(partner, basket, terms),
        currency=currency_of(partner),
        delivery=Decimal(0) if application else delivery_price(choices.delivery, currency_of(partner)),
        origin=next((origin for origin in Origin if origin == choices.origin), Origin.WEB),
        tariff=_tariff_of_order(partner, terms, choices.tariff),
    )


def takes_applications(terms: Terms | None) -> bool:
    """A target action: a fixed sum for it, whatever it costs."""
    return terms is not None and terms.reward is not None and terms.reward.fixed is not None


def delivery_price(delivery: str, currency: str) -> Decimal:
    """In rubles as it is; elsewhere a hundredth of it, in whole dollars."""
    rubles = DELIVERIES.get(delivery, next(iter(DELIVERIES.values())))
    return Decimal(rubles) if currency == RUBLE else Decimal(rubles) / 100


def tariff_choices(partner: Partner, terms: Terms | None) -> list[str]:
    """For the order as a whole; where each line has a sum of its own, each product has a tariff of its own."""
    return [] if reports_by_line(partner) or terms is None else [name for name, _ in terms.tariffs]


def tariff_of(partner: Partner, product_id: str, terms: Terms | None) -> str | None:
    """Each product's tariff, in turns; None where tariffs are of the order as a whole."""
    if terms is None or not terms.tariffs or not reports_by_line(partner):
        return None
    place = list(goods_of(partner)).index(product_id)
    return terms.tariffs[place % len(terms.tariffs)][0]


def _tariff_of_order(partner: Partner, terms: Terms | None, chosen: str) -> str | None:
    names = tariff_choices(partner, terms)
    return chosen if chosen in names else next(iter(names), None)


def _lines(partner: Partner, basket: Mapping[str, int], terms: Terms | None) -> tuple[Line, ...]:
    goods, currency = goods_of(partner), currency_of(partner)
    return tuple(
        Line(
            id=str(place),
            product=goods[product_id],
            price=goods[product_id].price(currency),
            bought=units,
            kept=units,
            tariff=tariff_of(partner, product_id, terms),
        )
        for place, (product_id, units) in enumerate(basket.items(), start=1)
    )
