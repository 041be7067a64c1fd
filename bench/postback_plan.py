"""The messages of one measurement, and what must have become of them: known before they are sent."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode

import asyncpg

from bench.partners import PERCENT
from bench.recorded_clicks import RecordedClick

APART = 600  # orders between the messages of one: more than are ever under way at once
RUBLES = 50  # the least that an order earns


class Message(NamedTuple):
    """`step` 0 is the new order, each later one states another sum. The same again is a duplicate."""

    order: int
    step: int = 0


def mixed(orders: int) -> list[Message]:
    """New orders, each once more byte for byte, each restated: one of each in turn, but at the beginning."""
    messages = []
    for order in range(orders):
        messages.append(Message(order))
        if order >= APART:
            messages.append(Message(order - APART))
        if order >= 2 * APART:
            messages.append(Message(order - 2 * APART, 1))
    return messages


def again(number: int) -> list[Message]:
    """New orders, then nothing but their duplicates."""
    return [Message(place % (2 * APART)) for place in range(number)]


def restated(number: int) -> list[Message]:
    """New orders, then each with another sum again and again."""
    return [Message(place % (4 * APART), place // (4 * APART)) for place in range(number)]


@dataclass(frozen=True, slots=True)
class Plan:
    name: str  # how its orders' ids begin: no other plan's do
    messages: Sequence[Message]
    clicks: Sequence[RecordedClick]
    addresses: Mapping[str, str]  # of the partners, without scheme and host
    now: int = field(default_factory=lambda: int(time.time()))

    def paths(self) -> list[str]:
        return [self._path(number, message) for number, message in enumerate(self.messages)]

    def _path(self, number: int, message: Message) -> str:
        click = self.clicks[message.order % len(self.clicks)]
        said = {
            "click_id": click.click_id,
            "order_id": self._order_id(message.order),
            "status": "approved" if message.step else "pending",
            "amount": f"{_earns(message) * 100 // PERCENT}.00",
            "currency": "RUB",
            "order_time": self.now,
            "event_time": self.now + message.step,
            "number": number,
        }
        return f"{self.addresses[click.partner_id]}?{urlencode(said)}"

    def _order_id(self, order: int) -> str:
        return f"{self.name}-{order}"

    async def check(self, postgres: "asyncpg.Connection[asyncpg.Record]", answered: int, open_end: int) -> None:
        """Whether what is kept is what was answered, and up to `open_end` more, whose answers nobody awaited; and
        whether it is decided right."""
        rows = await postgres.fetch("SELECT query, verdict FROM postbacks WHERE order_id LIKE $1", f"{self.name}-%")
        kept = {int(parse_qs(row["query"])["number"][0]): str(row["verdict"]) for row in rows}
        assert answered <= len(kept) == len(rows) <= answered + open_end, (answered, len(kept), len(rows))
        wrong = [
            (number, kept[number], verdict)
            for number, verdict in self._verdicts(kept).items()
            if kept[number] != verdict
        ]
        assert not wrong, f"{len(wrong)} verdicts are wrong: {wrong[:3]}"
        await self._check_orders(postgres, kept)

    def _verdicts(self, kept: Iterable[int]) -> dict[int, str]:
        seen: Counter[Message] = Counter()
        verdicts = {}
        for number in sorted(kept):
            message = self.messages[number]
            verdicts[number] = "duplicate" if seen[message] else "decided"
            seen[message] += 1
        return verdicts

    async def _check_orders(self, postgres: "asyncpg.Connection[asyncpg.Record]", kept: Iterable[int]) -> None:
        expected: dict[str, tuple[str, int]] = {}
        for message in sorted(self.messages[number] for number in kept):
            expected[self._order_id(message.order)] = ("approved" if message.step else "pending", _earns(message))
        rows = await postgres.fetch(
            "SELECT order_id, status, cashback FROM conversions WHERE order_id LIKE $1", f"{self.name}-%"
        )
        found = {row["order_id"]: (row["status"], row["cashback"]) for row in rows}
        assert found == expected, [one for one in expected.items() if found.get(one[0]) != one[1]][:3]


def _earns(message: Message) -> int:
    """Whole rubles."""
    return RUBLES + message.order % 100 + message.step
