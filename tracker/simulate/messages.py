"""What partners send, in their own words: Admitad's simple mode (postbacks.md 3.1.1), and what partners.yaml says of a
generic one."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tracker.simulate.outcome import Said
from tracker.simulate.shop import Shop

# Ours beside the partner's: it tells our messages apart, and no dialect reads it.
NAME = "simulated"

_ADMITAD_WORDS = {"new": "new", "held": "pending", "approved": "approved", "paid": "approved", "declined": "declined"}
_DELIVERY = Decimal("199.00")


class Message(NamedTuple):
    """One request. `fields` go into the query or, with POST, the body."""

    partner_id: str
    name: str
    method: str
    fields: tuple[tuple[str, str], ...]
    secret_is_right: bool = True
    has_name: bool = True

    @property
    def query(self) -> str:
        name = ((NAME, self.name),) if self.has_name else ()
        return urlencode(name if self.method == "POST" else (*name, *self.fields))

    @property
    def body(self) -> str:
        return urlencode(self.fields) if self.method == "POST" else ""


class Stray(NamedTuple):
    """A message about no order, with what must become of it."""

    message: Message
    status: int
    verdict: str  # empty: it is not kept


def fields_of(shop: Shop, order_id: str, said: Said) -> dict[str, str]:
    """The parameters, of which the empty ones are sent as well."""
    return _admitad(order_id, said) if shop.dialect == "admitad" else _generic(shop, order_id, said)


def _admitad(order_id: str, said: Said) -> dict[str, str]:
    fields = {
        "offer_id": "6115",
        "offer_name": "Shop",
        "admitad_id": said.line,
        "website_id": "22",
        "subid": "",
        "subid1": "",
        "subid4": said.click_as_sent or "",
        "action": "Paid order",
        "payment_status": _ADMITAD_WORDS.get(said.word, "processing"),
        "order_id": order_id,
        "type": "sale",
        "country_code": "RU",
        "reward_ready": "true" if said.settled else "false",
    }
    return fields | _stated({
        "order_sum": said.goods,
        "payment_sum": said.commission,
        "currency": said.currency,
        "action_id": said.tariff,
        "time": said.ordered_at,
        "event_time": said.at if said.at_stated else None,
        "origin": said.origin,
    })  # fmt: skip


def _generic(shop: Shop, order_id: str, said: Said) -> dict[str, str]:
    amounts = shop.speech.get("amounts", {})
    words = {ours: theirs for theirs, ours in shop.speech.get("statuses", {}).items()}
    fields = _stated({
        "order_id": order_id,
        "line_id": said.line or None,
        "event_id": said.event,
        "click_id": said.click_as_sent,
        "status": words.get(said.status, said.status) if said.status else "processing",
        "hold": None if said.hold is None else str(said.hold).lower(),
        "settled": str(bool(said.settled)).lower(),
        "amount": _sum(said.goods, amounts, with_delivery=True),
        "delivery": _sum(_DELIVERY, amounts) if amounts.get("include_delivery") and said.goods is not None else None,
        "quantity": "1" if amounts.get("is") == "unit_price" else None,
        "commission": _sum(said.commission, amounts),
        "currency": None if said.currency == "RUB" else said.currency,
        "tariff": said.tariff,
        "origin": said.origin,
        "order_time": _time(said.ordered_at, shop),
        "event_time": _time(said.at, shop) if said.at_stated else None,
    })  # fmt: skip
    names = shop.speech.get("map", {})
    return {names.get(name, name): value for name, value in fields.items()}


def _sum(rubles: Decimal | None, amounts: Mapping[str, object], *, with_delivery: bool = False) -> str | None:
    if rubles is None:
        return None
    if with_delivery and amounts.get("include_delivery"):
        rubles += _DELIVERY
    if amounts.get("unit") == "minor":
        return str(int(rubles * 100))
    return f"{rubles:.2f}".replace(".", str(amounts.get("decimal", ".")))


def _time(second: int | None, shop: Shop) -> str | None:
    """Unix seconds; a partner with a zone sends its wall clock."""
    zone = shop.speech.get("timezone")
    if second is None or zone is None:
        return None if second is None else str(second)
    return datetime.fromtimestamp(second, ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")


def _stated(fields: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items() if value is not None}


def stray(random: Random, shop: Shop, good: Said, order_id: str, name: str) -> Stray:
    """A message about no order, or one that proves nothing; of a partner that speaks Admitad and sells in rubles."""
    fields = _admitad(order_id, good._replace(goods=Decimal("1000.00"), currency="RUB"))
    changed, status, verdict = random.choice(_STRAYS)
    sent = tuple({name: value for name, value in (fields | changed).items() if value != _LEFT_OUT}.items())
    message = Message(shop.id, name, random.choice(("GET", "GET", "GET", "POST")), sent)
    if verdict == "unparseable":
        message = message._replace(fields=(*sent, ("order_sum", "999.00")))
    if verdict == "empty" and not changed:
        message = message._replace(fields=(), has_name=False)
    return Stray(message._replace(secret_is_right=status != 404), status, verdict)


_LEFT_OUT = "\0"
_STRAYS: tuple[tuple[dict[str, str], int, str], ...] = (
    ({"order_id": _LEFT_OUT}, 422, "order_missing"),
    ({"order_id": " "}, 422, "order_missing"),
    ({"order_id": "9" * 256}, 422, "order_missing"),
    ({"order_sum": "1,234"}, 422, "amount_bad"),
    ({"order_sum": "1e3"}, 422, "amount_bad"),
    ({"order_sum": "-5.00"}, 422, "amount_bad"),
    ({"order_sum": "10.001"}, 422, "amount_bad"),
    ({"currency": "EUR"}, 422, "currency_not_listed"),
    ({"time": "2026-11-24 12:00:00"}, 422, "time_bad"),
    ({"order_id": "[[[order_id]]]"}, 200, "macro"),
    ({"subid4": "[[[subid4]]]"}, 200, "macro"),
    ({"subid4": "{subacc4}"}, 200, "macro"),
    ({"test": "1"}, 200, "test"),
    ({"order_id": _LEFT_OUT, "offer_status": "disabled"}, 200, "empty"),
    ({}, 200, "empty"),
    ({}, 400, "unparseable"),
    ({}, 404, ""),
)
