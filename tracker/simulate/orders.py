"""From answered clicks to the messages about their orders."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

from tracker.simulate.clicks import PlannedClick
from tracker.simulate.looks import LOOKS
from tracker.simulate.messages import Message, Stray, fields_of, stray
from tracker.simulate.outcome import Clicked, Said
from tracker.simulate.shop import Shop
from tracker.simulate.stories import Order, plan_orders

_ORDER_SHARE = 0.22
_STRAY_SHARE = 0.02
_POST_SHARE = 0.15

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_BITS_AT = 48  # the click's second stands above the shard and the random bits (design, section 5)


class Sending(NamedTuple):
    """An order and its messages, one for each of its arrivals."""

    order: Order
    messages: tuple[Message, ...]


def clicked(click: PlannedClick, click_id: str, shop: Shop, superseded_by: str = "") -> Clicked:
    """A recorded click, with the moment that its id states, and that of the click that started over."""
    second = second_of(click_id)
    return Clicked(
        click_id,
        second,
        click.shopper,
        click.phone,
        shop.deal_at(second),
        refusals=frozenset(LOOKS[click.look].loses),
        superseded_at=second_of(superseded_by) if superseded_by else None,
    )


def second_of(click_id: str) -> int:
    """A click id names its second: 16 characters of 5 bits behind the version."""
    number = 0
    for character in click_id[1:17]:
        number = number << 5 | _ALPHABET.index(character)
    return number >> _TIME_BITS_AT


class Planner:
    """What partners will send. Each click's orders depend on the seed and its number alone."""

    def __init__(self, seed: int, run: str, shops: Mapping[str, Shop]) -> None:
        self._seed = seed
        self._run = run
        self._shops = shops
        self._named = 0
        self._last_at: dict[str, Clicked] = {}  # the last click at each partner

    def sendings(self, click: PlannedClick, made: Clicked) -> Iterator[Sending]:
        """The orders of one click."""
        random = Random(f"{self._seed}/orders/{click.number}")  # noqa: S311 - it must be repeatable
        shop = self._shops[click.partner_id]
        others = dict(self._last_at)
        self._last_at[shop.id] = made
        if random.random() >= _ORDER_SHARE:
            return
        for order in plan_orders(random, shop, made, others, f"{self._run}-{click.number}"):
            yield Sending(order, tuple(self._messages(random, shop, order)))

    def stray(self, click: PlannedClick, made: Clicked) -> Stray | None:
        random = Random(f"{self._seed}/strays/{click.number}")  # noqa: S311
        shop = self._shops[click.partner_id]
        if random.random() >= _STRAY_SHARE or shop.dialect != "admitad" or shop.currencies[0] != "RUB":
            return None
        said = Said(at=made.at + 60, line=str(click.number), word="approved", click_as_sent=made.click_id)
        return stray(random, shop, said, f"{self._run}-stray-{click.number}", self._name())

    def _messages(self, random: Random, shop: Shop, order: Order) -> Iterator[Message]:
        """A repetition is the same request again, byte for byte."""
        written: dict[Said, Message] = {}
        for said in order.arrivals:
            text = said if said.at_stated else said._replace(at=0)
            if text not in written:
                method = "POST" if random.random() < _POST_SHARE else "GET"
                fields = tuple(fields_of(shop, order.order_id, said).items())
                written[text] = Message(shop.id, self._name(), method, fields)
            yield written[text]

    def _name(self) -> str:
        self._named += 1
        return f"{self._run}-{self._named}"
