"""The shops' books: orders and what was reported of each, in the memory of this process."""

from collections import OrderedDict
from dataclasses import dataclass, replace

from tracker.core.partner import Partner
from tracker.demo.messages import messages, news
from tracker.demo.order import Act, Order, after, possible
from tracker.demo.report import Clock, Reporter, Sent
from tracker.demo.wording import Message

_MOST_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    order: Order
    sent: tuple[Sent, ...] = ()  # oldest first


class Orders:
    """Of all shops. Every change is reported at once."""

    def __init__(self, reporter: Reporter, now: Clock) -> None:
        self._reporter = reporter
        self._now = now
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()

    def find(self, partner: Partner, order_id: str) -> Kept | None:
        return self._kept.get((partner.id, order_id))

    def of(self, partner: Partner) -> list[Order]:
        """Newest first."""
        return [kept.order for (shop, _), kept in reversed(self._kept.items()) if shop == partner.id]

    async def place(self, partner: Partner, order: Order) -> None:
        self._kept[partner.id, order.id] = Kept(order)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        await self._report(partner, order, messages(partner, order))

    async def decide(self, partner: Partner, order: Order, act: Act) -> None:
        """Nothing happens if the order is past that, as after a second click on a button."""
        if act not in possible(order, partner):
            return
        changed = after(order, act, self._now())
        self._kept[partner.id, order.id] = replace(self._kept[partner.id, order.id], order=changed)
        said = messages(partner, order) if act is Act.REPEAT else news(partner, order, changed)
        await self._report(partner, order, said)

    async def _report(self, partner: Partner, order: Order, said: list[Message]) -> None:
        for message in said:
            sent = await self._reporter.send(partner, message)
            kept = self.find(partner, order.id)
            if kept is not None:
                self._kept[partner.id, order.id] = replace(kept, sent=(*kept.sent, sent))
